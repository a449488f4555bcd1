package battery

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"
)

// TestReaderInReadmeMissesNothing runs the example client of README.md, cuts it off again
// and again, and wants each line of it once.
func TestReaderInReadmeMissesNothing(t *testing.T) {
	t.Parallel()
	w := world{over: overTCP}.own(t, unlimited()...)
	cut := startCutter(t, w.srv.IRC)
	reader := startReader(t, cut.addr)
	den := w.bot(t, "#den")
	line := 0
	say := func(n int) {
		for range n {
			line++
			den.say("#den", fmt.Sprint("line ", line))
		}
	}
	var got int
	want := func() {
		t.Helper()
		for got < line {
			got++
			select {
			case text := <-reader:
				if text != fmt.Sprintf("%s line %d", den.nick, got) {
					t.Fatalf("the reader printed %q, want line %d", text, got)
				}
			case <-time.After(4 * patience):
				t.Fatalf("the reader prints no line %d", got)
			}
		}
	}
	if !eventually(patience, func() bool { say(1); return len(reader) > 0 }) {
		t.Fatal("the reader prints nothing")
	}
	var first int
	if _, err := fmt.Sscanf(<-reader, den.nick+" line %d", &first); err != nil {
		t.Fatal(err)
	}
	got = first
	want()
	for range 2 {
		cut.all()
		say(5)
		want()
		say(5)
		want()
	}
}

// startReader runs the program that stands in README.md under Resume. What it prints
// comes by the channel.
func startReader(t *testing.T, addr string) <-chan string {
	t.Helper()
	text, err := os.ReadFile("../../README.md")
	if err != nil {
		t.Fatal(err)
	}
	_, section, _ := strings.Cut(string(text), "\n## Resume\n")
	_, program, _ := strings.Cut(section, "\n```python\n")
	program, _, found := strings.Cut(program, "\n```\n")
	if n := strings.Count(program, "\n") + 1; !found || n > 20 {
		t.Fatalf("README.md has no client of at most 20 lines under Resume; it has %d", n)
	}
	path := filepath.Join(t.TempDir(), "reader.py")
	if err := os.WriteFile(path, []byte(program+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command("python3", path, addr)
	cmd.Stderr = os.Stderr
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatalf("cannot run the client of README.md: %v", err)
	}
	lines := make(chan string, 1024)
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		for scan := bufio.NewScanner(out); scan.Scan(); {
			lines <- scan.Text()
		}
	}()
	t.Cleanup(func() {
		_ = cmd.Process.Kill()
		<-ended
		_ = cmd.Wait()
	})
	return lines
}

// cutter hands connections on to a server, until it cuts them.
type cutter struct {
	addr string
	mu   sync.Mutex
	open []net.Conn
}

func startCutter(t *testing.T, server string) *cutter {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	c := &cutter{addr: l.Addr().String()}
	t.Cleanup(func() {
		l.Close()
		c.all()
	})
	go func() {
		for {
			client, err := l.Accept()
			if err != nil {
				return
			}
			up, err := net.Dial("tcp", server)
			if err != nil {
				client.Close()
				continue
			}
			c.mu.Lock()
			c.open = append(c.open, client, up)
			c.mu.Unlock()
			go func() { _, _ = io.Copy(up, client) }()
			go func() { _, _ = io.Copy(client, up) }()
		}
	}()
	return c
}

// all cuts all connections.
func (c *cutter) all() {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, conn := range c.open {
		conn.Close()
	}
	c.open = nil
}
