package web

import (
	"errors"

	"uproar/edge/chat"
	"uproar/edge/engine"
	"uproar/proto/irc"
	"uproar/proto/ws"
)

// socket is a session of chat over a WebSocket. It is one allocation.
type socket struct {
	chat.Session
	frames ws.Decoder
}

// messageBytesMax bounds a message: the longest line that the session reads.
const messageBytesMax = irc.LineBytesMax

// openSocket begins a session. deflate says whether both sides may compress. One line is
// too short for that, so where each is a message, only the client does.
func openSocket(c *engine.Conn, p ws.Protocol, deflate bool) {
	s := &socket{frames: ws.Decoder{Deflate: deflate}}
	c.SetHandler(s)
	wire := chat.WireIRC
	switch {
	case p == ws.ProtocolText:
		wire = chat.WireText
	case p == ws.ProtocolBinary:
		wire = chat.WireBinary
	case deflate:
		wire = chat.WireDeflate
	}
	s.Start(c, wire)
}

// Data implements engine.Handler.
func (s *socket) Data(c *engine.Conn, in []byte) int {
	used := 0
	for c.Open() {
		ev, n, err := s.frames.Next(in[used:], messageBytesMax)
		if err != nil {
			s.fail(err)
			break
		}
		if n == 0 {
			break
		}
		used += n
		s.event(c, &ev)
	}
	s.Flush()
	if !c.Open() {
		return len(in)
	}
	return used
}

func (s *socket) event(c *engine.Conn, ev *ws.Event) {
	// Lines are counted by themselves.
	if (ev.Op != ws.OpText && ev.Op != ws.OpBinary || len(ev.Payload) == 0) && !s.Hear() {
		return
	}
	switch ev.Op {
	case ws.OpText, ws.OpBinary:
		s.Feed(ev.Payload, true)
	case ws.OpPing:
		// Before any backlog, as an IRC PONG.
		pong := ws.AppendFrame(c.Loop().Scratch(), ws.OpPong, ev.Payload)
		c.WriteUrgent(pong)
		c.Loop().KeepScratch(pong)
	case ws.OpClose:
		s.ByeCode(ev.Code, engine.ReasonQuit)
	}
}

// fail answers a broken frame with its close code.
func (s *socket) fail(err error) {
	var refused *ws.CloseError
	if !errors.As(err, &refused) {
		panic("BUG: decoder failed without a close code: " + err.Error())
	}
	reason := engine.ReasonProtocol
	if refused.Code == ws.CodeTooBig {
		reason = engine.ReasonInputTooLong
	}
	s.ByeCode(refused.Code, reason)
}
