package battery

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/coder/websocket"
)

// patience is how long a client waits for what must come.
const patience = 5 * time.Second

// client is one IRC client. It reads in step with its test, so what has not been
// read waits in the socket and order is what the server made it.
type client struct {
	t    testing.TB
	conn net.Conn
	in   *bufio.Reader
	nick string
	seen []string // the last lines both ways, for a failure's report
}

// dial opens a connection and sends nothing.
func (w world) dial(t testing.TB) *client {
	t.Helper()
	if w.over == overWS {
		return w.dialWS(t, "irc")
	}
	return w.dialFrom(t, "127.0.0.1")
}

// dialFrom opens a TCP connection whose own address is ip.
func (w world) dialFrom(t testing.TB, ip string) *client {
	t.Helper()
	d := net.Dialer{Timeout: patience, LocalAddr: &net.TCPAddr{IP: net.ParseIP(ip)}}
	conn, err := d.Dial("tcp", w.srv.IRC)
	if err != nil {
		t.Fatalf("cannot connect to %s: %v", w.srv.IRC, err)
	}
	t.Cleanup(func() { conn.Close() })
	return &client{t: t, conn: conn, in: bufio.NewReader(conn)}
}

// dialWS opens a WebSocket through a library and treats it as a byte stream.
func (w world) dialWS(t testing.TB, protocols ...string) *client {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	ws, _, err := websocket.Dial(ctx, "ws://"+w.srv.HTTP+"/", &websocket.DialOptions{Subprotocols: protocols})
	if err != nil {
		t.Fatalf("cannot open a WebSocket to %s: %v", w.srv.HTTP, err)
	}
	t.Cleanup(func() { _ = ws.CloseNow() })
	conn := websocket.NetConn(context.Background(), ws, websocket.MessageText)
	return &client{t: t, conn: conn, in: bufio.NewReader(conn)}
}

// read returns one line without its end. Every line of the server ends with CRLF.
func (c *client) read(limit time.Duration) (string, error) {
	_ = c.conn.SetReadDeadline(time.Now().Add(limit))
	line, err := c.in.ReadString('\n')
	if err != nil {
		if line != "" {
			return "", fmt.Errorf("cannot read a whole line, got %q: %w", line, err)
		}
		return "", err
	}
	text, ok := strings.CutSuffix(line, "\r\n")
	if !ok {
		return "", fmt.Errorf("cannot accept line %q: it does not end with CRLF", line)
	}
	c.note("< " + text)
	return text, nil
}

func (c *client) note(line string) {
	if len(line) > 300 {
		line = line[:300] + "..."
	}
	if c.seen = append(c.seen, line); len(c.seen) > 24 {
		c.seen = c.seen[1:]
	}
}

func (c *client) fatalf(format string, args ...any) {
	c.t.Helper()
	c.t.Fatalf("client %q: %s\nlast lines:\n  %s", c.nick, fmt.Sprintf(format, args...), strings.Join(c.seen, "\n  "))
}

// send writes the lines, each with CRLF, in one write.
func (c *client) send(lines ...string) {
	c.t.Helper()
	c.raw(strings.Join(lines, "\r\n") + "\r\n")
}

// raw writes bytes as they are.
func (c *client) raw(text string) {
	c.t.Helper()
	c.note("> " + strings.TrimRight(text, "\r\n"))
	_ = c.conn.SetWriteDeadline(time.Now().Add(patience))
	if _, err := c.conn.Write([]byte(text)); err != nil {
		c.fatalf("cannot write: %v", err)
	}
}

// next is the next line, which must come.
func (c *client) next() string {
	c.t.Helper()
	line, err := c.read(patience)
	if err != nil {
		c.fatalf("cannot read the next line: %v", err)
	}
	return line
}

// want requires exactly these lines next.
func (c *client) want(lines ...string) {
	c.t.Helper()
	for _, line := range lines {
		if got := c.next(); got != line {
			c.fatalf("next line\n got %q\nwant %q", got, line)
		}
	}
}

// wantMsg requires the next line to have this command and these first params.
func (c *client) wantMsg(command string, params ...string) message {
	c.t.Helper()
	m := parse(c.next())
	if m.command != command || len(m.params) < len(params) || !slices.Equal(m.params[:len(params)], params) {
		c.fatalf("next line\n got %q\nwant %s %q", m.raw, command, params)
	}
	return m
}

// wantNotice requires a NOTICE to room with this msg-id next; the client has
// both tags and commands.
func (c *client) wantNotice(room, msgID string) message {
	c.t.Helper()
	m := c.wantMsg("NOTICE", room)
	if m.prefix != "tmi.twitch.tv" || m.tags["msg-id"] != msgID {
		c.fatalf("next line\n got %q\nwant msg-id=%s from tmi.twitch.tv", m.raw, msgID)
	}
	return m
}

// wantNothing proves that nothing waits: the answer to a PING comes next.
func (c *client) wantNothing() {
	c.t.Helper()
	token := fresh("sync")
	c.send("PING " + token)
	c.want(":tmi.twitch.tv PONG tmi.twitch.tv :" + token)
}

// wantEnd requires that the server closes the connection within limit, and that
// it says nothing more before, but for an ERROR line.
func (c *client) wantEnd(limit time.Duration) {
	c.t.Helper()
	for {
		line, err := c.read(limit)
		switch {
		case err == nil && strings.HasPrefix(line, "ERROR :"):
		case err == nil:
			c.fatalf("got %q, want the end of the connection", line)
		case isTimeout(err):
			c.fatalf("connection is still open after %v", limit)
		default:
			return // EOF, a reset, or a WebSocket close
		}
	}
}

// isTimeout tells a read that ran out of time from one that met the end. The
// WebSocket library cancels its own context when a deadline passes.
func isTimeout(err error) bool {
	return errors.Is(err, os.ErrDeadlineExceeded) || errors.Is(err, context.DeadlineExceeded) || errors.Is(err, context.Canceled)
}

// message is one parsed line.
type message struct {
	raw     string
	keys    []string // tag keys as sent
	tags    map[string]string
	prefix  string
	command string
	params  []string
}

// parse splits a line of the server by the grammar of RFC 1459 and IRCv3
// message-tags. Tag values stay escaped.
func parse(raw string) message {
	m := message{raw: raw, tags: map[string]string{}}
	rest := raw
	if strings.HasPrefix(rest, "@") {
		var tags string
		tags, rest, _ = strings.Cut(rest[1:], " ")
		for pair := range strings.SplitSeq(tags, ";") {
			key, value, _ := strings.Cut(pair, "=")
			m.keys = append(m.keys, key)
			m.tags[key] = value
		}
	}
	if strings.HasPrefix(rest, ":") {
		m.prefix, rest, _ = strings.Cut(rest[1:], " ")
	}
	m.command, rest, _ = strings.Cut(rest, " ")
	for rest != "" {
		if strings.HasPrefix(rest, ":") {
			m.params = append(m.params, rest[1:])
			break
		}
		var param string
		param, rest, _ = strings.Cut(rest, " ")
		m.params = append(m.params, param)
	}
	return m
}

// text is the last parameter.
func (m message) text() string {
	if len(m.params) == 0 {
		return ""
	}
	return m.params[len(m.params)-1]
}
