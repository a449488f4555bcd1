package exchange

import (
	"context"
	"sync"
	"sync/atomic"
	"time"

	"github.com/VictoriaMetrics/metrics"

	"uproar/core/chat"
	"uproar/core/trace"
)

// InboxConfig is what an Inbox needs. All of it must be set but Late, Aside, Trace
// and Metrics.
type InboxConfig struct {
	Feed    Feed
	Deliver Deliver
	// Gap says that missed events of a room will not come, 0 when nobody can count them.
	// It is called as Deliver is, and never at the same time for the same room.
	Gap func(room string, missed uint64)
	// Late takes events that do not come again, for members have had them, but of which the
	// stream says now that they are late (see Part), as it did not when they came. It is
	// called as Deliver is. nil: nobody wants to know.
	Late func(room string, events []chat.Event)
	// Aside takes the body of an aside. It is called on the Feed's goroutine, must not block
	// and must not keep body. nil: asides are dropped.
	Aside      func(partition int, body []byte)
	Partitions int // of the fleet
	Trace      *trace.Recorder
	Metrics    *metrics.Set // nil: only Counts knows
}

// Inbox turns the payloads of a Feed, which come doubled, out of order or not at all,
// into each room's events in order, once: what is missing is asked for, and of what
// cannot be had any more the members are told. It is the Sink of its Feed; a process has
// one. NewInbox starts nothing.
//
// What it cannot know of are lines of a room where nothing was said before, when all of
// them are lost and Redis forgets the room too; and a failover to a replica that lacks the
// last lines, when as many have been published again by the time it is asked.
//
// # Goroutines
//
// Run has one goroutine for each partition, its repairer, which alone waits for the
// stream. A room is worked on by one goroutine at a time: by the Feed's, which delivers
// what comes in order, or by the repairer, from its question to the last event of the
// answer; what comes meanwhile is held, and the repairer delivers that too. Only Home does
// not wait for who works on a room, but for a call of Deliver or Gap that is under way.
// So Deliver and Gap are called on the Feed's goroutine, on a repairer or by who calls
// Home, for one room never by two at once, and never under a lock.
//
// Each partition has one lock, under which nothing waits and nobody is called but
// Feed.Want. Event loops may call Join and Leave.
type Inbox struct {
	cfg        InboxConfig
	partitions []partition
	held       atomic.Int64 // bytes ahead, of all rooms
	counts     counts
}

// NewInbox returns an Inbox. Rooms may be joined before Run.
func NewInbox(cfg InboxConfig) *Inbox {
	if cfg.Feed == nil || cfg.Deliver == nil || cfg.Gap == nil || cfg.Partitions < 1 {
		panic("BUG: exchange.NewInbox without a Feed, Deliver, Gap or partitions")
	}
	if cfg.Metrics == nil {
		cfg.Metrics = metrics.NewSet()
	}
	x := &Inbox{cfg: cfg, partitions: make([]partition, cfg.Partitions)}
	x.counts = newCounts(cfg.Metrics, x)
	for i := range x.partitions {
		p := &x.partitions[i]
		p.index, p.wake = i, make(chan struct{}, 1)
		p.mu.rooms = map[string]*room{}
		p.mu.uncalled.L = &p.mu
	}
	return x
}

// Run runs the Feed and the repairs until ctx ends or the Feed does, and returns the
// Feed's error.
func (x *Inbox) Run(ctx context.Context) error {
	ctx, cancel := context.WithCancel(ctx)
	var repairers sync.WaitGroup
	defer repairers.Wait()
	defer cancel()
	for i := range x.partitions {
		repairers.Go(func() { x.repairAll(ctx, &x.partitions[i]) })
	}
	return x.cfg.Feed.Run(ctx, x)
}

// Join says that a room has members. They are sent what is published from now on; what
// is published while the position of the room is being asked for may come too. Any
// goroutine may call it, it never blocks, and only the last call of Join and Leave
// counts.
//
// Unless nil, ready is called once, as soon as the position is known: nothing that is said
// from then on is missed. It is called before Join returns if that is known already, on
// another goroutine if not, and never if Leave comes first; never under a lock of the
// Inbox. It must not block.
func (x *Inbox) Join(name string, ready func()) {
	if x.join(name, ready) && ready != nil {
		ready()
	}
}

// join reports whether the position is known; if not, ready will be called.
func (x *Inbox) join(name string, ready func()) (known bool) {
	p := x.of(name)
	p.mu.Lock()
	defer p.mu.Unlock()
	r := p.mu.rooms[name]
	if r == nil {
		r = &room{name: name, track: track{held: &x.held}}
		p.mu.rooms[name] = r
	}
	if !r.members {
		r.members, r.stale = true, true
		r.life++
		if last := p.mu.home; last != (Stamp{}) { // what was said at home before is no news
			r.seen.takeHome(1, last)
		}
		if p.mu.members++; p.mu.members == 1 {
			x.cfg.Feed.Want(p.index, true)
		}
		p.enqueue(r)
	}
	if !r.known && ready != nil {
		r.ready = append(r.ready, ready)
	}
	return r.known
}

