package exchange

import (
	"fmt"
	"strings"
	"time"
	"unicode/utf8"

	"uproar/core/chat"
)

// slabMax is how many messages are allocated at once.
const slabMax = 32

// said is a message with what nearly every message has, in one piece.
type said struct {
	chat.Message
	user chat.User
}

// reader takes fields from the front of what is left of a part. Its first error stays,
// and every field after it is zero.
type reader struct {
	s    string // what is left; fields are substrings of it
	err  error
	left int // events that are not yet read, this one included
	slab []said
}

func (r *reader) fail(format string, args ...any) {
	if r.err == nil {
		r.err = fmt.Errorf("%w: "+format, append([]any{errDamaged}, args...)...)
	}
	r.s = ""
}

func (r *reader) byte() byte {
	if r.s == "" {
		r.fail("it ends early")
		return 0
	}
	v := r.s[0]
	r.s = r.s[1:]
	return v
}

// uint is binary.Uvarint of a string.
func (r *reader) uint() uint64 {
	var v uint64
	for i := range len(r.s) {
		b := r.s[i]
		if i == 9 && b > 1 {
			break
		}
		v |= uint64(b&0x7f) << (7 * i)
		if b < 0x80 {
			r.s = r.s[i+1:]
			return v
		}
	}
	r.fail("a number is cut short or too large")
	return 0
}

func (r *reader) int() int64 {
	v := r.uint()
	return int64(v>>1) ^ -int64(v&1)
}

func (r *reader) raw(bytesMax int) string {
	n := r.uint()
	if n > uint64(bytesMax) || n > uint64(len(r.s)) {
		r.fail("a text of %d bytes, want at most %d, and %d are left", n, bytesMax, len(r.s))
		return ""
	}
	s := r.s[:n]
	r.s = r.s[n:]
	if !utf8.ValidString(s) {
		r.fail("a text that is no UTF-8: %.20q", s)
		return ""
	}
	return s
}

func (r *reader) text(bytesMax int) string {
	s := r.raw(bytesMax)
	if hasControl(s) {
		r.fail("a text with control bytes: %.20q", s)
		return ""
	}
	return s
}

func (r *reader) quoted() string {
	s := r.raw(quotedBytesMax)
	if hasControl(strings.ReplaceAll(s, ctcp, "")) {
		r.fail("a text with control bytes: %.20q", s)
		return ""
	}
	return s
}

func (r *reader) duration() time.Duration {
	ms := r.int()
	if ms > durationMax || ms < -durationMax {
		r.fail("a duration of %d ms", ms)
		return 0
	}
	return time.Duration(ms) * time.Millisecond
}

// bits fills flags from one byte, the first one lowest.
func (r *reader) bits(flags ...*bool) {
	v := r.byte()
	for i, f := range flags {
		*f = v&(1<<i) != 0
	}
	if v>>len(flags) != 0 {
		r.fail("unknown flags %b", v)
	}
}

// user reads a user into u and returns it, or nil when there is none; u may be nil.
func (r *reader) user(u *chat.User) *chat.User {
	var some, anonymous bool
	r.bits(&some, &anonymous)
	if !some {
		if anonymous {
			r.fail("flags of nobody")
		}
		return nil
	}
	if u == nil {
		u = new(chat.User)
	}
	u.ID = r.text(idBytesMax)
	u.Login = r.text(nameBytesMax)
	u.Display = r.text(nameBytesMax)
	u.Color = r.text(colorBytesMax)
	u.Anonymous = anonymous
	return u
}

// event reads one event at place, but for its time.
func (r *reader) event(place *chat.Place) chat.Event {
	kind := r.byte()
	place.Time = time.UnixMilli(r.int())
	switch kind {
	case kindMessage:
		return r.message(place)
	case kindClearing:
		return &chat.Clearing{Place: *place, Target: r.user(nil), For: r.duration()}
	case kindDeletion:
		return &chat.Deletion{Place: *place, MessageID: r.text(idBytesMax), Login: r.text(nameBytesMax), Text: r.quoted()}
	case kindModeChange:
		return r.modeChange(place)
	case kindAnnouncement:
		return &chat.Announcement{
			Place: *place, ID: r.text(idBytesMax), User: r.user(nil), Roles: chat.Roles(r.byte()),
			Text: r.text(textBytesMax), Color: r.text(colorBytesMax),
		}
	case kindRaid:
		return r.raid(place)
	case kindWhisper:
		return &chat.Whisper{
			Place: *place, To: r.text(nameBytesMax), ID: r.text(idBytesMax), ThreadID: r.text(idBytesMax),
			From: r.user(nil), Emotes: r.text(emotesBytesMax), Text: r.text(textBytesMax),
		}
	case kindNotify:
		return &chat.Notify{
			Place: *place, Logins: r.logins(), About: r.text(nameBytesMax),
			Notice: chat.Notice{MsgID: r.text(idBytesMax), Text: r.text(noticeBytesMax)},
		}
	case kindGap:
		return &chat.Gap{Place: *place, Missed: r.uint()}
	}
	r.fail("an event of kind %d", kind)
	return nil
}

func (r *reader) logins() []string {
	n := r.uint()
	if n > loginsMax || n > uint64(len(r.s)) {
		r.fail("a notice to %d users", n)
		return nil
	}
	logins := make([]string, n)
	for i := range logins {
		logins[i] = r.text(nameBytesMax)
	}
	return logins
}

func (r *reader) message(place *chat.Place) chat.Event {
	if len(r.slab) == 0 {
		r.slab = make([]said, min(r.left, slabMax))
	}
	s := &r.slab[0]
	r.slab = r.slab[1:]
	m := &s.Message
	m.Place = *place
	var reply, origin bool
	r.bits(&m.Action, &m.First, &m.Returning, &reply, &origin)
	m.ID = r.text(idBytesMax)
	m.User = r.user(&s.user)
	m.Roles = chat.Roles(r.byte())
	m.Text = r.text(textBytesMax)
	m.Emotes = r.text(emotesBytesMax)
	m.Nonce = r.raw(chat.NonceBytesMax)
	if origin {
		m.Origin = chat.Origin{Edge: r.uint(), Conn: r.uint()}
	}
	if reply {
		m.Reply = &chat.Reply{
			ParentID: r.text(idBytesMax), ThreadID: r.text(idBytesMax),
			ParentUser: r.user(nil), ThreadUser: r.user(nil), ParentText: r.text(textBytesMax),
		}
	}
	return m
}

func (r *reader) modeChange(place *chat.Place) chat.Event {
	c := &chat.ModeChange{Place: *place, Mode: chat.Mode(r.byte())}
	m := &c.Modes
	r.bits(&m.FollowersOnly, &m.SubscribersOnly, &m.EmoteOnly, &m.Unique)
	m.Slow = r.duration()
	m.FollowersFor = r.duration()
	c.Notice.MsgID = r.text(idBytesMax)
	c.Notice.Text = r.text(noticeBytesMax)
	return c
}

func (r *reader) raid(place *chat.Place) chat.Event {
	raid := &chat.Raid{Place: *place}
	r.bits(&raid.Off)
	raid.ID = r.text(idBytesMax)
	raid.User = r.user(nil)
	raid.Roles = chat.Roles(r.byte())
	raid.Target = r.text(nameBytesMax)
	viewers := r.uint()
	if viewers > viewersMax {
		r.fail("a raid of %d viewers", viewers)
	}
	raid.Viewers = int(viewers)
	return raid
}
