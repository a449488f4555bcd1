package battery

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/coder/websocket"
)

var wsCases = []battery{
	{name: "69-ws-irc", over: wsOnly, run: wsIRC},
	{name: "70-ws-none", over: wsOnly, run: wsNone},
	{name: "71-ws-unknown-only", over: wsOnly, run: wsUnknown},
	{name: "72-ws-text.ircv3.net", over: wsOnly, run: wsText},
	{name: "73-ws-binary", over: wsOnly, run: wsBinary},
	{name: "74-ws-multi", over: wsOnly, run: wsMulti},
	{name: "75-ws-noeol", over: wsOnly, run: wsNoEOL},
	{name: "76-ws-fragmented", over: wsOnly, run: wsFragmented},
	{name: "77-ws-ping", over: wsOnly, run: wsPing},
	{name: "77-ws-fragments", over: wsOnly, run: wsFragments},
	{name: "77-ws-close", over: wsOnly, run: wsClose},
	{name: "78-ws-badutf8", over: wsOnly, run: wsBadUTF8},
	{name: "78-ws-protocol", over: wsOnly, run: wsProtocol},
	{name: "78-ws-too-big", over: wsOnly, run: wsTooBig},
	{name: "79-ws-shutdown", over: wsOnly, run: wsShutdown},
	{name: "80-http-plain", over: wsOnly, run: httpPlain},
	{name: "80-http-bad-upgrade", over: wsOnly, run: httpBadUpgrade},
	{name: "80-http-half-handshake", over: wsOnly, run: httpHalfHandshake},
	{name: "80-http-big-header", over: wsOnly, run: httpBigHeader},
	{name: "80-ws-origin", over: wsOnly, run: wsOrigin},
}

// inTwitchMode requires a connection whose frames are of Twitch mode.
func inTwitchMode(c *frameConn) {
	c.t.Helper()
	c.send(text("PING\r\n"))
	c.want(text("PONG :tmi.twitch.tv\r\n"))
}

func wsIRC(t *testing.T, w world) {
	for _, offer := range [][]string{{"irc"}, {"foo", "irc"}, {"irc", "foo"}} {
		c := w.dialFrames(t, offer...)
		if c.protocol != "irc" {
			t.Errorf("offered %q, the server chose %q, want irc", offer, c.protocol)
		}
		inTwitchMode(c)
	}
	t.Run("client-that-offers-deflate", func(t *testing.T) {
		ctx, cancel := context.WithTimeout(context.Background(), patience)
		defer cancel()
		c, _, err := websocket.Dial(ctx, "ws://"+w.srv.HTTP+"/", &websocket.DialOptions{
			Subprotocols: []string{"irc"}, CompressionMode: websocket.CompressionContextTakeover, CompressionThreshold: 1,
		})
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = c.CloseNow() }()
		for range 3 {
			if err := c.Write(ctx, websocket.MessageText, []byte("PING :squeeze me please, squeeze me please")); err != nil {
				t.Fatal(err)
			}
			_, answer, err := c.Read(ctx)
			if want := ":tmi.twitch.tv PONG tmi.twitch.tv :squeeze me please, squeeze me please\r\n"; string(answer) != want {
				t.Fatalf("got %q (%v), want %q", answer, err, want)
			}
		}
	})
}

func wsNone(t *testing.T, w world) {
	c := w.dialFrames(t)
	if c.protocol != "" {
		t.Errorf("offered nothing, the server chose %q", c.protocol)
	}
	inTwitchMode(c)
}

func wsUnknown(t *testing.T, w world) {
	for _, offer := range [][]string{{"foo"}, {"foo", "IRC2", "bar"}} {
		c := w.dialFrames(t, offer...)
		if c.protocol != "" {
			t.Errorf("offered %q, the server chose %q, want none", offer, c.protocol)
		}
		inTwitchMode(c)
	}
}

// oneLinePerMessage wants the IRCv3 way: each line its own message, without CRLF.
func oneLinePerMessage(c *frameConn, opcode byte) {
	c.t.Helper()
	c.send(frame{last: true, opcode: opcode, payload: "NICK justinfan72"})
	for _, line := range welcome("justinfan72") {
		if got := c.message(opcode); got != line {
			c.t.Fatalf("next message\n got %q\nwant %q", got, line)
		}
	}
	c.send(frame{last: true, opcode: opcode, payload: "PING a"}, frame{last: true, opcode: opcode, payload: "PING b"})
	for _, token := range []string{"a", "b"} {
		if got, want := c.message(opcode), ":tmi.twitch.tv PONG tmi.twitch.tv :"+token; got != want {
			c.t.Fatalf("next message\n got %q\nwant %q", got, want)
		}
	}
}

func wsText(t *testing.T, w world) {
	c := w.dialFrames(t, "text.ircv3.net")
	if c.protocol != "text.ircv3.net" {
		t.Fatalf("the server chose %q, want text.ircv3.net", c.protocol)
	}
	oneLinePerMessage(c, opText)
	wsFanoutPerLine(t, w, c, opText)
}

