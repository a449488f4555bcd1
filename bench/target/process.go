// Package target builds and runs the servers that a benchmark measures, each as
// a process of its own that dies with the benchmark.
package target

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"regexp"
	"strings"
	"sync"
	"syscall"
	"time"
)

// readyTimeout bounds how long a server may take to say that it is ready.
const readyTimeout = 10 * time.Second

// Process is a running server. Whoever starts it calls Stop.
type Process struct {
	Name string
	Pid  int

	cmd   *exec.Cmd
	ended chan struct{} // closed when the process has been waited for
	exit  Exit
	out   tail

	scratch string
}

// Exit is how a process ended.
type Exit struct {
	Code int       // -1 when a signal ended it
	At   time.Time // when it was noticed
}

// StartProcess runs path and waits for a line of its stdout that matches ready.
// It returns that line's submatches.
func StartProcess(ctx context.Context, name, path string, args []string, ready *regexp.Regexp) (*Process, []string, error) {
	return startProcess(ctx, launched{name: name, path: path, args: args, orphan: syscall.SIGKILL}, ready)
}

// launched is how a process is run.
type launched struct {
	name, path string
	args       []string
	orphan     syscall.Signal // what the kernel sends it when we die
	scratch    string         // a folder that is removed when it has ended; "" is none
}

func startProcess(ctx context.Context, l launched, ready *regexp.Regexp) (*Process, []string, error) {
	matches := make(chan []string, 1)
	p, err := launch(l, func(line string) {
		if m := ready.FindStringSubmatch(line); m != nil {
			select {
			case matches <- m:
			default: // only the first counts
			}
		}
	})
	if err != nil {
		return nil, nil, err
	}
	m, err := await(ctx, p, matches)
	return p, m, err
}

// StartListener runs path, which says nothing when it is ready, and waits until
// connections to addr, host:port, are accepted.
func StartListener(ctx context.Context, name, path string, args []string, addr string) (*Process, error) {
	return startListener(ctx, launched{name: name, path: path, args: args, orphan: syscall.SIGKILL}, addr)
}

func startListener(ctx context.Context, l launched, addr string) (*Process, error) {
	p, err := launch(l, func(string) {})
	if err != nil {
		return nil, err
	}
	probing, stop := context.WithCancel(ctx)
	defer stop()
	listens := make(chan struct{}, 1)
	go func() {
		for probing.Err() == nil {
			if c, err := new(net.Dialer).DialContext(probing, "tcp", addr); err == nil {
				c.Close()
				listens <- struct{}{}
				return
			}
			select {
			case <-time.After(5 * time.Millisecond):
			case <-probing.Done():
			}
		}
	}()
	_, err = await(ctx, p, listens)
	return p, err
}

// launch runs a program; each line of its stdout is given to said.
func launch(l launched, said func(line string)) (*Process, error) {
	p := &Process{Name: l.name, cmd: exec.Command(l.path, l.args...), ended: make(chan struct{}), scratch: l.scratch}
	// In a process group of its own, so that Ctrl-C reaches us first and we stop it
	// in order; ended by the kernel if we die without having done so.
	p.cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Pdeathsig: l.orphan}
	p.cmd.Stderr = &p.out
	stdout, err := p.cmd.StdoutPipe()
	if err != nil {
		return nil, fmt.Errorf("cannot start %q: %w", l.name, err)
	}
	if err := p.cmd.Start(); err != nil {
		return nil, fmt.Errorf("cannot start %q: %w", l.name, err)
	}
	p.Pid = p.cmd.Process.Pid
	go p.watch(stdout, said)
	return p, nil
}

// await returns what comes from ready; if p ends before or nothing comes in time, it ends p.
func await[T any](ctx context.Context, p *Process, ready <-chan T) (got T, err error) {
	timeout := time.NewTimer(readyTimeout)
	defer timeout.Stop()
	select {
	case got = <-ready:
		return got, nil
	case <-p.ended:
		err = fmt.Errorf("it exited with code %d", p.exit.Code)
	case <-ctx.Done():
		err = ctx.Err()
	case <-timeout.C:
		err = fmt.Errorf("it was not ready after %v", readyTimeout)
	}
	p.Kill()
	return got, fmt.Errorf("cannot start %q: %w; it said:\n%s", p.Name, err, p.Output())
}

// watch reads stdout to its end, then waits for the process.
func (p *Process) watch(stdout io.Reader, said func(line string)) {
	lines := bufio.NewScanner(stdout)
	for lines.Scan() {
		said(lines.Text())
		fmt.Fprintln(&p.out, lines.Text())
	}
	p.cmd.Wait()
	p.exit = Exit{Code: p.cmd.ProcessState.ExitCode(), At: time.Now()}
	if p.scratch != "" {
		os.RemoveAll(p.scratch) // what its children still hold open goes with them
	}
	close(p.ended)
}

// Terminate sends SIGTERM.
func (p *Process) Terminate() error {
	if err := p.cmd.Process.Signal(syscall.SIGTERM); err != nil {
		return fmt.Errorf("cannot terminate %q: %w", p.Name, err)
	}
	return nil
}

// Kill ends the process and all it has started at once, and waits for it.
func (p *Process) Kill() {
	syscall.Kill(-p.Pid, syscall.SIGKILL) // fails only when all have ended already
	<-p.ended
}

// Wait waits until the process has ended.
func (p *Process) Wait(ctx context.Context) (Exit, error) {
	select {
	case <-p.ended:
		return p.exit, nil
	case <-ctx.Done():
		return Exit{}, fmt.Errorf("cannot wait for %q to end: %w", p.Name, ctx.Err())
	}
}

// Stop sends SIGTERM and waits; after grace it kills.
func (p *Process) Stop(grace time.Duration) Exit {
	ctx, cancel := context.WithTimeout(context.Background(), grace)
	defer cancel()
	p.Terminate() // fails only when it has ended already
	p.Wait(ctx)   // Kill ends what is left after grace, and what the process has started
	p.Kill()
	return p.exit
}

// Output returns the last few kilobytes that the process wrote to stdout and stderr.
func (p *Process) Output() string { return p.out.String() }

// tailBytesMax bounds what tail keeps.
const tailBytesMax = 8 << 10

// tail is a writer that keeps the end of what is written.
type tail struct {
	mu struct {
		sync.Mutex
		text []byte
	}
}

func (t *tail) Write(b []byte) (int, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.mu.text = append(t.mu.text, b...)
	if over := len(t.mu.text) - tailBytesMax; over > 0 {
		t.mu.text = append(t.mu.text[:0], t.mu.text[over:]...)
	}
	return len(b), nil
}

func (t *tail) String() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	return strings.TrimSpace(string(t.mu.text))
}
