package uplink

import (
	"strings"
	"time"
	"unicode/utf8"

	"uproar/core/chat"
	"uproar/core/clue"
	"uproar/core/exchange"
	wire "uproar/proto/link"
)

// submissionOf is a line as it travels: under our own ticket.
func submissionOf(l *line, ticket uint32, now time.Duration) wire.Submission {
	return wire.Submission{
		Ticket: ticket, Origin: l.Origin.Conn, Left: l.until - now, Sent: now,
		Room: l.Room, User: userOf(l.User), Text: cut(l.Text, wire.TextBytesMax), Nonce: l.Nonce, ReplyTo: l.ReplyTo,
	}
}

// admissionOf is an admission as it travels, likewise.
func admissionOf(e *entry, ticket uint32, now time.Duration) wire.Admission {
	return wire.Admission{
		Ticket: ticket, Origin: e.Origin.Conn, Left: e.until - now, Sent: now, Behind: e.Behind, Again: e.Again,
		User: userOf(e.User), Rooms: e.Rooms,
	}
}

func userOf(u *chat.User) wire.User {
	return wire.User{ID: u.ID, Login: u.Login, Display: u.Display, Color: u.Color, Anonymous: u.Anonymous}
}

// cut cuts a text between characters. Bytes that are no UTF-8 have become three each on the way here, so a line can be
// longer than the link takes; clue cuts it further.
func cut(s string, bytesMax int) string {
	if len(s) <= bytesMax {
		return s
	}
	for bytesMax > 0 && !utf8.RuneStart(s[bytesMax]) {
		bytesMax--
	}
	return s[:bytesMax]
}

// decision is clue's answer to a line.
func (p *process) decision(l *line, w *wire.Decision) clue.Decision {
	d := decisionFor(l)
	d.Outcome, d.Roles = clue.Outcome(w.Outcome), chat.Roles(w.Roles)
	switch d.Outcome {
	case clue.Accepted:
		d.Message = p.message(l, w)
	case clue.Rejected:
		d.Rejection = p.notice(&w.Notice)
	case clue.Told:
		d.Notice = *p.notice(&w.Notice)
		d.Events = p.events(l.Room, w.Events)
	}
	return d
}

// message is the line of an Accepted. It was said, even if its event cannot be read: then the sender is told without
// the id.
func (p *process) message(l *line, w *wire.Decision) *chat.Message {
	if events := p.events(l.Room, w.Events); len(events) == 1 {
		if m, ok := events[0].(*chat.Message); ok && m.User != nil {
			return m
		}
	}
	p.clue.meters.damaged.Inc()
	return &chat.Message{
		Place: chat.Place{Room: l.Room, Time: time.Now()}, User: l.User, Roles: chat.Roles(w.Roles), Nonce: l.Nonce, Origin: l.Origin,
	}
}

// events reads the events of a decision, whose places have no number. None are what cannot be read.
func (p *process) events(room, text string) []chat.Event {
	p.in.events = append(p.in.events[:0], text...)
	for part, err := range exchange.Parts(p.in.events) {
		if err != nil {
			break
		}
		if string(part.Room) != room { // a raid is seen elsewhere
			room = string(part.Room)
		}
		events, err := part.Decode(room)
		if err != nil {
			break
		}
		for _, e := range events {
			e.Where().Epoch, e.Where().Seq = 0, 0
		}
		return events
	}
	return nil
}

// notice is what a person is told. Clients are sent its bytes, so they must not end the line.
func (p *process) notice(n *wire.Notice) *chat.Notice {
	if !clean(n.MsgID) || !clean(n.Text) {
		p.clue.meters.damaged.Inc()
		return chat.RejectUnavailable
	}
	return &chat.Notice{MsgID: n.MsgID, Text: n.Text}
}

// clean reports whether a text is UTF-8 without control bytes.
func clean(s string) bool {
	return utf8.ValidString(s) && strings.IndexFunc(s, func(r rune) bool { return r < ' ' || r == 0x7f }) < 0
}

// admittedOf is clue's answer to an admission, one for each room.
func (p *process) admittedOf(e *entry, w *wire.Answer) []clue.Admitted {
	as := make([]clue.Admitted, len(e.Rooms))
	for i := range as {
		v := &w.Verdicts[i]
		m := &v.Modes
		as[i] = clue.Admitted{
			Room: e.Rooms[i], User: e.User, Roles: chat.Roles(v.Roles), NoModes: v.NoModes, Missing: v.Missing, Again: e.Again,
			Modes: chat.Modes{
				Slow: m.Slow, FollowersFor: m.FollowersFor, FollowersOnly: m.FollowersOnly,
				SubscribersOnly: m.SubscribersOnly, EmoteOnly: m.EmoteOnly, Unique: m.Unique,
			},
		}
		if v.Refused {
			as[i].Rejection = p.notice(&v.Notice)
		}
		if v.Color != e.User.Color && clean(v.Color) {
			dressed := *e.User
			dressed.Color = v.Color
			as[i].User = &dressed
		}
	}
	return as
}
