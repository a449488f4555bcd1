package worker

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"sync"
	"syscall"
	"time"
)

// child is a worker process, from its parent's side.
type child struct {
	cmd *exec.Cmd
	in  io.WriteCloser

	mu struct {
		sync.Mutex
		out *json.Decoder
	}
}

func startChild() (*child, error) {
	path, err := os.Executable()
	if err != nil {
		return nil, fmt.Errorf("cannot find this program: %w", err)
	}
	c := &child{cmd: exec.Command(path, argument)}
	// In a process group of its own, so that Ctrl-C reaches the parent, which ends it;
	// killed by the kernel if that dies without having done so.
	c.cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
	c.cmd.Env = append(os.Environ(), "GOMAXPROCS=1") // a swarm is one goroutine
	c.cmd.Stderr = os.Stderr
	if c.in, err = c.cmd.StdinPipe(); err != nil {
		return nil, fmt.Errorf("cannot start a worker: %w", err)
	}
	out, err := c.cmd.StdoutPipe()
	if err != nil {
		return nil, fmt.Errorf("cannot start a worker: %w", err)
	}
	if err := c.cmd.Start(); err != nil {
		return nil, fmt.Errorf("cannot start a worker: %w", err)
	}
	c.mu.out = json.NewDecoder(bufio.NewReader(out))
	return c, nil
}

// ask sends an order and waits for its answer.
func (c *child) ask(o Order) (Answer, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	var a Answer
	line, err := json.Marshal(o)
	if err != nil {
		return a, fmt.Errorf("cannot encode order %q: %w", o.Do, err)
	}
	if _, err := c.in.Write(append(line, '\n')); err != nil {
		return a, fmt.Errorf("cannot send %q to worker %d: %w", o.Do, c.cmd.Process.Pid, err)
	}
	if err := c.mu.out.Decode(&a); err != nil {
		return a, fmt.Errorf("cannot read the answer of worker %d to %q: %w", c.cmd.Process.Pid, o.Do, err)
	}
	if a.Error != "" {
		return a, errors.New(a.Error)
	}
	return a, nil
}

// stopGrace is how long a worker may take to close its connections.
const stopGrace = 20 * time.Second

// stop ends the worker and waits for it.
func (c *child) stop() {
	c.in.Close() // the worker sees the end of its orders, even while it carries one out
	kill := time.AfterFunc(stopGrace, func() { c.cmd.Process.Kill() })
	defer kill.Stop()
	c.cmd.Wait()
}
