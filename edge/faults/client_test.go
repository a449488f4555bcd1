package faults

import (
	"bufio"
	"fmt"
	"net"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"uproar/edge/edgetest"
)

// How long a sender may have to wait for an answer. Who has none at the edge's deadline,
// patience, gets none.
const (
	clueDeadline    = 250 * time.Millisecond
	lineDeadline    = clueDeadline + awayAfter                // once decided, it waits for the exchange, which is on the same Redis
	awayAfter       = 100 * time.Millisecond                  // and then is delivered at home
	commandDeadline = clueDeadline + storeTimeout + awayAfter // once done, it waits for its place among the lines, and is published
	patience        = time.Second
)

// answer is what a sender is told of a line: a USERSTATE, or a NOTICE with its msg-id.
type answer struct {
	command, msgID, text string

	at time.Time // when the kernel had it
}

func (a asked) accepted() bool { return a.answered && a.command == "USERSTATE" }

func (a answer) String() string { return fmt.Sprintf("%s %s %q", a.command, a.msgID, a.text) }

// hearing is the text of a line, and when the kernel had it.
type hearing struct {
	text string
	at   time.Time
}

// client is one connection. A goroutine of its own reads it until it closes, so that a
// sender never is a slow reader.
type client struct {
	nick    string
	conn    net.Conn
	answers chan answer
	pongs   chan time.Time // when the kernel had them
	said    chan hearing   // nil: lines are dropped
	gaps    atomic.Int64   // times that it was told of lines missed
}

// dial logs in. The connection is closed when the test ends.
func dial(t testing.TB, srv *edgetest.Server, nick string, said chan hearing) *client {
	t.Helper()
	conn, err := net.DialTimeout("tcp", srv.IRC, patience)
	if err != nil {
		t.Fatalf("cannot connect %q: %v", nick, err)
	}
	in, err := stamp(conn)
	if err != nil {
		t.Fatalf("cannot have times of arrival: %v", err)
	}
	c := &client{nick: nick, conn: conn, answers: make(chan answer, 64), pongs: make(chan time.Time, 64), said: said}
	ended, welcome := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(ended)
		c.read(in, welcome)
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
func (c *client) read(in *stamped, welcome chan struct{}) {
	for lines := bufio.NewScanner(in); lines.Scan(); {
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
			offer(c.pongs, in.at)
		case "PRIVMSG":
			offer(c.said, hearing{text, in.at})
		case "USERSTATE", "NOTICE", "ROOMSTATE":
			_, id, _ := strings.Cut(tags, "msg-id=")
			id, _, _ = strings.Cut(id, ";")
			if id == "uproar_gap" {
				c.gaps.Add(1)
				continue
			}
			offer(c.answers, answer{command, id, text, in.at})
		}
	}
}

func offer[V any](to chan V, v V) {
	select {
	case to <- v:
	default:
	}
}

// send returns when the kernel has the lines for sure.
func (c *client) send(lines ...string) time.Time {
	_ = c.conn.SetWriteDeadline(time.Now().Add(patience))
	_, _ = c.conn.Write([]byte(strings.Join(lines, "\r\n") + "\r\n")) // no answer will come either
	return time.Now()
}

// asked is what became of a line or an entry.
type asked struct {
	answer
	sent     time.Time
	took     time.Duration
	answered bool // within patience
}

func (a asked) String() string {
	if !a.answered {
		return "no answer"
	}
	return fmt.Sprintf("%v after %v", a.answer, a.took.Round(time.Millisecond))
}

// say sends a line to a room and waits for its answer; room modes that a command brings
// are no answer.
func (c *client) say(room, text string) asked {
	return c.await(c.send("PRIVMSG #"+room+" :"+text), "ROOMSTATE")
}

// join enters a room and waits for the answer: ROOMSTATE, after a USERSTATE unless the
// client is anonymous, or a NOTICE.
func (c *client) join(room string) (a asked, entered bool) {
	a = c.await(c.send("JOIN #"+room), "USERSTATE")
	return a, a.answered && a.command == "ROOMSTATE"
}

// await waits for an answer that is not of a kind.
func (c *client) await(sent time.Time, not string) asked {
	late := time.NewTimer(patience)
	defer late.Stop()
	for {
		select {
		case a := <-c.answers:
			if a.command != not {
				return asked{a, sent, max(0, a.at.Sub(sent)), true}
			}
		case <-late.C:
			return asked{sent: sent, took: time.Since(sent)}
		}
	}
}

// ping is the time of one round trip that needs a loop and nothing else.
func (c *client) ping() (sent time.Time, took time.Duration, answered bool) {
	sent = c.send("PING x")
	select {
	case at := <-c.pongs:
		return sent, max(0, at.Sub(sent)), true
	case <-time.After(5 * time.Second):
		return sent, time.Since(sent), false
	}
}
