package faults

import (
	"bufio"
	"fmt"
	"net"
	"strings"
	"testing"
	"time"

	"uproar/edge/edgetest"
)

// patience is how long a sender may have to wait for an answer: the edge's deadline.
const patience = time.Second

// answer is what a sender is told of a line: a USERSTATE, or a NOTICE with its msg-id.
type answer struct{ command, msgID, text string }

func (a answer) accepted() bool { return a.command == "USERSTATE" }

func (a answer) String() string { return fmt.Sprintf("%s %s %q", a.command, a.msgID, a.text) }

// client is one connection. A goroutine of its own reads it until it closes, so that a
// sender never is a slow reader.
type client struct {
	nick    string
	conn    net.Conn
	answers chan answer
	pongs   chan struct{}
	said    chan string // texts of PRIVMSG; nil: they are dropped
}

// dial logs in. The connection is closed when the test ends.
func dial(t testing.TB, srv *edgetest.Server, nick string, said chan string) *client {
	t.Helper()
	conn, err := net.DialTimeout("tcp", srv.IRC, patience)
	if err != nil {
		t.Fatalf("cannot connect %q: %v", nick, err)
	}
	c := &client{nick: nick, conn: conn, answers: make(chan answer, 64), pongs: make(chan struct{}, 64), said: said}
	ended, welcome := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(ended)
		c.read(welcome)
	}()
	t.Cleanup(func() {
		conn.Close()
		<-ended
	})
	c.send("CAP REQ :twitch.tv/tags twitch.tv/commands", "PASS oauth:"+nick, "NICK "+nick)
	select {
	case <-welcome:
	case <-ended:
		t.Fatalf("%q was closed instead of welcomed", nick)
	case <-time.After(5 * time.Second):
		t.Fatalf("%q was not welcomed", nick)
	}
	return c
}

// read hands on what came, by its kind. Lines that fit no channel any more are dropped,
// which their readers notice.
func (c *client) read(welcome chan struct{}) {
	for lines := bufio.NewScanner(c.conn); lines.Scan(); {
		tags, rest := "", lines.Text()
		if strings.HasPrefix(rest, "@") {
			tags, rest, _ = strings.Cut(rest, " ")
		}
		_, rest, _ = strings.Cut(rest, " ")
		command, rest, _ := strings.Cut(rest, " ")
		_, text, _ := strings.Cut(rest, " :")
		switch command {
		case "376":
			close(welcome)
		case "PONG":
			offer(c.pongs, struct{}{})
		case "PRIVMSG":
			offer(c.said, text)
		case "USERSTATE", "NOTICE", "ROOMSTATE":
			_, id, _ := strings.Cut(tags, "msg-id=")
			id, _, _ = strings.Cut(id, ";")
			offer(c.answers, answer{command, id, text})
		}
	}
}

func offer[V any](to chan V, v V) {
	select {
	case to <- v:
	default:
	}
}

func (c *client) send(lines ...string) {
	_ = c.conn.SetWriteDeadline(time.Now().Add(patience))
	_, _ = c.conn.Write([]byte(strings.Join(lines, "\r\n") + "\r\n")) // no answer will come either
}

// say sends a line to a room and waits for its answer; room modes that a command brings
// are no answer. It has none after patience.
func (c *client) say(room, text string) (a answer, took time.Duration, ok bool) {
	began := time.Now()
	c.send("PRIVMSG #" + room + " :" + text)
	late := time.NewTimer(patience)
	defer late.Stop()
	for {
		select {
		case a = <-c.answers:
			if a.command != "ROOMSTATE" {
				return a, time.Since(began), true
			}
		case <-late.C:
			return a, time.Since(began), false
		}
	}
}

// join enters a room and waits for the answer: ROOMSTATE, after a USERSTATE unless the
// client is anonymous, or a NOTICE.
func (c *client) join(room string) (a answer, entered, ok bool) {
	c.send("JOIN #" + room)
	late := time.NewTimer(patience)
	defer late.Stop()
	for {
		select {
		case a = <-c.answers:
			if a.command != "USERSTATE" {
				return a, a.command == "ROOMSTATE", true
			}
		case <-late.C:
			return a, false, false
		}
	}
}

// ping is the time of one round trip that needs a loop and nothing else.
func (c *client) ping() (time.Duration, bool) {
	began := time.Now()
	c.send("PING x")
	select {
	case <-c.pongs:
		return time.Since(began), true
	case <-time.After(5 * time.Second):
		return time.Since(began), false
	}
}
