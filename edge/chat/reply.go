package chat

import (
	"bytes"

	"uproar/core/chat"
	"uproar/edge/engine"
	"uproar/proto/irc"
	"uproar/proto/ws"
)

// Replies of one turn are collected in loop.out, each ending in CRLF, and written by
// Flush, at the end of the turn or when they are long. Nothing else of the loop runs in
// between.

// parsedLine is what the session reads lines into.
type parsedLine = irc.Line

// Flush writes the replies collected in this turn: one write, and one frame where the
// wire lets a frame hold several lines.
func (s *Session) Flush() {
	out := s.loop.out
	if len(out) == 0 {
		return
	}
	s.loop.out = out[:0]
	if s.wire == WireTCP {
		s.conn.Write(out)
	} else {
		framed := appendFrames(s.loop.Scratch(), s.wire, out)
		s.conn.Write(framed)
		s.loop.KeepScratch(framed)
	}
	if cap(out) > outBytesKeptMax {
		s.loop.out = nil
	}
}

const outBytesKeptMax = 64 << 10

// flushIfLong writes what is collected when it is long, so that a turn's replies are
// bounded by what the outbox takes, and not by what one read can ask for.
func (s *Session) flushIfLong() {
	if len(s.loop.out) > outBytesLong {
		s.Flush()
	}
}

const outBytesLong = 16 << 10

// appendFrames frames lines that end in CRLF.
func appendFrames(dst []byte, wire Wire, lines []byte) []byte {
	if wire == WireIRC || wire == WireDeflate {
		return ws.AppendFrame(dst, ws.OpText, lines)
	}
	for len(lines) > 0 {
		end := bytes.IndexByte(lines, '\n') + 1
		dst = ws.AppendFrame(dst, opOf(wire), lines[:end-len("\r\n")])
		lines = lines[end:]
	}
	return dst
}

func opOf(wire Wire) ws.Op {
	if wire == WireBinary {
		return ws.OpBinary
	}
	return ws.OpText
}

// Bye ends the session: what is collected is written, then a line that names the
// reason where the protocol has none, then the WebSocket's close.
func (s *Session) Bye(r engine.Reason) {
	if s.conn.Open() {
		s.farewell(r)
		s.Flush()
	}
	s.ByeCode(closeCodes[r], r)
}

// farewell appends the line that says why. A failed login has had its NOTICE, and
// clients read RECONNECT and a bare close well.
func (s *Session) farewell(r engine.Reason) {
	switch r {
	case engine.ReasonFlood, engine.ReasonInputTooLong, engine.ReasonRegisterTimeout, engine.ReasonPingTimeout:
		s.loop.out = append(s.loop.out, "ERROR :Closing link: "...)
		s.loop.out = append(s.loop.out, r.Text()...)
		s.loop.out = append(s.loop.out, '\r', '\n')
	}
}

// ByeCode ends the session with a WebSocket close code, where there is a WebSocket.
func (s *Session) ByeCode(code uint16, r engine.Reason) {
	if !s.conn.Open() {
		return
	}
	s.Flush()
	if s.wire != WireTCP {
		frame := ws.AppendClose(s.loop.Scratch(), code, r.Text())
		s.conn.Write(frame)
		s.loop.KeepScratch(frame)
	}
	s.conn.Close(r)
}

// closeCodes are the WebSocket close codes of reasons (RFC 6455 section 7.4.1, and
// 1012 Service Restart from IANA's registry). Those left out are 1000.
var closeCodes = func() (codes [32]uint16) {
	for i := range codes {
		codes[i] = ws.CodeNormal
	}
	codes[engine.ReasonDrain] = 1012
	codes[engine.ReasonFlood] = 1008
	codes[engine.ReasonAuth] = 1008
	codes[engine.ReasonRegisterTimeout] = 1008
	codes[engine.ReasonPingTimeout] = 1008
	codes[engine.ReasonInputTooLong] = 1009
	codes[engine.ReasonProtocol] = 1002
	return codes
}()

// nick is how the client is addressed: "*" until it is registered.
func (s *Session) nick() string {
	if s.user == nil {
		return "*"
	}
	return s.user.Login
}

// numeric collects `:server NNN nick rest`.
func (s *Session) numeric(code, rest string) {
	out := append(s.loop.out, s.loop.hub.text.prefix...)
	out = append(out, code...)
	out = append(out, ' ')
	out = append(out, s.nick()...)
	out = append(out, ' ')
	out = append(out, rest...)
	s.loop.out = append(out, '\r', '\n')
}

func (s *Session) unknown(command []byte) {
	s.loop.hub.meters.refuse(refusedCommand)
	out := append(s.loop.out, s.loop.hub.text.prefix...)
	out = append(out, "421 "...)
	out = append(out, s.nick()...)
	out = append(out, ' ')
	out = irc.AppendCleanText(out, command)
	s.loop.out = append(out, " :Unknown command\r\n"...)
}

// pong answers PING in the two shapes that clients know: bare without a prefix, and
// with the first parameter given back.
func (s *Session) pong(l *parsedLine) {
	start := len(s.loop.out)
	out := s.loop.out
	if l.NumParams() == 0 {
		out = append(out, s.loop.hub.text.pongBare...)
	} else {
		out = append(out, s.loop.hub.text.prefix...)
		out = append(out, "PONG "...)
		out = append(out, s.loop.hub.text.host...)
		out = append(out, " :"...)
		out = irc.AppendCleanText(out, l.Param(0))
		out = append(out, '\r', '\n')
	}
	s.loop.out = out
	if !s.conn.Blocked() {
		return
	}
	// A backlog must not delay it: clients drop a link that is silent for 2 to 10 s.
	line := out[start:]
	if s.wire != WireTCP {
		line = appendFrames(s.loop.Scratch(), s.wire, line)
	}
	s.conn.WriteUrgent(line)
	s.loop.out = out[:start]
}

// notice collects a NOTICE about a room.
func (s *Session) notice(room string, r *chat.Notice) {
	s.loop.out = appendNotice(s.loop.out, &s.loop.hub.text, room, r, s.caps)
}

// appendNotice appends a NOTICE about a room. Those without the tags capability get the
// text alone.
func appendNotice(dst []byte, t *texts, room string, n *chat.Notice, caps capabilities) []byte {
	if caps&capTags != 0 {
		dst = append(append(append(dst, "@msg-id="...), n.MsgID...), ' ')
	}
	dst = append(append(append(dst, t.prefix...), "NOTICE #"...), room...)
	return append(append(append(dst, " :"...), n.Text...), '\r', '\n')
}
