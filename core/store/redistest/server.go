// Package redistest runs real redis-server processes for tests: one, several, or a
// cluster. They listen on free ports of 127.0.0.1, keep their files in the test's
// temporary folder, and are killed, by pid, when the test ends.
//
// A test that needs one is skipped under -short; otherwise a machine without
// redis-server fails it with the command that installs it.
package redistest

import (
	"bufio"
	"bytes"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

// startTimeout is how long a redis-server may take until it answers.
const startTimeout = 10 * time.Second

// Server is one redis-server process. It belongs to the goroutine of its test.
type Server struct {
	Addr string // host:port, the same after Restart
	TLS  string // host:port where it speaks TLS, or empty

	t    testing.TB
	dir  string
	port int
	args []string
	cmd  *exec.Cmd // nil while killed
}

// Start runs one server that keeps nothing on disk. Options are those of the command
// line of redis-server ("--maxclients", "10") and win over ours.
func Start(t testing.TB, options ...string) *Server {
	t.Helper()
	need(t)
	return start(t, t.TempDir(), options)
}

// StartTLS runs one server that speaks TLS on a second port, as localhost and 127.0.0.1.
// ca is the file of the certificate that vouches for it.
func StartTLS(t testing.TB, options ...string) (s *Server, ca string) {
	t.Helper()
	need(t)
	dir := t.TempDir()
	certificate, key := writeCertificate(t, dir)
	options = append([]string{"--tls-cert-file", certificate, "--tls-key-file", key, "--tls-ca-cert-file", certificate, "--tls-auth-clients", "no"}, options...)
	return start(t, dir, append(options, "--tls-port", tlsPort)), certificate
}

// tlsPort stands for a free port in the options of start.
const tlsPort = "a free port"

// StartMany runs n servers that do not know each other.
func StartMany(t testing.TB, n int, options ...string) []*Server {
	t.Helper()
	servers := make([]*Server, n)
	for i := range servers {
		servers[i] = Start(t, options...)
	}
	return servers
}

// Addrs lists where servers listen.
func Addrs(servers []*Server) []string {
	addrs := make([]string, len(servers))
	for i, s := range servers {
		addrs[i] = s.Addr
	}
	return addrs
}

func need(t testing.TB) {
	t.Helper()
	if testing.Short() {
		t.Skip("runs redis-server")
	}
	if _, err := exec.LookPath("redis-server"); err != nil {
		t.Fatalf("cannot find redis-server: as root run: apt-get update && apt-get install -y --no-install-recommends redis-server (%v)", err)
	}
}

// start tries ports until a server has one: another process may take a free one first.
func start(t testing.TB, dir string, options []string) *Server {
	t.Helper()
	var err error
	for range 5 {
		s := &Server{t: t, dir: dir, port: freePort(t)}
		s.Addr = net.JoinHostPort("127.0.0.1", strconv.Itoa(s.port))
		s.args = append([]string{
			"--port", strconv.Itoa(s.port), "--bind", "127.0.0.1", "--dir", dir,
			"--save", "", "--appendonly", "no", "--loglevel", "notice", "--logfile", s.log(), "--pidfile", s.pidFile(),
		}, options...)
		for i, option := range s.args {
			if option == tlsPort {
				s.args[i] = strconv.Itoa(freePort(t))
				s.TLS = net.JoinHostPort("127.0.0.1", s.args[i])
			}
		}
		if err = s.launch(); err == nil {
			t.Cleanup(s.end)
			return s
		}
	}
	t.Fatalf("cannot start redis-server: %v", err)
	return nil
}

// freePort finds one whose cluster bus port, 10000 above, exists and is free too.
func freePort(t testing.TB) int {
	t.Helper()
	for range 100 {
		one, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatalf("cannot find a free port: %v", err)
		}
		port := one.Addr().(*net.TCPAddr).Port
		bus, err := net.Listen("tcp", fmt.Sprintf("127.0.0.1:%d", port+10000))
		one.Close()
		if err != nil {
			continue
		}
		bus.Close()
		return port
	}
	t.Fatal("cannot find a free pair of ports")
	return 0
}

func (s *Server) log() string { return filepath.Join(s.dir, "redis-"+strconv.Itoa(s.port)+".log") }

func (s *Server) pidFile() string { return filepath.Join(s.dir, "redis-"+strconv.Itoa(s.port)+".pid") }

