package chat

import (
	"sync/atomic"
	"time"

	"uproar/core/chat"
	"uproar/edge/engine"
)

// room is a part of a room: up to partMembersMax members on one loop, and the lines that
// wait for them. It exists while it has members. A loop has several of a large room, which
// are flushed each for itself, in turn: lines that come while it writes to one go with
// the next write to the others.
type room struct {
	name   string
	id     string
	loop   *loop
	next   *room // another part on the loop, or nil
	modes  chat.Modes
	groups []*group // by variant, in order of appearance; at most 40

	members int // seats in it; only its loop changes it, and under the index's lock

	pending   []chat.Event  // what waits for the next flush; at most pendingMax
	queued    bool          // a flush is due, at the end of this turn or by the timer
	due       *room         // the next in the queue of flushes
	notBefore time.Time     // pacing: when the next flush may be,
	pacedAt   time.Time     // when that was set,
	busyAt    time.Duration // and how long the loop had worked by then
	timer     engine.Timer

	taken uint64  // number of the last event that this loop has had of it, see recent
	gapAt uint64  // number of the last gap that came without its turn, see gapTask
	skips []*skip // what members who have come back are not sent twice; at most one each

	lost     atomic.Int64  // events that did not fit the loop's mailbox, until lossTask
	lostUpTo atomic.Uint64 // number of the last of all these
	untold   int           // events lost here, of which the members learn at the next flush
}

// group is the members that read the same bytes. The slice is dense: a flush walks it
// and nothing else.
type group struct {
	variant variant
	members []*engine.Conn
}

// variant is what decides the bytes that a member reads.
type variant struct {
	wire Wire
	caps capabilities
}

// pendingMax bounds the events that wait for one flush. Beyond it the members are told
// of a gap: the loop writes more slowly than lines come.
const pendingMax = 4096

// partMembersMax is how many members share a flush. To write to as many takes a loop some
// 20 ms: for so long nobody else there is served.
const partMembersMax = 2048

// vacant is the part of a room that the next member sits down in.
func (l *loop) vacant(name string) *room {
	first := l.rooms[name]
	for r := first; r != nil; r = r.next {
		if r.members < l.hub.partMembersMax {
			return r
		}
	}
	r := &room{name: name, id: chat.StableID(name), loop: l, next: first, pacedAt: time.Now(), busyAt: l.Busy()}
	if first != nil {
		r.modes = first.modes
	}
	r.timer.Owner = r
	l.rooms[name] = r
	return r
}

// dropIfEmpty forgets a part that its last member has left.
func (l *loop) dropIfEmpty(r *room) {
	for _, g := range r.groups {
		if len(g.members) > 0 {
			return
		}
	}
	r.groups = nil
	l.StopTimer(&r.timer)
	r.pending, r.skips = nil, nil
	switch first := l.rooms[r.name]; {
	case first != r:
		for first.next != r {
			first = first.next
		}
		first.next = r.next
	case r.next != nil:
		l.rooms[r.name] = r.next
	default:
		delete(l.rooms, r.name)
	}
}

func (r *room) groupOf(v variant) *group {
	for _, g := range r.groups {
		if g.variant == v {
			return g
		}
	}
	g := &group{variant: v}
	r.groups = append(r.groups, g)
	return g
}

// each calls do with every member's session.
func (r *room) each(do func(*Session)) {
	for _, g := range r.groups {
		for _, c := range g.members {
			do(sessionOf(c))
		}
	}
}

// add takes events for the members, and sees to it that they are flushed: at the end of
// this turn, or when pacing allows.
func (r *room) add(events []chat.Event) {
	for _, e := range events {
		if c, ok := e.(*chat.ModeChange); ok {
			r.modes = c.Modes
		}
	}
	fits := min(len(events), pendingMax-len(r.pending))
	r.pending = append(r.pending, events[:fits]...)
	r.untold += len(events) - fits
	r.queue()
	r.evict(banned(events[fits:]))
}

// queue has what waits flushed.
func (r *room) queue() {
	if r.queued {
		return
	}
	r.queued = true
	if wait := time.Until(r.notBefore); wait > 0 {
		r.loop.SetTimer(&r.timer, wait)
		return
	}
	r.loop.AtEnd(r)
}

// Expire implements engine.Expirer: pacing allows the next flush.
func (r *room) Expire(*engine.Loop) { r.loop.flushes.add(r) }

// Run implements engine.Task: the turn that brought lines has ended.
func (r *room) Run(*engine.Loop) { r.loop.flushes.add(r) }

// tellUntold tells every member of events that will not come, since the loop could not
// take them. A member that is behind anyway learns of it with the rest of what it has
// missed.
func (r *room) tellUntold() {
	n := uint32(r.untold)
	if n == 0 {
		return
	}
	r.untold = 0
	r.loop.hub.meters.linesLost.Add(int(n))
	r.each(func(s *Session) {
		if s.conn.Blocked() {
			s.seatOf(r).missed += n
			return
		}
		s.gap(r.name, n, "because the server is overloaded")
		s.Flush()
	})
}