// Leave says that a room's last member has gone. A Deliver or Gap may be under way.
func (x *Inbox) Leave(name string) {
	p := x.of(name)
	p.mu.Lock()
	defer p.mu.Unlock()
	r := p.mu.rooms[name]
	if r == nil || !r.members {
		return
	}
	r.members = false
	r.life++
	r.ready, r.home, r.unheard = nil, nil, 0
	r.reset()
	if p.mu.members--; p.mu.members == 0 {
		x.cfg.Feed.Want(p.index, false)
	}
	p.forget(r)
}

// Payload implements Sink. What is of no partition is counted as unreadable.
func (x *Inbox) Payload(partition int, payload []byte) {
	if partition < 0 || partition >= len(x.partitions) {
		x.counts.damaged.Inc()
		return
	}
	if IsAside(payload) {
		x.counts.asides.Inc()
		if x.cfg.Aside != nil {
			x.cfg.Aside(partition, payload[1:])
		}
		return
	}
	p := &x.partitions[partition]
	for part, err := range Parts(payload) {
		if err != nil {
			x.counts.unreadable(err)
			p.doubt()
			continue
		}
		x.receive(p, part)
	}
}

// Subscribed implements Sink.
func (x *Inbox) Subscribed(partition int) {
	if partition < 0 || partition >= len(x.partitions) {
		return
	}
	p := &x.partitions[partition]
	p.mu.Lock()
	defer p.mu.Unlock()
	p.suspect()
}

// receive takes a part that came by the Feed.
func (x *Inbox) receive(p *partition, part Part) {
	p.mu.Lock()
	r := p.mu.rooms[string(part.Room)]
	if r == nil || !r.members {
		p.mu.Unlock()
		x.counts.passed.Add(part.Count)
		return
	}
	life, twice := r.life, r.covers(part.First, part.Last())
	p.mu.Unlock()
	x.counts.received.Add(part.Count)
	if twice {
		x.counts.duplicates.Add(part.Count)
		return
	}
	events, err := part.Decode(r.name)
	x.counts.unreadable(err)
	x.note(trace.Received, events)

	p.mu.Lock()
	defer p.mu.Unlock()
	if r.life != life {
		return
	}
	if err != nil { // the stream has it no better, but then the members are told
		r.stale = true
		p.enqueue(r)
		return
	}
	x.put(r, batch{first: part.First, stamp: part.Stamp, events: events, bytes: len(part.rest) + eventBytes*len(events)})
	if r.working {
		return // its repairer takes it
	}
	r.working = true
	x.walk(p, r, life, 0)
	x.release(p, r)
}

// put holds b, and counts what is dropped.
func (x *Inbox) put(r *room, b batch) {
	dropped, shed := r.put(b, time.Now())
	switch {
	case shed:
		x.counts.shed.Add(dropped)
		r.stale = true
	case !b.repaired:
		x.counts.duplicates.Add(dropped)
	}
}

// walk takes the steps of a room that its caller works on, until there is none, or its
// members have left. p is locked, but not during a step.
func (x *Inbox) walk(p *partition, r *room, life, final uint64) {
	for p.awaitCalls(r); r.life == life; {
		s, ok := r.next(final, time.Now())
		if !ok {
			return
		}
		if s.twice {
			x.counts.duplicates.Add(len(s.events))
			if x.cfg.Late == nil || !s.events[0].Where().Late {
				continue
			}
		}
		x.call(p, r, &s)
	}
}

// call takes a step, and then what has come to Home meanwhile. p is locked, but not during
// that; r.calling is not set, before and after.
func (x *Inbox) call(p *partition, r *room, s *step) {
	r.calling = true
	p.mu.Unlock()
	x.take(r.name, s)
	p.mu.Lock()
	x.takeHome(p, r)
	r.calling = false
	p.mu.uncalled.Broadcast()
}

func (x *Inbox) take(room string, s *step) {
	if s.twice {
		x.cfg.Late(room, s.events)
		return
	}
	if s.gap {
		x.counts.gaps.Inc()
		x.counts.missed.AddInt64(int64(s.missed))
		x.cfg.Gap(room, s.missed)
		return
	}
	x.counts.delivered.Add(len(s.events))
	if s.repaired {
		x.counts.repaired.Add(len(s.events))
		x.note(trace.Repaired, s.events)
	}
	for _, e := range s.events {
		if gap, ok := e.(*chat.Gap); ok {
			x.counts.gaps.Inc()
			x.counts.missed.AddInt64(int64(gap.Missed))
		}
	}
	x.cfg.Deliver(room, s.events)
	x.note(trace.Delivered, s.events)
}

// note notes a hop of lines.
func (x *Inbox) note(hop trace.Hop, events []chat.Event) {
	if x.cfg.Trace == nil {
		return
	}
	for _, e := range events {
		if m, ok := e.(*chat.Message); ok {
			x.cfg.Trace.Note(hop, m.ID)
		}
	}
}

// release ends the work on a room. What is still held has something missing before it.
func (x *Inbox) release(p *partition, r *room) {
	r.working = false
	if !r.members {
		p.forget(r)
		return
	}
	r.stale = r.stale || len(r.ahead) > 0
	if r.stale {
		p.enqueue(r)
	}
}

func (x *Inbox) of(room string) *partition {
	return &x.partitions[PartitionOf(room, len(x.partitions))]
}
