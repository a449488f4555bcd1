package chat

import (
	"slices"
	"time"

	"uproar/core/chat"
	"uproar/core/trace"
	"uproar/edge/engine"
)

// The fan-out. A flush encodes what waits once per variant into a buffer that all its
// members share, and hands it to each: one write, no copy, no allocation, no lock and
// no map per delivery. fanout_test.go and alloc_test.go hold it to that.

// batchBytesMax is about how many bytes are encoded at a time. Compressed they are one
// write, and the time of that bounds them: a few milliseconds, see BenchmarkEncode.
const batchBytesMax = 256 << 10

// About what a line adds to its text on the wire, with tags and without.
const (
	tagsOverhead = 448
	lineOverhead = 128
)

func (v variant) overhead() int {
	if v.caps&capTags != 0 {
		return tagsOverhead
	}
	return lineOverhead
}

// overhead is that of the members who read most.
func (r *room) overhead() (most int) {
	for _, g := range r.groups {
		if len(g.members) > 0 {
			most = max(most, g.variant.overhead())
		}
	}
	return most
}

// batch is the work of one flush, kept between flushes for its arrays.
type batch struct {
	events []chat.Event
	from   int                  // where they stand in room.pending
	raw    [rawVariants]encoded // by the capabilities that change bytes
	framed encoded
	marked []*engine.Conn // members that are not sent all of it
}

// rawVariants: capTags and capCommands are the lowest bits of a set of capabilities.
const rawVariants = int(capTags|capCommands) + 1

// flush writes what waits to every member, and sets when the next flush may be.
func (r *room) flush() {
	r.queued = false
	start := time.Now()
	writes, overhead := 0, r.overhead()
	for from := 0; from < len(r.pending); {
		n := batchLength(r.pending[from:], overhead)
		writes += r.write(r.pending[from:from+n], from)
		from += n
	}
	r.flushed()
	r.loop.hub.note(trace.Written, r.pending)
	r.tellUntold()
	if writes > 0 {
		r.pace(len(r.pending), writes, time.Since(start))
	}
	banned := banned(r.pending)
	clear(r.pending)
	r.pending = r.pending[:0]
	if cap(r.pending) > pendingKeptMax {
		r.pending = nil
	}
	r.evict(banned) // last: the room may go with its last member
}

// note has the lines among events traced, if anything is.
func (h *Hub) note(hop trace.Hop, events []chat.Event) {
	if h.cfg.Trace == nil {
		return
	}
	for _, e := range events {
		if m, ok := e.(*chat.Message); ok {
			h.cfg.Trace.Note(hop, m.ID)
		}
	}
}

// banned are the logins that events ban from the room for ever.
func banned(events []chat.Event) (logins []string) {
	for _, e := range events {
		if c, ok := e.(*chat.Clearing); ok && c.Target != nil && c.For == 0 {
			logins = append(logins, c.Target.Login)
		}
	}
	return logins
}

// evict parts all sessions of logins from the room. It looks at those alone: a room may
// be large, and bans come in waves.
func (r *room) evict(logins []string) {
	for _, login := range logins {
		for _, s := range slices.Clone(r.loop.logins[login]) {
			if s.seatOf(r) != nil {
				s.part([]byte(r.name))
				s.Flush()
			}
		}
	}
}

// pace sets when the next flush may be, after one that took a time for its writes to each
// member. A write costs about the same whatever it holds. A room that waits for duty times as long
// as it has worked spends 1/(1+duty) of its loop, and cost per delivery falls as load
// rises: lines that come meanwhile share a write.
//
// A large room takes long, though, and is to be prompt while there is time to spare. So
// it waits no longer than relaxedDelayMax unless its loop is crowded: unless the loop
// would have been busy for over 3/4 of the time since the last flush if each line had
// been a write of its own.
func (r *room) pace(lines, writes int, took time.Duration) {
	now, busy := time.Now(), r.loop.Busy()
	cfg := &r.loop.hub.cfg
	limit := min(relaxedDelayMax, cfg.FanoutDelayMax)
	alone := took / time.Duration(writes) * time.Duration(lines)
	if load := busy - r.busyAt - took + alone; load > now.Sub(r.pacedAt)*3/4 {
		limit = cfg.FanoutDelayMax
	}
	pause := time.Duration(cfg.FanoutDuty * float64(took))
	r.notBefore = now.Add(min(pause, limit))
	r.pacedAt, r.busyAt = now, busy
}

