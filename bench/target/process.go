// Package target builds and runs the servers that a benchmark measures, each as
// a process of its own that dies with the benchmark.
package target

import (
	"bufio"
	"context"
	"fmt"
	"io"
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
}

// Exit is how a process ended.
type Exit struct {
	Code int       // -1 when a signal ended it
	At   time.Time // when it was noticed
}

// StartProcess runs path and waits for a line of its stdout that matches ready.
// It returns that line's submatches.
func StartProcess(ctx context.Context, name, path string, args []string, ready *regexp.Regexp) (*Process, []string, error) {
	p := &Process{Name: name, cmd: exec.Command(path, args...), ended: make(chan struct{})}
	// In a process group of its own, so that Ctrl-C reaches us first and we stop it
	// in order; killed by the kernel if we die without having done so.
	p.cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
	p.cmd.Stderr = &p.out
	stdout, err := p.cmd.StdoutPipe()
	if err != nil {
		return nil, nil, fmt.Errorf("cannot start %q: %w", name, err)
	}
	if err := p.cmd.Start(); err != nil {
		return nil, nil, fmt.Errorf("cannot start %q: %w", name, err)
	}
	p.Pid = p.cmd.Process.Pid
	matches := make(chan []string, 1)
	go p.watch(stdout, ready, matches)
	timeout := time.NewTimer(readyTimeout)
	defer timeout.Stop()
	select {
	case m := <-matches:
		return p, m, nil
	case <-p.ended:
		err = fmt.Errorf("it exited with code %d", p.exit.Code)
	case <-ctx.Done():
		err = ctx.Err()
	case <-timeout.C:
		err = fmt.Errorf("it was not ready after %v", readyTimeout)
	}
	p.Kill()
	return nil, nil, fmt.Errorf("cannot start %q: %w; it said:\n%s", name, err, p.Output())
}

// watch reads stdout to its end, then waits for the process.
func (p *Process) watch(stdout io.Reader, ready *regexp.Regexp, matches chan<- []string) {
	lines := bufio.NewScanner(stdout)
	for lines.Scan() {
		if m := ready.FindStringSubmatch(lines.Text()); m != nil {
			select {
			case matches <- m:
			default: // only the first counts
			}
		}
		fmt.Fprintln(&p.out, lines.Text())
	}
	p.cmd.Wait()
	p.exit = Exit{Code: p.cmd.ProcessState.ExitCode(), At: time.Now()}
	close(p.ended)
}

// Terminate sends SIGTERM.
func (p *Process) Terminate() error {
	if err := p.cmd.Process.Signal(syscall.SIGTERM); err != nil {
		return fmt.Errorf("cannot terminate %q: %w", p.Name, err)
	}
	return nil
}

// Kill ends the process at once and waits for it.
func (p *Process) Kill() {
	p.cmd.Process.Kill() // fails only when it has ended already
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
	exit, err := p.Wait(ctx)
	if err != nil {
		p.Kill()
		exit = p.exit
	}
	return exit
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
