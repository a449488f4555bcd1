package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
	"sync"
	"syscall"
	"time"
)

const (
	readyWithin  = 20 * time.Second
	stopWithin   = 5 * time.Second // until a process that was asked to end is killed
	saidBytesMax = 8 << 10         // kept of what each process says
)

// cast is the processes of the demo, in the order in which they began.
type cast struct {
	players []*player
	ended   chan *player // those that ended by themselves
}

// player is one process.
type player struct {
	name  string
	cmd   *exec.Cmd
	out   *tail
	ready chan string // the line that begins with "ready "
	done  chan struct{}
	err   error // once done
}

// start runs a program in a process group of its own, so that a Ctrl-C at the terminal
// reaches the demo alone, which then ends them in order.
func (c *cast) start(name, program string, args ...string) error {
	p := &player{name: name, cmd: exec.Command(program, args...), out: &tail{}, ready: make(chan string, 1), done: make(chan struct{})}
	p.cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
	p.cmd.Stderr = p.out
	stdout, err := p.cmd.StdoutPipe()
	if err != nil {
		return err
	}
	if err := p.cmd.Start(); err != nil {
		return fmt.Errorf("cannot start %s: %w", name, err)
	}
	c.players = append(c.players, p)
	go p.follow(stdout, c.ended)
	return nil
}

func (p *player) follow(stdout io.Reader, ended chan<- *player) {
	for lines := bufio.NewScanner(stdout); lines.Scan(); {
		if rest, ok := strings.CutPrefix(lines.Text(), "ready "); ok {
			select {
			case p.ready <- rest:
			default:
			}
		}
	}
	p.err = p.cmd.Wait()
	close(p.done)
	ended <- p
}

// addresses waits for the last process that was started to be ready, and returns what it
// says of itself.
func (c *cast) addresses(ctx context.Context) (map[string]string, error) {
	p := c.players[len(c.players)-1]
	select {
	case line := <-p.ready:
		found := map[string]string{}
		for _, field := range strings.Fields(line) {
			name, addr, _ := strings.Cut(field, "=")
			found[name] = addr
		}
		return found, nil
	case <-p.done:
		return nil, p.failure()
	case <-ctx.Done():
		return nil, ctx.Err()
	case <-time.After(readyWithin):
		return nil, fmt.Errorf("%s is not ready after %v\n%s", p.name, readyWithin, p.out)
	}
}

// failure says how a process ended that was not to.
func (p *player) failure() error {
	err := p.err
	if err == nil {
		err = errors.New("exit status 0")
	}
	return fmt.Errorf("%s has ended: %w\n%s", p.name, err, p.out)
}

// stop ends all processes, the last one first, and returns when they are gone.
func (c *cast) stop() {
	for i := len(c.players) - 1; i >= 0; i-- {
		p := c.players[i]
		_ = p.cmd.Process.Signal(os.Interrupt)
		select {
		case <-p.done:
			continue
		case <-time.After(stopWithin):
		}
		_ = syscall.Kill(-p.cmd.Process.Pid, syscall.SIGKILL)
		<-p.done
	}
}

// said is what all processes have said last.
func (c *cast) said() string {
	var b strings.Builder
	for _, p := range c.players {
		fmt.Fprintf(&b, "%s said:\n%s\n", p.name, p.out)
	}
	return b.String()
}

// tail keeps the end of what is written to it.
type tail struct {
	mu struct {
		sync.Mutex
		text []byte
	}
}

func (t *tail) Write(p []byte) (int, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.mu.text = append(t.mu.text, p...)
	if over := len(t.mu.text) - saidBytesMax; over > 0 {
		t.mu.text = append(t.mu.text[:0], t.mu.text[over:]...)
	}
	return len(p), nil
}

func (t *tail) String() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	return string(t.mu.text)
}