// wsFanoutPerLine wants relayed lines, which a batch may lay end to end, to come
// one per message too.
func wsFanoutPerLine(t *testing.T, w world, c *frameConn, opcode byte) {
	t.Helper()
	room := "#" + fresh("room")
	c.send(frame{last: true, opcode: opcode, payload: "JOIN " + room})
	for range 3 {
		c.message(opcode)
	}
	speaker := world{srv: w.srv, over: overTCP}.bot(t)
	speaker.send("PRIVMSG "+room+" :one", "PRIVMSG "+room+" :two", "PRIVMSG "+room+" :three")
	from := ":" + speaker.nick + "!" + speaker.nick + "@" + speaker.nick + ".tmi.twitch.tv PRIVMSG " + room + " :"
	for _, line := range []string{"one", "two", "three"} {
		if got := c.message(opcode); got != from+line {
			t.Errorf("next message\n got %q\nwant %q", got, from+line)
		}
	}
}

func wsBinary(t *testing.T, w world) {
	c := w.dialFrames(t, "binary.ircv3.net")
	if c.protocol != "binary.ircv3.net" {
		t.Fatalf("the server chose %q, want binary.ircv3.net", c.protocol)
	}
	oneLinePerMessage(c, opBinary)
	wsFanoutPerLine(t, w, c, opBinary)
	for _, offer := range [][]string{{"binary.ircv3.net", "text.ircv3.net"}, {"text.ircv3.net", "binary.ircv3.net"}, {"text.ircv3.net", "irc"}} {
		if got := w.dialFrames(t, offer...).protocol; got != offer[0] {
			t.Errorf("offered %q, the server chose %q, want the client's first", offer, got)
		}
	}
}

func wsMulti(t *testing.T, w world) {
	c := w.dialFrames(t, "irc")
	c.send(text("PING a\r\nPING b\r\nPING c\r\n"))
	got := c.linesUntil(":c\r\n")
	pong := ":tmi.twitch.tv PONG tmi.twitch.tv :"
	if want := pong + "a\r\n" + pong + "b\r\n" + pong + "c\r\n"; got != want {
		t.Errorf("three lines in one frame got %q, want %q", got, want)
	}
	c.send(text("NICK justinfan74"))
	if got, want := c.message(opText), strings.Join(welcome("justinfan74"), "\r\n")+"\r\n"; got != want {
		t.Errorf("the welcome's message\n got %q\nwant %q", got, want)
	}
	room := "#" + fresh("room")
	c.send(text("JOIN " + room))
	c.linesUntil(" 366 justinfan74 " + room + " :End of /NAMES list\r\n")
	speaker := world{srv: w.srv, over: overTCP}.bot(t)
	speaker.send("PRIVMSG "+room+" :one", "PRIVMSG "+room+" :two", "PRIVMSG "+room+" :three")
	from := ":" + speaker.nick + "!" + speaker.nick + "@" + speaker.nick + ".tmi.twitch.tv PRIVMSG " + room + " :"
	if got, want := c.linesUntil(":three\r\n"), from+"one\r\n"+from+"two\r\n"+from+"three\r\n"; got != want {
		t.Errorf("relayed lines\n got %q\nwant %q", got, want)
	}
}

func wsNoEOL(t *testing.T, w world) {
	c := w.dialFrames(t, "irc")
	c.send(text("PING a"), text("PING b\r\nPING c"), text(""), text("PING d\n"))
	got := c.linesUntil(":d\r\n")
	pong := ":tmi.twitch.tv PONG tmi.twitch.tv :"
	if want := pong + "a\r\n" + pong + "b\r\n" + pong + "c\r\n" + pong + "d\r\n"; got != want {
		t.Errorf("the end of a frame ends a line: got %q, want %q", got, want)
	}
}

func wsFragmented(t *testing.T, w world) {
	c := w.dialFrames(t, "irc")
	c.send(part(opText, "PI"), ping("in between"), part(opContinuation, "NG as"), frame{last: true, payload: "d"})
	c.want(pong("in between"), text(":tmi.twitch.tv PONG tmi.twitch.tv :asd\r\n"))
}

// wsShutdown drains the server: a RECONNECT line, then a Close that says so.
func wsShutdown(t *testing.T, w world) {
	w = w.own(t)
	twitch, lines := w.dialFrames(t, "irc"), w.dialFrames(t, "text.ircv3.net")
	for _, c := range []*frameConn{twitch, lines} {
		c.send(text("NICK justinfan79"))
	}
	twitch.linesUntil("376 justinfan79 :>\r\n")
	for range welcome("") {
		lines.message(opText)
	}
	w.srv.Terminate()
	twitch.want(text(":tmi.twitch.tv RECONNECT\r\n"))
	twitch.wantClose(1012, 1001)
	lines.want(text(":tmi.twitch.tv RECONNECT"))
	lines.wantClose(1012, 1001)
	if code := w.srv.Wait(t, 10*time.Second); code != 0 {
		t.Errorf("the drained server ended with code %d, want 0", code)
	}
}