// holdsPort reports whether our process is the one that listens: it writes its id after
// that.
func (s *Server) holdsPort() bool {
	id, err := os.ReadFile(s.pidFile())
	return err == nil && string(bytes.TrimSpace(id)) == strconv.Itoa(s.PID())
}

// launch returns when the process answers PING.
func (s *Server) launch() error {
	_ = os.Remove(s.pidFile())
	cmd := exec.Command("redis-server", s.args...)
	if err := cmd.Start(); err != nil {
		return fmt.Errorf("cannot run redis-server: %w", err)
	}
	s.cmd = cmd
	exited := make(chan struct{})
	go func() {
		_ = cmd.Wait()
		close(exited)
	}()
	for began := time.Now(); time.Since(began) < startTimeout; {
		if s.holdsPort() {
			if answer, err := s.command("PING"); err == nil && (answer == "+PONG" || strings.HasPrefix(answer, "-NOAUTH")) {
				return nil
			}
		}
		select {
		case <-exited:
			log, _ := os.ReadFile(s.log())
			s.cmd = nil
			return fmt.Errorf("redis-server on port %d ended at once: %s", s.port, bytes.TrimSpace(log))
		case <-time.After(10 * time.Millisecond):
		}
	}
	s.Kill()
	return fmt.Errorf("redis-server on port %d does not answer after %v", s.port, startTimeout)
}

// command asks for an answer of one line over a connection of its own: the library
// under test is not its own witness.
func (s *Server) command(words ...string) (string, error) {
	conn, err := net.DialTimeout("tcp", s.Addr, time.Second)
	if err != nil {
		return "", err
	}
	defer conn.Close()
	_ = conn.SetDeadline(time.Now().Add(5 * time.Second))
	request := fmt.Appendf(nil, "*%d\r\n", len(words))
	for _, word := range words {
		request = fmt.Appendf(request, "$%d\r\n%s\r\n", len(word), word)
	}
	if _, err := conn.Write(request); err != nil {
		return "", err
	}
	line, _, err := bufio.NewReader(conn).ReadLine()
	return string(line), err
}

// Do sends one command and returns the first line of the answer, in the wire format:
// "+OK", ":1".
func (s *Server) Do(words ...string) string {
	s.t.Helper()
	answer, err := s.command(words...)
	if err != nil {
		s.t.Fatalf("cannot ask %s %q: %v", s.Addr, words, err)
	}
	return answer
}

// CLI runs redis-cli against the server and returns what it prints.
func (s *Server) CLI(words ...string) string {
	s.t.Helper()
	out, err := exec.Command("redis-cli", append([]string{"-p", strconv.Itoa(s.port)}, words...)...).CombinedOutput()
	if err != nil {
		s.t.Fatalf("cannot run redis-cli %q: %v: %s", words, err, out)
	}
	return string(out)
}

// PID is 0 while the server is killed.
func (s *Server) PID() int {
	if s.cmd == nil {
		return 0
	}
	return s.cmd.Process.Pid
}

// Kill ends the process as kill -9 does, and returns when its port is free.
func (s *Server) Kill() {
	if s.cmd == nil {
		return
	}
	_ = s.cmd.Process.Signal(syscall.SIGKILL)
	s.cmd = nil
	for range 500 {
		conn, err := net.DialTimeout("tcp", s.Addr, time.Second)
		if err != nil {
			return
		}
		conn.Close()
		time.Sleep(time.Millisecond)
	}
}

// Stop freezes the process: its connections stay, and nothing is answered.
func (s *Server) Stop() { s.signal(syscall.SIGSTOP) }

// Continue thaws what Stop froze.
func (s *Server) Continue() { s.signal(syscall.SIGCONT) }

// Restart kills the process if it runs, and starts it on the same port and in the same
// folder.
func (s *Server) Restart() {
	s.t.Helper()
	s.Kill()
	if err := s.launch(); err != nil {
		s.t.Fatalf("cannot restart: %v", err)
	}
}

func (s *Server) signal(sig syscall.Signal) {
	s.t.Helper()
	if s.cmd == nil {
		s.t.Fatalf("BUG: %v for a killed server", sig)
	}
	if err := s.cmd.Process.Signal(sig); err != nil {
		s.t.Fatalf("cannot signal redis-server on port %d: %v", s.port, err)
	}
}

// end is for the end of the test.
func (s *Server) end() {
	if s.t.Failed() {
		log, _ := os.ReadFile(s.log())
		s.t.Logf("redis-server on port %d: %s", s.port, log[max(0, len(log)-2000):])
	}
	s.Kill()
}
