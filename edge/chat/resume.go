package chat

import (
	"slices"

	"uproar/core/chat"
	"uproar/core/exchange"
	"uproar/core/trace"
	"uproar/edge/engine"
)

// replayMax bounds what is sent to a member who comes back, in events of the room.
const replayMax = 512

// resume sends a member who has just sat down what followed the line that it saw last,
// or tells it of a gap. What its loop has taken for the room is sent now; from the rest it
// is left out where it has it already.
func (s *Session) resume(a *arrival) {
	hub := s.loop.hub
	st := &s.seats[len(s.seats)-1]
	r := st.room
	near := hub.recent.find(r.name, a.after)
	var here []chat.Event
	whole := false
	if near.found || a.backlog.found {
		here, whole = hub.recent.behind(r.name, near.number, r.taken)
	}
	skip := &skip{conn: s.conn, pending: len(r.pending)}
	var missed []chat.Event
	switch {
	case near.found && !near.cut && whole:
		missed = here
		skip.number = near.number // this loop may not have come so far
	case a.backlog.found:
		missed = a.backlog.with(r.name, here)
		skip.upTo, skip.until = a.backlog.head, s.loop.Millis()+skipMillisMax
	case near.found:
		missed = append(uncounted(r.name), here...)
	default:
		missed = uncounted(r.name)
	}
	if exact := near.found && !near.cut && whole || a.backlog.found; exact && (near.late || a.backlog.late) {
		missed = append(uncounted(r.name), missed...)
	}
	if max(r.lostUpTo.Load(), r.gapAt) > max(r.taken, near.number) {
		missed = append(missed, gapIn(r.name, 0)) // members were told, or will be
	}
	if over := len(missed) - replayMax; over > 0 {
		missed = append([]chat.Event{gapIn(r.name, uint64(over))}, missed[over:]...)
	}
	r.leaveOut(st, skip)
	s.replay(st, missed)
	if gapsIn(missed) > 0 {
		hub.meters.resumesGapped.Inc()
	} else {
		hub.meters.resumes.Inc()
	}
}

// with appends to a backlog what was delivered here behind it.
func (b *backlog) with(room string, here []chat.Event) []chat.Event {
	known := map[string]bool{}
	for _, e := range b.events {
		known[idOf(e)] = true
	}
	delete(known, "")
	from := len(here)
	for from > 0 {
		e := here[from-1]
		if at := positionOf(e); known[idOf(e)] || at.Epoch == b.head.Epoch && at.Seq <= b.head.Seq {
			break
		}
		from--
	}
	all := b.events
	for _, e := range here[from:] {
		if epoch := e.Where().Epoch; epoch != 0 && epoch != b.head.Epoch {
			return append(all, gapIn(room, 0)) // of another life: before the backlog, or behind it?
		}
		all = append(all, e) // without an epoch: it was said here while the exchange was away
	}
	return all
}

// replay writes events to one member. What it is too slow for it misses, as it would live.
func (s *Session) replay(st *seat, events []chat.Event) {
	s.Flush() // its JOIN comes first
	l := s.loop
	m := &l.hub.meters
	m.resumedLines.Add(len(events) - gapsIn(events))
	for len(events) > 0 {
		n := batchLength(events, st.group.variant.overhead())
		b := &l.batch
		b.events = events[:n]
		m.missed.Add(st.room.writeAll(s.conn, l.encode(b, st.group.variant), n))
		m.gapNotices.Add(gapsIn(b.events))
		l.hub.note(trace.Resumed, b.events)
		b.reset()
		events = events[n:]
	}
}

// skip is what one member is not sent again of what its room is. A resumed seat has one
// until all of that has passed.
type skip struct {
	conn    *engine.Conn
	pending int    // the first ones of room.pending
	number  uint64 // of what is yet to come to this loop: up to that number, see recent,
	upTo    exchange.Position
	until   int64 // or up to that position, in this time: ms of the loop's clock
}

// skipMillisMax bounds how long positions are left out: a counter that was set back gives
// them once more.
const skipMillisMax = 10_000

// leaveOut has lines left out for a member.
func (r *room) leaveOut(st *seat, s *skip) {
	if s.passed(r) {
		return
	}
	st.skip = s
	r.skips = append(r.skips, s)
}

// leaveOutNoMore undoes leaveOut.
func (r *room) leaveOutNoMore(st *seat) {
	if st.skip != nil {
		r.skips = slices.DeleteFunc(r.skips, func(s *skip) bool { return s == st.skip })
		st.skip = nil
	}
}

// number notes that n events up to a number are added next.
func (r *room) number(last uint64, n int) {
	for _, s := range r.skips {
		if before := last - uint64(n); s.number > before {
			s.pending = len(r.pending) + int(min(s.number-before, uint64(n)))
		}
	}
	r.taken = last
}

// covers reports whether the member has had the event, which is the i-th of room.pending.
func (s *skip) covers(r *room, i int, e chat.Event) bool {
	if i < s.pending {
		return true
	}
	at := e.Where()
	return at.Epoch != 0 && at.Epoch == s.upTo.Epoch && at.Seq <= s.upTo.Seq && r.loop.Millis() < s.until
}

// passed reports whether s leaves nothing out any more.
func (s *skip) passed(r *room) bool {
	return s.pending == 0 && s.number <= r.taken && (s.upTo.Epoch == 0 || r.loop.Millis() >= s.until)
}

// flushed follows a flush of all that was pending.
func (r *room) flushed() {
	if len(r.skips) == 0 {
		return
	}
	for _, e := range slices.Backward(r.pending) {
		if at := positionOf(e); at.Epoch != 0 {
			for _, s := range r.skips {
				if at.Epoch != s.upTo.Epoch || at.Seq >= s.upTo.Seq {
					s.upTo = exchange.Position{}
				}
			}
			break
		}
	}
	r.skips = slices.DeleteFunc(r.skips, func(s *skip) bool {
		s.pending = 0
		if !s.passed(r) {
			return false
		}
		sessionOf(s.conn).seatOf(r).skip = nil
		return true
	})
}