// relaxedDelayMax is a wait that people do not notice in a chat.
const relaxedDelayMax = 20 * time.Millisecond

// pendingKeptMax bounds the array that an idle room keeps, in events (16 bytes each).
const pendingKeptMax = 64

// batchLength is how many of events make one batch, at least one.
func batchLength(events []chat.Event, overhead int) int {
	bytes := 0
	for i, e := range events {
		bytes += overhead
		if m, ok := e.(*chat.Message); ok {
			bytes += len(m.Text)
		}
		if bytes > batchBytesMax && i > 0 {
			return i
		}
	}
	return len(events)
}

// write delivers one batch, which begins at a place in what is pending, and returns in how
// many writes a member gets it, at most.
func (r *room) write(events []chat.Event, from int) (writes int) {
	l := r.loop
	b := &l.batch
	b.events, b.from = events, from
	l.markSenders(b)
	for _, s := range r.skips {
		b.mark(s.conn)
	}
	missed, batches, members := 0, 0, 0
	for _, g := range r.groups {
		if len(g.members) == 0 {
			continue
		}
		enc := l.encode(b, g.variant)
		for _, c := range g.members {
			if c.Mark != 0 {
				missed += r.writeOthers(c, b, enc)
			} else {
				missed += r.writeAll(c, enc, len(events))
			}
		}
		writes = max(writes, enc.writes())
		members += len(g.members)
		batches++
	}
	delivered := members * len(events)
	for _, c := range b.marked {
		c.Mark = 0
	}
	b.reset()
	m := &l.hub.meters
	m.batches.Add(batches)
	m.deliveries.Add(delivered - missed)
	m.missed.Add(missed)
	if gaps := gapsIn(events); gaps > 0 {
		m.gapNotices.Add(gaps * members)
	}
	return writes
}

// markSenders marks the connections that wrote a line of the batch: a sender does not
// hear itself where it spoke, but its other connections do.
func (l *loop) markSenders(b *batch) {
	for _, e := range b.events {
		m, ok := e.(*chat.Message)
		if !ok {
			continue
		}
		if c := l.senderOf(m); c != nil {
			b.mark(c)
		}
	}
}

func (b *batch) mark(c *engine.Conn) {
	if c.Mark == 0 {
		c.Mark = 1
		b.marked = append(b.marked, c)
	}
}

// writeOthers sends a batch to a member without the lines that it wrote itself, or has
// had already, and returns how many of the others it missed.
func (r *room) writeOthers(c *engine.Conn, b *batch, enc *encoded) (missed int) {
	from, skip := 0, sessionOf(c).seatOf(r).skip
	for i, e := range b.events {
		m, ok := e.(*chat.Message)
		if ok && r.loop.senderOf(m) == c || skip != nil && skip.covers(r, b.from+i, e) {
			missed += r.writePart(c, enc, from, i)
			from = i + 1
		}
	}
	return missed + r.writePart(c, enc, from, len(b.events))
}

// writeAll sends a batch of n lines, and returns how many of them were missed.
func (r *room) writeAll(c *engine.Conn, enc *encoded, n int) (missed int) {
	if enc.packed == nil {
		return r.writePart(c, enc, 0, n)
	}
	if c.Send(enc.packed) {
		return 0
	}
	sessionOf(c).seatOf(r).missed += uint32(n)
	return n
}

// writePart sends lines [from, to) of a batch as they are, and returns how many were
// missed.
func (r *room) writePart(c *engine.Conn, enc *encoded, from, to int) (missed int) {
	for _, stop := range enc.stops {
		end := min(stop, to)
		if from >= end {
			continue
		}
		start := 0
		if from > 0 {
			start = enc.ends[from-1]
		}
		if !c.SendPart(enc.buf, start, enc.ends[end-1]) {
			sessionOf(c).seatOf(r).missed += uint32(end - from)
			missed += end - from
		}
		from = end
	}
	return missed
}

func (b *batch) reset() {
	for i := range b.raw {
		b.raw[i].reset()
	}
	b.framed.reset()
	b.events = nil
	clear(b.marked)
	b.marked = b.marked[:0]
}
