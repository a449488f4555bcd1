package battery

import (
	"fmt"
	"strings"
	"testing"
	"time"
)

// The numbers in this file are those of the functional groups that WebSocket
// servers are usually held to; RFC 6455 is behind each.

func wsPing(t *testing.T, w world) {
	c := w.dialFrames(t, "irc")
	c.send(ping("")) // 2.1
	c.want(pong(""))
	c.send(ping("\x00\xff\xfe not text")) // 2.2, 2.3
	c.want(pong("\x00\xff\xfe not text"))
	full := strings.Repeat("p", 125) // 2.4
	c.send(ping(full))
	c.want(pong(full))
	for _, b := range ping("in single bytes").encode() { // 2.6
		c.raw([]byte{b})
	}
	c.want(pong("in single bytes"))
	c.send(pong("nobody asked"), pong(""), ping("after")) // 2.7 to 2.9
	c.want(pong("after"))
	var pings, pongs []frame
	for n := range 10 { // 2.10, 2.11
		pings = append(pings, ping(fmt.Sprint(n)))
		pongs = append(pongs, pong(fmt.Sprint(n)))
	}
	c.send(pings...)
	c.want(pongs...)

	c.send(ping(full + "p")) // 2.5
	c.wantClose(1002)
}

// fails sends the frames on a new connection and requires the close code.
func (w world) fails(t *testing.T, name string, codes []int, frames ...frame) {
	t.Helper()
	t.Run(name, func(t *testing.T) {
		c := w.dialFrames(t, "irc")
		c.send(frames...)
		c.wantClose(codes...)
	})
}

var protocolError = []int{1002}

func wsFragments(t *testing.T, w world) {
	last := func(p string) frame { return frame{last: true, opcode: opContinuation, payload: p} }
	w.fails(t, "5.1-fragmented-ping", protocolError, part(opPing, "a"), last("b"))
	w.fails(t, "5.2-fragmented-pong", protocolError, part(opPong, "a"), last("b"))
	w.fails(t, "5.9-stray-last-continuation", protocolError, last("stray"), text("PING"))
	w.fails(t, "5.12-stray-continuation", protocolError, part(opContinuation, "stray"), text("PING"))
	w.fails(t, "5.18-text-within-text", protocolError, part(opText, "PI"), text("PING"))
	w.fails(t, "5.18-binary-within-text", protocolError, part(opText, "PI"), frame{last: true, opcode: opBinary, payload: "NG"})

	c := w.dialFrames(t, "irc")
	c.send(part(opText, "PING "), last("a")) // 5.3
	c.want(text(":tmi.twitch.tv PONG tmi.twitch.tv :a\r\n"))
	for _, f := range []frame{part(opText, "PING "), last("b")} { // 5.5, in single bytes
		for _, b := range f.encode() {
			c.raw([]byte{b})
		}
	}
	c.want(text(":tmi.twitch.tv PONG tmi.twitch.tv :b\r\n"))
	c.send(part(opText, ""), part(opContinuation, ""), ping("1"), part(opContinuation, "PING"), ping("2"), last("")) // 5.6 to 5.8, 5.19
	c.want(pong("1"), pong("2"), text("PONG :tmi.twitch.tv\r\n"))
}

func wsClose(t *testing.T, w world) {
	t.Run("7.1-after-close-nothing-counts", func(t *testing.T) {
		c := w.dialFrames(t, "irc")
		c.send(closing(closeBody(1000)), ping("late"), text("PING"), closing(closeBody(1001)))
		c.wantClose(1000)
	})
	t.Run("7.1.6-close-amid-a-message", func(t *testing.T) {
		c := w.dialFrames(t, "irc")
		c.send(part(opText, "PI"), closing(closeBody(1000)))
		c.wantClose(1000)
	})
	t.Run("7.3.1-empty", func(t *testing.T) {
		c := w.dialFrames(t, "irc")
		c.send(closing(""))
		c.wantClose(1000)
	})
	w.fails(t, "7.3.2-one-byte", protocolError, closing("\x03"))
	t.Run("7.3.5-longest-reason", func(t *testing.T) {
		c := w.dialFrames(t, "irc")
		c.send(closing(closeBody(1000) + strings.Repeat("r", 123)))
		c.wantClose(1000)
	})
	w.fails(t, "7.3.6-reason-too-long", protocolError, closing(closeBody(1000)+strings.Repeat("r", 124)))
	w.fails(t, "7.5.1-bad-utf8-reason", []int{1007, 1002}, closing(closeBody(1000)+"\xce\xba\xed\xa0\x80"))
	for _, code := range []int{1000, 1001, 1002, 1003, 1007, 1008, 1009, 1010, 1011, 3000, 3999, 4000, 4999} {
		w.fails(t, fmt.Sprintf("7.7-code-%d-echoed", code), []int{code}, closing(closeBody(code)))
	}
	for _, code := range []int{0, 999, 1004, 1005, 1006, 1016, 1100, 2000, 2999} {
		w.fails(t, fmt.Sprintf("7.9-code-%d-refused", code), protocolError, closing(closeBody(code)))
	}
}

