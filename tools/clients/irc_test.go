package clients

import (
	"bufio"
	"fmt"
	"net"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
)

// ircClient is a bare connection to the IRC port: what no library here knows is tested
// with it.
type ircClient struct {
	t    testing.TB
	conn net.Conn
}

// dialIRC logs in. The connection ends with the test.
func dialIRC(t testing.TB, addr, nick, capabilities string) *ircClient {
	t.Helper()
	conn, err := net.DialTimeout("tcp", addr, lineMax)
	if err != nil {
		t.Fatalf("cannot connect %q: %v", nick, err)
	}
	t.Cleanup(func() { conn.Close() })
	_ = conn.SetDeadline(time.Now().Add(returnMax))
	c := &ircClient{t, conn}
	c.send("CAP REQ :" + capabilities + "\r\nPASS oauth:" + nick + "\r\nNICK " + nick)
	return c
}

func (c *ircClient) send(line string) {
	c.t.Helper()
	if _, err := fmt.Fprintf(c.conn, "%s\r\n", line); err != nil {
		c.t.Fatalf("cannot write: %v", err)
	}
}

// speaker says a line every talkEvery, waits for its answer and says it again when it is
// refused.
type speaker struct {
	*ircClient
	stop chan struct{}
	done chan struct{}
	said []string // accepted; belongs to talk until done
	err  error
}

func startSpeaker(t testing.TB, addr string) *speaker {
	t.Helper()
	s := &speaker{ircClient: dialIRC(t, addr, "speaker", "twitch.tv/tags twitch.tv/commands"), stop: make(chan struct{}), done: make(chan struct{})}
	go s.talk()
	return s
}

func (s *speaker) talk() {
	defer close(s.done)
	in := bufio.NewScanner(s.conn)
	for n := 0; ; n++ {
		text := fmt.Sprintf("line %d of the talk", n)
		if _, s.err = fmt.Fprintf(s.conn, "@client-nonce=n%d PRIVMSG #%s :%s\r\n", n, room, text); s.err != nil {
			return
		}
		for answered := false; !answered; {
			if !in.Scan() {
				s.err = fmt.Errorf("no answer to line %d: %v", n, in.Err())
				return
			}
			switch line := in.Text(); {
			case strings.Contains(line, fmt.Sprintf("client-nonce=n%d;", n)):
				s.said = append(s.said, text)
				answered = true
			case strings.Contains(line, " NOTICE #"):
				s.err = fmt.Errorf("line %d is refused: %s", n, line)
				return
			}
		}
		select {
		case <-s.stop:
			return
		case <-time.After(talkEvery):
		}
	}
}

// end returns all lines that were accepted, in their order.
func (s *speaker) end() []string {
	s.t.Helper()
	close(s.stop)
	<-s.done
	if s.err != nil {
		s.t.Fatal(s.err)
	}
	return s.said
}

// returner reads the room, and reads on where it was when its connection ends, at the
// next of its addresses.
type returner struct {
	t     testing.TB
	nick  string
	addrs []string

	mu struct {
		sync.Mutex
		closed bool
		conn   net.Conn
		lastID string
		heard  []string
		gaps   int
		notice string // the last one
		conns  int    // that joined
	}
}

// startReturner returns when it is in the room. It leaves with the test.
func startReturner(t testing.TB, nick string, addrs ...string) *returner {
	t.Helper()
	r := &returner{t: t, nick: nick, addrs: addrs}
	done := make(chan struct{})
	go func() {
		defer close(done)
		for i := 0; r.session(r.addrs[i%len(r.addrs)]); i++ {
			time.Sleep(20 * time.Millisecond)
		}
	}()
	t.Cleanup(func() {
		r.mu.Lock()
		r.mu.closed = true
		if r.mu.conn != nil {
			r.mu.conn.Close()
		}
		r.mu.Unlock()
		<-done
	})
	r.poll("join", func() bool { return r.mu.conns > 0 })
	return r
}

// poll waits until something is so.
func (r *returner) poll(what string, so func() bool) {
	r.t.Helper()
	for began := time.Now(); ; time.Sleep(5 * time.Millisecond) {
		r.mu.Lock()
		ok := so()
		r.mu.Unlock()
		if ok {
			return
		}
		if time.Since(began) > returnMax/2 {
			r.mu.Lock()
			defer r.mu.Unlock()
			r.t.Fatalf("%s does not %s; it joined %d times, heard %d lines and was told %q last", r.nick, what, r.mu.conns, len(r.mu.heard), r.mu.notice)
		}
	}
}

// session reads until the connection ends. It reports false when there is to be no other.
func (r *returner) session(addr string) bool {
	conn, err := net.DialTimeout("tcp", addr, lineMax)
	r.mu.Lock()
	if r.mu.closed || err != nil {
		defer r.mu.Unlock()
		if err == nil {
			conn.Close()
		}
		return !r.mu.closed
	}
	r.mu.conn = conn
	last := r.mu.lastID
	r.mu.Unlock()
	defer conn.Close()
	_, _ = fmt.Fprintf(conn, "CAP REQ :twitch.tv/tags twitch.tv/commands uproar/resume\r\nPASS oauth:%s\r\nNICK %s\r\n@uproar/resume=%s JOIN #%s\r\n",
		r.nick, r.nick, last, room)
	for in := bufio.NewScanner(conn); in.Scan(); {
		r.take(in.Text())
	}
	return true
}

func (r *returner) take(line string) {
	tags, rest, _ := strings.Cut(line, " ")
	_, rest, _ = strings.Cut(rest, " ")
	command, rest, _ := strings.Cut(rest, " ")
	r.mu.Lock()
	defer r.mu.Unlock()
	switch command {
	case "ROOMSTATE":
		r.mu.conns++
	case "NOTICE":
		r.mu.notice = line
		if strings.Contains(tags, "msg-id=uproar_gap") {
			r.mu.gaps++
		}
	case "PRIVMSG":
		_, id, _ := strings.Cut(tags, ";id=")
		r.mu.lastID, _, _ = strings.Cut(id, ";")
		_, text, _ := strings.Cut(rest, " :")
		r.mu.heard = append(r.mu.heard, text)
	}
}

// until returns what was heard once that is the last of it.
func (r *returner) until(text string) []string {
	r.t.Helper()
	r.poll("hear "+text, func() bool { return slices.Contains(r.mu.heard, text) })
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.Clone(r.mu.heard)
}

func (r *returner) gaps() int {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.mu.gaps
}

func (r *returner) connections() int {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.mu.conns
}
