package link

import (
	"unicode/utf8"

	"uproar/core/chat"
	"uproar/core/clue"
	"uproar/core/exchange"
	"uproar/proto/irc"
	wire "uproar/proto/link"
)

// Bounds of what an edge may say of a user and a line, beside those of chat: beyond, the exchange carries it to nobody.
const (
	idBytesMax      = 64
	displayBytesMax = 128
	colorBytesMax   = 32
	replyToBytesMax = 36 // a UUID; no other id names a line
)

// submissionOf is a line as clue takes it. It fails where an edge should have known better: the edge is trusted with who
// its clients are, but one that is wrong must not break the lines of a whole room.
func submissionOf(s *wire.Submission, edge uint64) (sub clue.Submission, ok bool) {
	ok = validName(s.Room) && validUser(&s.User) && irc.IsCleanText([]byte(s.Text)) &&
		len(s.Nonce) <= chat.NonceBytesMax && utf8.ValidString(s.Nonce) &&
		len(s.ReplyTo) <= replyToBytesMax && utf8.ValidString(s.ReplyTo)
	if !ok {
		return sub, false
	}
	return clue.Submission{
		Room: s.Room, User: userOf(&s.User), Text: s.Text, Nonce: s.Nonce, ReplyTo: s.ReplyTo,
		Origin: chat.Origin{Edge: edge, Conn: s.Origin}, Ticket: s.Ticket,
	}, true
}

// admissionOf is an admission as clue takes it. It fails likewise.
func admissionOf(a *wire.Admission, edge uint64) (clue.Admission, bool) {
	ok := validUser(&a.User)
	for _, room := range a.Rooms {
		ok = ok && validName(room)
	}
	if !ok {
		return clue.Admission{}, false
	}
	return clue.Admission{
		User: userOf(&a.User), Rooms: a.Rooms,
		Origin: chat.Origin{Edge: edge, Conn: a.Origin}, Ticket: a.Ticket, Behind: a.Behind, Again: a.Again,
	}, true
}

func validName(name string) bool { return chat.ValidName([]byte(name)) }

func validUser(u *wire.User) bool {
	return validName(u.Login) && validWord(u.ID, idBytesMax) &&
		validWord(u.Display, displayBytesMax) && validWord(u.Color, colorBytesMax)
}

// validWord reports whether clients can be sent a text as it is.
func validWord(s string, bytesMax int) bool {
	if len(s) > bytesMax || !utf8.ValidString(s) {
		return false
	}
	for i := range len(s) {
		if s[i] < ' ' || s[i] == 0x7f {
			return false
		}
	}
	return true
}

func userOf(u *wire.User) *chat.User {
	return &chat.User{ID: u.ID, Login: u.Login, Display: u.Display, Color: u.Color, Anonymous: u.Anonymous}
}

// turnedAway refuses all rooms of an admission.
func turnedAway(a *wire.Admission) wire.Answer {
	vs := make([]wire.Verdict, len(a.Rooms))
	for i := range vs {
		vs[i] = wire.Verdict{NoModes: true, Refused: true, Notice: noticeOf(clue.RejectEntry)}
	}
	return wire.Answer{Ticket: a.Ticket, Origin: a.Origin, Again: a.Again, Verdicts: vs}
}

// answerOf is clue's answer to an admission as it travels.
func answerOf(e *entry) wire.Answer {
	vs := make([]wire.Verdict, len(e.as))
	for i := range e.as {
		a := &e.as[i]
		m := &a.Modes
		vs[i] = wire.Verdict{
			Color: cut(a.User.Color, wire.WordBytesMax), Roles: uint8(a.Roles), NoModes: a.NoModes, Missing: a.Missing,
			Refused: a.Rejection != nil, Notice: noticeOf(a.Rejection),
			Modes: wire.Modes{
				Slow: m.Slow, FollowersFor: m.FollowersFor, FollowersOnly: m.FollowersOnly,
				SubscribersOnly: m.SubscribersOnly, EmoteOnly: m.EmoteOnly, Unique: m.Unique,
			},
		}
	}
	return wire.Answer{Ticket: e.ticket, Origin: e.origin, Again: e.again, Verdicts: vs}
}

// decisionOf is clue's answer to a line as it travels.
func decisionOf(d *clue.Decision, events string) wire.Decision {
	w := wire.Decision{
		Ticket: d.Ticket, Origin: d.Origin.Conn, Outcome: wire.Outcome(d.Outcome), Roles: uint8(d.Roles), Events: events,
	}
	switch d.Outcome {
	case clue.Rejected:
		w.Notice = noticeOf(d.Rejection)
	case clue.Told:
		w.Notice = noticeOf(&d.Notice)
	}
	return w
}

// noticeOf is a notice as it travels, cut to what may.
func noticeOf(n *chat.Notice) wire.Notice {
	if n == nil {
		return wire.Notice{}
	}
	return wire.Notice{MsgID: cut(n.MsgID, wire.WordBytesMax), Text: cut(n.Text, wire.NoticeBytesMax)}
}

// cut cuts a text between characters.
func cut(s string, bytesMax int) string {
	if len(s) <= bytesMax {
		return s
	}
	for bytesMax > 0 && !utf8.RuneStart(s[bytesMax]) {
		bytesMax--
	}
	return s[:bytesMax]
}

// eventWriter encodes the events of decisions.
type eventWriter struct {
	buf, body []byte
	ends      []int // in buf, by decision
	texts     []string
	one       [1]chat.Event
}

// nowhere is the position of events whose place in the room does not matter: readers want one.
var nowhere = exchange.Position{Epoch: 1, Seq: 1}

// bytesKeptMax bounds what an eventWriter keeps room for.
const bytesKeptMax = 256 << 10

// encode returns the events of each decision, all in one piece of memory. The slice is good until the next call.
func (w *eventWriter) encode(ds []clue.Decision) []string {
	w.buf, w.ends = w.buf[:0], w.ends[:0]
	clear(w.texts)
	w.texts = w.texts[:0]
	for i := range ds {
		w.add(&ds[i])
	}
	w.one[0] = nil
	all, from := string(w.buf), 0
	for _, end := range w.ends {
		w.texts = append(w.texts, all[from:end])
		from = end
	}
	if cap(w.buf) > bytesKeptMax {
		w.buf = nil
	}
	return w.texts
}

// add encodes the events of one decision. Those that cannot be, or are too long, are left out: the sender is told what
// became of his line all the same.
func (w *eventWriter) add(d *clue.Decision) {
	events := d.Events
	if d.Outcome == clue.Accepted {
		w.one[0] = d.Message
		events = w.one[:]
	}
	from := len(w.buf)
	if len(events) > 0 {
		var err error
		room := events[0].Where().Room // a raid is seen elsewhere
		if w.body, err = exchange.AppendBody(w.body[:0], exchange.Stamp{}, room, events); err == nil {
			w.buf = exchange.AppendPart(w.buf, nowhere, w.body)
		}
		if len(w.buf)-from > wire.EventsBytesMax {
			w.buf = w.buf[:from]
		}
	}
	w.ends = append(w.ends, len(w.buf))
}
