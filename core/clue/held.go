package clue

import (
	"container/list"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"

	"uproar/core/chat"
	"uproar/core/clue/command"
)

// Bounds of the lines that are held for moderators. At a bound, and after the time, the
// oldest within it leaves: it can no longer be decided. A sender's own leave first, so
// that few cannot push out the lines of others.
const (
	heldPerSenderMax = 5 // of a room
	heldPerRoomMax   = 50
	heldMax          = 10_000 // over all shards
	heldFor          = 5 * time.Minute
)

// heldIDBytes is the length of the id that moderators type: the beginning of a random
// one, since it has to differ only from those of its room.
const heldIDBytes = 8

// held is the lines of one shard that moderators have still to decide. Nobody has seen
// them, and no rule remembers them.
type held struct {
	max    int
	all    list.List              // of *heldLine, oldest first
	byRoom map[string][]*heldLine // oldest first; no room is empty
	meters *meters
}

// heldLine is one of them.
type heldLine struct {
	id       uuid.UUID
	line     *chat.Message // whole but for its place in the room
	at       int64         // tick
	place    *list.Element // in held.all
	underWay bool          // approved, and to be published: if it cannot be, it is to be decided again
}

func newHeld(cfg *Config, m *meters) *held {
	return &held{max: max(1, heldMax/cfg.Shards), byRoom: make(map[string][]*heldLine), meters: m}
}

// heldID is what moderators call a held line.
func heldID(m *chat.Message) string { return m.ID[:heldIDBytes] }

func (h *held) add(l *heldLine) {
	lines := h.byRoom[l.line.Room]
	if own, n := heldOf(lines, l.line.User.Login); n == heldPerSenderMax {
		h.forget(own)
	} else if len(lines) == heldPerRoomMax {
		h.forget(lines[0])
	}
	if h.all.Len() >= h.max {
		h.forget(h.all.Front().Value.(*heldLine))
	}
	l.place = h.all.PushBack(l)
	h.byRoom[l.line.Room] = append(h.byRoom[l.line.Room], l)
}

// heldOf is the oldest of the lines that a sender has, and how many those are.
func heldOf(lines []*heldLine, login string) (oldest *heldLine, n int) {
	for _, l := range slices.Backward(lines) {
		if l.line.User.Login == login {
			oldest = l
			n++
		}
	}
	return oldest, n
}

func (h *held) forget(l *heldLine) {
	h.drop(l)
	h.meters.forgotHeld.Inc()
}

// find returns the line of that id, or nil.
func (h *held) find(room, id string) *heldLine {
	for _, l := range h.byRoom[room] {
		if strings.EqualFold(heldID(l.line), id) {
			return l
		}
	}
	return nil
}

// has reports whether l is still to be decided.
func (h *held) has(l *heldLine) bool { return l.place != nil && !l.underWay }

func (h *held) drop(l *heldLine) {
	h.all.Remove(l.place)
	l.place = nil
	room := l.line.Room
	lines := h.byRoom[room]
	at := slices.Index(lines, l)
	if h.byRoom[room] = slices.Delete(lines, at, at+1); len(lines) == 1 {
		delete(h.byRoom, room)
	}
}

// sweep lets those go that nobody has decided in time.
func (h *held) sweep(tick int64) {
	for e := h.all.Front(); e != nil && tick-e.Value.(*heldLine).at >= int64(heldFor); e = h.all.Front() {
		h.drop(e.Value.(*heldLine))
		h.meters.heldExpired.Inc()
	}
}

// hold keeps the line of a submission, and has the moderators told.
func (s *shard) hold(sub *Submission, a *ask, u *chat.User) {
	m, id := s.compose(sub, a, u)
	m.Room = strings.Clone(sub.Room)
	m.Origin = chat.Origin{} // its sender sees it appear like everybody
	s.held.add(&heldLine{id: id, line: m, at: s.tick})
	s.meters.held.Inc()
	s.desk.teller.put(m)
}

// deniedNotice is what the sender of a held line is told in the end. Its id is of our own:
// libraries would take Twitch's, msg_rejected_mandatory, for the answer to a later line.
var deniedNotice = chat.Notice{MsgID: "held_denied", Text: "Your message that was being checked by mods has been refused by them."}

// settle is told that a moderator's decision about a held line has been carried out: an
// approved line is one of the room's lines now. It may have had to make room meanwhile, and
// so may its room.
func (s *shard) settle(l *heldLine, fate command.Fate) {
	if l.place != nil {
		s.held.drop(l)
	}
	if fate == command.Approved {
		s.meters.heldApproved.Inc()
		if r := s.rooms.byName[l.line.Room]; r != nil {
			s.rooms.remember(r, l.id, l.line)
		}
		return
	}
	s.meters.heldDenied.Inc()
	if m := s.desk.cfg.Messenger; m != nil {
		m.Notify([]string{l.line.User.Login}, l.line.Room, deniedNotice)
	}
}
