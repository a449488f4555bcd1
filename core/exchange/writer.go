package exchange

import (
	"encoding/binary"
	"fmt"
	"math"
	"strings"
	"time"
	"unicode/utf8"

	"uproar/core/chat"
)

// writer appends the fields of a body. Its first error stays; what is appended after it
// is to be thrown away.
type writer struct {
	b   []byte
	err error
}

func (w *writer) fail(format string, args ...any) {
	if w.err == nil {
		w.err = fmt.Errorf(format, args...)
	}
}

func (w *writer) byte(v byte)   { w.b = append(w.b, v) }
func (w *writer) uint(v uint64) { w.b = binary.AppendUvarint(w.b, v) }
func (w *writer) int(v int64)   { w.b = binary.AppendVarint(w.b, v) }

// raw appends a string whose bytes clients are sent only escaped.
func (w *writer) raw(s string, bytesMax int) {
	if len(s) > bytesMax {
		w.fail("a text of %d bytes, want at most %d", len(s), bytesMax)
	} else if !utf8.ValidString(s) {
		w.fail("a text that is no UTF-8: %.20q", s)
	}
	w.uint(uint64(len(s)))
	w.b = append(w.b, s...)
}

// text appends a string that clients are sent as it is.
func (w *writer) text(s string, bytesMax int) {
	if hasControl(s) {
		w.fail("a text with control bytes: %.20q", s)
	}
	w.raw(s, bytesMax)
}

// quoted appends a line as it was sent, which may be an action: that stands between two
// bytes \x01.
func (w *writer) quoted(s string) {
	if hasControl(strings.ReplaceAll(s, ctcp, "")) {
		w.fail("a text with control bytes: %.20q", s)
	}
	w.raw(s, quotedBytesMax)
}

// ctcp stands around what is more than text, as in "\x01ACTION waves\x01".
const (
	ctcp           = "\x01"
	quotedBytesMax = textBytesMax + len(ctcp+"ACTION "+ctcp)
)

func (w *writer) duration(d time.Duration) { w.int(d.Milliseconds()) }

// bits packs flags into one byte, the first one lowest.
func (w *writer) bits(flags ...bool) {
	var v byte
	for i, f := range flags {
		if f {
			v |= 1 << i
		}
	}
	w.byte(v)
}

// user appends u, which may be nil.
func (w *writer) user(u *chat.User) {
	if u == nil {
		w.bits(false)
		return
	}
	w.bits(true, u.Anonymous)
	w.text(u.ID, idBytesMax)
	w.text(u.Login, nameBytesMax)
	w.text(u.Display, nameBytesMax)
	w.text(u.Color, colorBytesMax)
}

func (w *writer) event(e chat.Event) {
	switch e := e.(type) {
	case *chat.Message:
		w.head(kindMessage, &e.Place)
		w.message(e)
	case *chat.Clearing:
		w.head(kindClearing, &e.Place)
		w.user(e.Target)
		w.duration(e.For)
	case *chat.Deletion:
		w.head(kindDeletion, &e.Place)
		w.text(e.MessageID, idBytesMax)
		w.text(e.Login, nameBytesMax)
		w.quoted(e.Text)
	case *chat.ModeChange:
		w.head(kindModeChange, &e.Place)
		w.modeChange(e)
	case *chat.Announcement:
		w.head(kindAnnouncement, &e.Place)
		w.text(e.ID, idBytesMax)
		w.user(e.User)
		w.byte(byte(e.Roles))
		w.text(e.Text, textBytesMax)
		w.text(e.Color, colorBytesMax)
	case *chat.Raid:
		w.head(kindRaid, &e.Place)
		w.raid(e)
	case *chat.Whisper:
		w.head(kindWhisper, &e.Place)
		w.text(e.To, nameBytesMax)
		w.text(e.ID, idBytesMax)
		w.text(e.ThreadID, idBytesMax)
		w.user(e.From)
		w.text(e.Emotes, emotesBytesMax)
		w.text(e.Text, textBytesMax)
	case *chat.Notify:
		w.head(kindNotify, &e.Place)
		w.logins(e.Logins)
		w.text(e.About, nameBytesMax)
		w.text(e.Notice.MsgID, idBytesMax)
		w.text(e.Notice.Text, noticeBytesMax)
	case *chat.Gap:
		w.head(kindGap, &e.Place)
		w.uint(e.Missed)
	default:
		w.fail("an event of type %T", e)
	}
}

func (w *writer) head(kind byte, at *chat.Place) {
	w.byte(kind)
	w.int(at.Time.UnixMilli())
}

func (w *writer) message(m *chat.Message) {
	w.bits(m.Action, m.First, m.Returning, m.Reply != nil, m.Origin != (chat.Origin{}))
	w.text(m.ID, idBytesMax)
	w.user(m.User)
	w.byte(byte(m.Roles))
	w.text(m.Text, textBytesMax)
	w.text(m.Emotes, emotesBytesMax)
	w.raw(m.Nonce, chat.NonceBytesMax)
	if m.Origin != (chat.Origin{}) {
		w.uint(m.Origin.Edge)
		w.uint(m.Origin.Conn)
	}
	if r := m.Reply; r != nil {
		w.text(r.ParentID, idBytesMax)
		w.text(r.ThreadID, idBytesMax)
		w.user(r.ParentUser)
		w.user(r.ThreadUser)
		w.text(r.ParentText, textBytesMax)
	}
}

func (w *writer) modeChange(c *chat.ModeChange) {
	m := &c.Modes
	w.byte(byte(c.Mode))
	w.bits(m.FollowersOnly, m.SubscribersOnly, m.EmoteOnly, m.Unique)
	w.duration(m.Slow)
	w.duration(m.FollowersFor)
	w.text(c.Notice.MsgID, idBytesMax)
	w.text(c.Notice.Text, noticeBytesMax)
}

func (w *writer) raid(r *chat.Raid) {
	if r.Viewers < 0 || r.Viewers > viewersMax {
		w.fail("a raid of %d viewers", r.Viewers)
	}
	w.bits(r.Off)
	w.text(r.ID, idBytesMax)
	w.user(r.User)
	w.byte(byte(r.Roles))
	w.text(r.Target, nameBytesMax)
	w.uint(uint64(r.Viewers))
}

func (w *writer) logins(logins []string) {
	if len(logins) > loginsMax {
		w.fail("a notice to %d users, want at most %d", len(logins), loginsMax)
	}
	w.uint(uint64(len(logins)))
	for _, login := range logins {
		w.text(login, nameBytesMax)
	}
}

// hasControl reports a byte that could end a line, or begin what is no text. DEL does
// neither, and people may say it.
func hasControl(s string) bool {
	for i := range len(s) {
		if s[i] < ' ' {
			return true
		}
	}
	return false
}

// durationMax is the longest duration in milliseconds.
const durationMax = math.MaxInt64 / int64(time.Millisecond)