func wsBadUTF8(t *testing.T, w world) {
	invalid := []int{1007}
	for _, bad := range []string{"\xaa", "\xce\xba\xe1\xbd\xb9\xcf\x83\xce\xbc\xce\xb5\xed\xa0\x80edited", "\xc0\xaf", "\xf4\x90\x80\x80", "caf\xc3", "\xff"} {
		w.fails(t, fmt.Sprintf("6.3-%x", bad), invalid, text("PING :"+bad))
		w.fails(t, fmt.Sprintf("6.4-fragment-%x", bad), invalid, part(opText, "PING :"+bad), frame{last: true, payload: " end"})
	}
	c := w.dialFrames(t, "irc") // a code point may be cut between fragments
	c.send(part(opText, "PING :caf\xc3"), part(opContinuation, "\xa9 \xf0\x9f"), frame{last: true, payload: "\x98\x80"})
	c.want(text(":tmi.twitch.tv PONG tmi.twitch.tv :café 😀\r\n"))
}

func wsProtocol(t *testing.T, w world) {
	before := w.closed(t, "protocol")
	w.fails(t, "unmasked-text", protocolError, frame{last: true, opcode: opText, payload: "PING", bare: true})
	w.fails(t, "unmasked-ping", protocolError, frame{last: true, opcode: opPing, bare: true})
	for rsv := byte(1); rsv <= 7; rsv++ { // 3.x
		w.fails(t, fmt.Sprintf("3-rsv-%d-text", rsv), protocolError, frame{last: true, rsv: rsv, opcode: opText, payload: "PING"})
		w.fails(t, fmt.Sprintf("3-rsv-%d-ping", rsv), protocolError, frame{last: true, rsv: rsv, opcode: opPing})
	}
	for _, opcode := range []byte{3, 4, 5, 6, 7, 11, 12, 13, 14, 15} { // 4.x
		w.fails(t, fmt.Sprintf("4-opcode-%d", opcode), protocolError, frame{last: true, opcode: opcode, payload: "x"})
		w.fails(t, fmt.Sprintf("4-opcode-%d-empty", opcode), protocolError, frame{last: true, opcode: opcode})
	}
	counted := w.closed(t, "protocol") - before
	for end := time.Now().Add(3 * time.Second); counted < 36 && time.Now().Before(end); time.Sleep(time.Millisecond) {
		counted = w.closed(t, "protocol") - before // a close is counted when its last bytes are read
	}
	if counted < 36 {
		t.Errorf("36 protocol errors were counted as %v", counted)
	}
	c := w.dialFrames(t, "irc") // what came whole before the error is answered
	c.send(text("PING"), frame{last: true, opcode: 3})
	c.want(text("PONG :tmi.twitch.tv\r\n"))
	c.wantClose(1002)
}

func wsTooBig(t *testing.T, w world) {
	tooBig := []int{1009}
	w.fails(t, "1-MiB-frame", tooBig, text(strings.Repeat("x", 1<<20)))
	t.Run("head-of-a-huge-frame", func(t *testing.T) { // refused before a byte of it comes
		c := w.dialFrames(t, "irc")
		c.raw([]byte{0x81, 0xff, 0, 0, 0x10, 0, 0, 0, 0, 0, 1, 2, 3, 4})
		c.wantClose(1009)
	})
	t.Run("length-with-top-bit", func(t *testing.T) {
		c := w.dialFrames(t, "irc")
		c.raw([]byte{0x81, 0xff, 0x80, 0, 0, 0, 0, 0, 0, 1, 1, 2, 3, 4})
		c.wantClose(1002, 1009)
	})
	var fragments []frame
	for range 256 {
		fragments = append(fragments, part(opContinuation, strings.Repeat("x", 4096)))
	}
	fragments[0].opcode = opText
	w.fails(t, "1-MiB-in-fragments", tooBig, fragments...)
	t.Run("endless-empty-fragments", func(t *testing.T) { // cost nothing, or end it
		before := w.residentBytes(t)
		c := w.dialFrames(t, "irc")
		c.send(part(opText, ""))
		empty := strings.Repeat(string(part(opContinuation, "").encode()), 100_000)
		_ = c.conn.SetWriteDeadline(time.Now().Add(patience))
		_, _ = c.conn.Write([]byte(empty))
		w.wantFlatMemory(t, before, 32<<20)
	})
}
