// Package edgetest builds and starts the real server for tests that drive it
// from outside: the battery, client libraries, browsers.
package edgetest

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// Server is one running edge process. The test that started it owns it; it ends
// with the test.
type Server struct {
	IRC, HTTP, Admin, Link string // bound addresses, host:port; empty where it serves none
	Pid                    int

	cmd  *exec.Cmd
	done chan struct{}
	err  error

	mu struct {
		sync.Mutex
		log strings.Builder
	}
}

var readyLine = regexp.MustCompile(`^ready irc=(\S*) http=(\S*) admin=(\S*)(?: link=(\S*))?`)

// binary is built once per test process; the go command's cache makes it cheap.
var binary = sync.OnceValues(func() (string, error) {
	_, here, _, _ := runtime.Caller(0)
	dir, err := os.MkdirTemp("", "uproar-edgetest-")
	if err != nil {
		return "", fmt.Errorf("cannot make a folder for the server: %w", err)
	}
	path := filepath.Join(dir, "uproar")
	build := exec.Command("go", "build", "-o", path, "uproar/edge")
	build.Dir = filepath.Dir(here)
	if out, err := build.CombinedOutput(); err != nil {
		return "", fmt.Errorf("cannot build uproar/edge: %w\n%s", err, out)
	}
	return path, nil
})

// Start runs the server on free ports of 127.0.0.1 with args added, waits until it
// says ready, and stops it when the test ends.
func Start(t testing.TB, args ...string) *Server {
	t.Helper()
	path, err := binary()
	if err != nil {
		t.Fatal(err)
	}
	base := []string{"--irc-addr=127.0.0.1:0", "--http-addr=127.0.0.1:0", "--admin-addr=127.0.0.1:0", "--drain-timeout=1s", "--data=", "--line-gap=0"}
	s := &Server{cmd: exec.Command(path, append(base, args...)...), done: make(chan struct{})}
	stdout, err := s.cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	s.cmd.Stderr = logWriter{s}
	if err := s.cmd.Start(); err != nil {
		t.Fatalf("cannot start the server: %v", err)
	}
	s.Pid = s.cmd.Process.Pid
	ready := make(chan []string, 1)
	go func() {
		lines := bufio.NewScanner(stdout)
		for lines.Scan() {
			if m := readyLine.FindStringSubmatch(lines.Text()); m != nil {
				ready <- m
			}
		}
		s.err = s.cmd.Wait()
		close(s.done)
	}()
	t.Cleanup(func() {
		s.Kill()
		if t.Failed() {
			t.Logf("server log:\n%s", s.Log())
		}
	})
	select {
	case m := <-ready:
		s.IRC, s.HTTP, s.Admin, s.Link = m[1], m[2], m[3], m[4]
	case <-s.done:
		t.Fatalf("server ended before it was ready: %v\n%s", s.err, s.Log())
	case <-time.After(20 * time.Second):
		t.Fatalf("server not ready within 20 s\n%s", s.Log())
	}
	return s
}

// Refused runs the server on flags that it has to refuse, and returns its exit code and
// what it printed.
func Refused(t testing.TB, args ...string) (code int, printed string) {
	t.Helper()
	path, err := binary()
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	out, err := exec.CommandContext(ctx, path, args...).CombinedOutput()
	var exit *exec.ExitError
	if !errors.As(err, &exit) || !exit.Exited() {
		t.Fatalf("the server was not to run with %q: %v\n%s", args, err, out)
	}
	return exit.ExitCode(), string(out)
}

// Terminate asks the server to drain (SIGTERM). Wait tells how it ended.
func (s *Server) Terminate() { _ = s.cmd.Process.Signal(syscall.SIGTERM) }

// Signal sends sig to the server.
func (s *Server) Signal(sig os.Signal) { _ = s.cmd.Process.Signal(sig) }

// Wait returns the exit code, or fails the test when the server runs on.
func (s *Server) Wait(t testing.TB, limit time.Duration) int {
	t.Helper()
	select {
	case <-s.done:
		return s.cmd.ProcessState.ExitCode()
	case <-time.After(limit):
		t.Fatalf("server still runs after %v\n%s", limit, s.Log())
		return -1
	}
}

// Kill ends the server at once.
func (s *Server) Kill() {
	_ = s.cmd.Process.Kill()
	<-s.done
}

// Log is what the server has written to standard error.
func (s *Server) Log() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.mu.log.String()
}

type logWriter struct{ s *Server }

func (w logWriter) Write(p []byte) (int, error) {
	w.s.mu.Lock()
	defer w.s.mu.Unlock()
	return w.s.mu.log.Write(p)
}
