package chat

import (
	"bytes"
	"time"

	"uproar/core/chat"
	"uproar/core/clue"
	"uproar/edge/engine"
	"uproar/proto/irc"
)

// say hands a line to clue. Its answer comes to answer, on another turn.
func (s *Session) say(l *parsedLine) {
	hub := s.loop.hub
	var buf loginBuffer
	name, _ := nextName(l.Param(0), &buf) // one room; Twitch takes no list here
	if name == nil || l.NumParams() < 2 {
		hub.meters.refuse(refusedTarget)
		return
	}
	room := string(name)
	if s.user.Anonymous {
		hub.meters.refuse(refusedAnonymous)
		return
	}
	line := clue.Submission{
		Room:   room,
		User:   s.user,
		Text:   cleanText(l.Param(1)),
		Origin: s.origin(),
	}
	if len(l.Tags) > 0 {
		line.Nonce = tagValue(l.Tags, "client-nonce", chat.NonceBytesMax)
		line.ReplyTo = tagValue(l.Tags, "reply-parent-msg-id", replyIDBytesMax)
	}
	kind := waitLine
	if clue.IsCommand(line.Text) {
		kind = waitCommand
	}
	ticket, ok := s.loop.waits.add(s, kind, room)
	if !ok {
		s.giveUp(&wait{kind: kind, room: room}, chat.RejectUnavailable)
		return
	}
	line.Ticket = ticket
	if err := hub.cfg.Clue.Submit(line); err != nil {
		s.loop.waits.answered(ticket)
		s.giveUp(&wait{kind: kind, room: room}, chat.RejectUnavailable)
	}
}

// origin names the session's connection.
func (s *Session) origin() chat.Origin {
	return chat.Origin{Edge: s.loop.hub.cfg.EdgeID, Conn: uint64(s.conn.Handle())}
}

// senderOf is the connection of this loop that a line came from, if it did and is still
// there.
func (l *loop) senderOf(m *chat.Message) *engine.Conn {
	if m.Origin.Edge != l.hub.cfg.EdgeID {
		return nil
	}
	return l.Conn(engine.Handle(m.Origin.Conn))
}

// replyIDBytesMax is the length of a UUID; no other id names a line.
const replyIDBytesMax = 36

func cleanText(text []byte) string {
	if irc.IsCleanText(text) {
		return string(text)
	}
	return string(irc.AppendCleanText(nil, text))
}

// tagValue is a client's tag, or "" when it is longer than bytesMax.
func tagValue(tags irc.Tags, key string, bytesMax int) string {
	raw, ok := tags.Get(key)
	if !ok || len(raw) == 0 || len(raw) > 2*bytesMax {
		return ""
	}
	// It goes out escaped, so only what is no UTF-8 can do harm.
	value := bytes.ToValidUTF8(irc.AppendUnescaped(nil, raw), []byte("\uFFFD"))
	if len(value) > bytesMax {
		return ""
	}
	return string(value)
}

// answer collects what the sender is told of clue's decision.
func (s *Session) answer(d *clue.Decision) {
	switch d.Outcome {
	case clue.Accepted:
		s.user = d.Message.User // the same account, in the colour that it has by now
		s.loop.hub.meters.decided.Update(time.Since(d.Message.Time).Seconds())
		if s.caps&capCommands != 0 {
			s.loop.out = appendUserState(s.loop.out, &s.loop.hub.text, d.Room, s.user, d.Roles, s.caps, d.Message)
		}
	case clue.Rejected:
		s.notice(d.Room, d.Rejection)
	case clue.Told:
		if d.Notice.MsgID != "" {
			s.notice(d.Room, &d.Notice)
		}
		s.showOutside(d)
	}
}

// showOutside tells a sender who is not in the room what a command of his has told its
// members.
func (s *Session) showOutside(d *clue.Decision) {
	if s.seatIn([]byte(d.Room)) >= 0 {
		return
	}
	for _, e := range d.Events {
		if c, ok := e.(*chat.ModeChange); ok {
			s.notice(d.Room, &c.Notice)
		}
	}
}
