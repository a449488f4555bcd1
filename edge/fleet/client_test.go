package fleet

import (
	"bufio"
	"fmt"
	"net"
	"strings"
	"testing"
	"time"
)

// patience is how long a client waits for what must come.
const patience = 5 * time.Second

// client is one IRC client over TCP. It belongs to the goroutine of its test.
type client struct {
	t    testing.TB
	conn net.Conn
	in   *bufio.Reader
	nick string
	said int // lines, so that no two are the same
}

// join logs in to the edge at addr and brings the client into the room.
func join(t testing.TB, addr, nick, room string) *client {
	t.Helper()
	conn, err := net.DialTimeout("tcp", addr, patience)
	if err != nil {
		t.Fatalf("cannot connect to %s: %v", addr, err)
	}
	t.Cleanup(func() { conn.Close() })
	c := &client{t: t, conn: conn, in: bufio.NewReader(conn), nick: nick}
	c.send("CAP REQ :twitch.tv/tags twitch.tv/commands")
	c.send("PASS oauth:anything")
	c.send("NICK " + nick)
	c.send("JOIN #" + room)
	c.await("ROOMSTATE")
	return c
}

func (c *client) send(line string) {
	c.t.Helper()
	_ = c.conn.SetWriteDeadline(time.Now().Add(patience))
	if _, err := fmt.Fprintf(c.conn, "%s\r\n", line); err != nil {
		c.t.Fatalf("%s cannot write: %v", c.nick, err)
	}
}

// next returns the command of the next line and its msg-id, which may be empty.
func (c *client) next() (command, msgID string) {
	c.t.Helper()
	_ = c.conn.SetReadDeadline(time.Now().Add(patience))
	line, err := c.in.ReadString('\n')
	if err != nil {
		c.t.Fatalf("%s cannot read: %v", c.nick, err)
	}
	if rest, ok := strings.CutPrefix(line, "@"); ok {
		var tags string
		tags, line, _ = strings.Cut(rest, " ")
		for tag := range strings.SplitSeq(tags, ";") {
			if id, ok := strings.CutPrefix(tag, "msg-id="); ok {
				msgID = id
			}
		}
	}
	if fields := strings.Fields(line); len(fields) > 1 && fields[0][0] == ':' {
		command = fields[1]
	}
	return command, msgID
}

// await reads on until that command.
func (c *client) await(command string) {
	c.t.Helper()
	for {
		if got, _ := c.next(); got == command {
			return
		}
	}
}

// ask says a text nobody has said before and returns the msg-id of its refusal, or ""
// when it is accepted. A client that asks again has had its answer before.
func (c *client) ask(room string) string {
	c.t.Helper()
	c.said++
	c.send(fmt.Sprintf("PRIVMSG #%s :%s says line %d", room, c.nick, c.said))
	for {
		switch command, id := c.next(); {
		case command == "USERSTATE":
			return ""
		case command == "NOTICE" && strings.HasPrefix(id, "msg_"):
			return id
		}
	}
}

// order sends a command of chat and waits for its NOTICE.
func (c *client) order(room, text, wantID string) {
	c.t.Helper()
	c.send(fmt.Sprintf("PRIVMSG #%s :%s", room, text))
	for {
		command, id := c.next()
		if command == "NOTICE" && id == wantID {
			return
		}
		if command == "NOTICE" {
			c.t.Fatalf("%s: %q was answered with %s, want %s", c.nick, text, id, wantID)
		}
	}
}
