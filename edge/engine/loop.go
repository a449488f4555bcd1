package engine

import (
	"context"
	"slices"
	"sync/atomic"
	"time"

	"github.com/panjf2000/gnet/v2"
)

// Loop is one event loop and everything that lives on it. Its exported methods,
// except Post and PostAlways, are for code that runs on it.
type Loop struct {
	Index int
	State any // the protocol's, made by Config.NewLoop

	engine *Engine
	gnet   gnet.EventLoop
	host   host
	now    int64 // ms since the engine started, as of the start of this turn

	turnStart time.Time

	slots      []*Conn // by Handle.slot
	free       []int   // empty slots
	generation uint32
	atEnd      []Task  // run at the end of this turn
	dying      []*Conn // closed after that
	blocked    connList
	lingering  connList

	mail     mailbox
	wheel    wheel
	alarm    *time.Timer // calls Run when the wheel needs it
	alarmAt  int64       // ms; 0 when not set
	sweep    Timer
	scratch  []byte
	gather   gather
	buffers  []*Buffer
	outboxes []*outbox
	depth    int // turns within turns: closing a connection is one

	// Counted plainly on the loop, published at the end of a turn.
	sends, sentBytes          uint64
	buffersLive, blockedCount int
	busy                      time.Duration
	stats                     loopStats
	lag                       atomic.Int64  // ns between the oldest task's coming and its running, last batch
	late                      time.Duration // the same, of the mail of this turn
}

type loopStats struct {
	sends, sentBytes, busy, conns, blocked, buffers atomic.Int64
	stalls, stalled                                 atomic.Int64 // turns over stallMin, and their ns
}

// stallMin is how long a turn, or the wait of its mail for it, must be to count as a
// stall: a twentieth of a second is what people begin to notice.
const stallMin = 50 * time.Millisecond

// host is what a loop needs of the event loop below it.
type host interface {
	wake()       // has Run called on the loop, soon
	close(*Conn) // closes the descriptor and calls Loop.closed, at once
	unread(*Conn) []byte
	discard(*Conn, int) // of what is unread, from 1 to all
}

type gnetHost struct{ l *Loop }

func (h gnetHost) wake()         { _ = h.l.gnet.Execute(context.Background(), h.l) }
func (h gnetHost) close(c *Conn) { _ = h.l.gnet.Close(c.gnet) }

func (gnetHost) unread(c *Conn) []byte {
	in, _ := c.gnet.Peek(-1)
	return in
}

func (gnetHost) discard(c *Conn, n int) { _, _ = c.gnet.Discard(n) }

// loopFor finds the Loop of a gnet loop, and makes it when g has its first
// connection: gnet has no list of its loops.
func (e *Engine) loopFor(g gnet.EventLoop) *Loop {
	for _, l := range e.Loops() {
		if l.gnet == g {
			return l
		}
	}
	e.loops.Lock()
	defer e.loops.Unlock()
	old := e.Loops()
	l := e.newLoop(len(old))
	l.gnet = g
	l.host = gnetHost{l}
	list := append(slices.Clone(old), l)
	e.loops.list.Store(&list)
	return l
}

func (e *Engine) newLoop(index int) *Loop {
	l := &Loop{Index: index, engine: e}
	l.mail.weightMax = e.cfg.MailboxMax
	l.sweep.Owner = sweeper{}
	l.alarm = time.AfterFunc(time.Hour, l.wake)
	l.alarm.Stop()
	l.now = time.Since(e.started).Milliseconds()
	l.wheel.now = l.now
	l.State = e.cfg.NewLoop(l)
	return l
}

// Millis is the loop's clock: milliseconds since the engine started, as of the start
// of this turn.
func (l *Loop) Millis() int64 { return l.now }

// Busy is how long the loop has worked, this turn included.
func (l *Loop) Busy() time.Duration { return l.busy + time.Since(l.turnStart) }

// Turn is how long this turn has lasted.
func (l *Loop) Turn() time.Duration { return time.Since(l.turnStart) }

// AtEnd has t run at the end of this turn, once all tasks that came with it have run.
func (l *Loop) AtEnd(t Task) { l.atEnd = append(l.atEnd, t) }

// Conn finds a connection that is not closed, or returns nil.
func (l *Loop) Conn(h Handle) *Conn {
	if s := h.slot(); s < len(l.slots) {
		if c := l.slots[s]; c != nil && c.handle == h && c.state != stateDead {
			return c
		}
	}
	return nil
}

// Conns calls yield for every connection that is open.
func (l *Loop) Conns(yield func(*Conn) bool) {
	for _, c := range l.slots {
		if c != nil && c.state == stateOpen && !yield(c) {
			return
		}
	}
}

// Scratch is an empty slice to build one write in. It is good until the end of the
// turn or the next call; KeepScratch keeps what it has grown to.
func (l *Loop) Scratch() []byte { return l.scratch[:0] }

// KeepScratch gives the slice of Scratch back, grown.
func (l *Loop) KeepScratch(b []byte) {
	if cap(b) <= scratchBytesMax {
		l.scratch = b[:0]
	}
}

const scratchBytesMax = 64 << 10

// SetTimer has t.Owner.Expire called on the loop after d, instead of at any time
// set before.
func (l *Loop) SetTimer(t *Timer, d time.Duration) { l.wheel.set(t, l.after(d)) }

// StopTimer ends the waiting of t.
func (l *Loop) StopTimer(t *Timer) { l.wheel.stop(t) }

// after is the millisecond that is d from now, rounded up.
func (l *Loop) after(d time.Duration) int64 {
	return l.now + int64((d+time.Millisecond-1)/time.Millisecond)
}

// newConn makes a connection on a descriptor, with a slot and a handle.
func (l *Loop) newConn(fd, port int) *Conn {
	c := &Conn{loop: l, fd: int32(fd), port: uint8(port)}
	c.timer.Owner = c
	slot := len(l.slots)
	if n := len(l.free); n > 0 {
		slot = l.free[n-1]
		l.free = l.free[:n-1]
		l.slots[slot] = c
	} else {
		l.slots = append(l.slots, c)
	}
	l.generation++
	c.handle = Handle(l.Index)<<56 | Handle(slot)<<32 | Handle(l.generation)
	l.stats.conns.Add(1)
	return c
}

// closed follows the end of a connection, whoever ended it.
func (l *Loop) closed(c *Conn) {
	l.begin()
	c.state = stateDead
	l.forget(c)
	l.engine.counters.closed[c.port][c.reason].Inc()
	c.handler.Closed(c, c.reason)
	l.end()
}

// forget undoes newConn and all that c holds on the loop.
func (l *Loop) forget(c *Conn) {
	if c.outbox != nil {
		c.dropOutbox()
	}
	if c.linked {
		l.lingering.remove(c)
	}
	l.wheel.stop(&c.timer)
	l.slots[c.handle.slot()] = nil
	l.free = append(l.free, c.handle.slot())
	l.stats.conns.Add(-1)
}

// Run implements gnet.Runnable: a turn for the mailbox and the timers.
func (l *Loop) Run(context.Context) error {
	l.begin()
	l.runMail()
	l.end()
	return nil
}

// begin starts a turn.
func (l *Loop) begin() {
	l.depth++
	start := time.Now()
	if l.depth == 1 {
		l.turnStart = start
	}
	l.now = start.Sub(l.engine.started).Milliseconds()
}

// end finishes a turn: tasks that waited for it, timers that are due, connections that are dying, the alarm
// for the next timer, and the counters.
func (l *Loop) end() {
	if l.depth > 1 {
		l.depth--
		return
	}
	for i := 0; i < len(l.atEnd); i++ {
		l.atEnd[i].Run(l)
	}
	clear(l.atEnd)
	l.atEnd = l.atEnd[:0]
	l.wheel.advance(l.now, l.expire)
	for len(l.dying) > 0 {
		c := l.dying[len(l.dying)-1]
		l.dying = l.dying[:len(l.dying)-1]
		l.host.close(c)
	}
	l.setAlarm()
	l.depth = 0
	turn := time.Since(l.turnStart)
	l.busy += turn
	if worst := max(turn, l.late); worst > stallMin {
		l.stats.stalls.Add(1)
		l.stats.stalled.Add(int64(worst))
	}
	l.late = 0
	l.stats.sends.Store(int64(l.sends))
	l.stats.sentBytes.Store(int64(l.sentBytes))
	l.stats.busy.Store(int64(l.busy))
	l.stats.blocked.Store(int64(l.blockedCount))
	l.stats.buffers.Store(int64(l.buffersLive))
}

func (l *Loop) expire(t *Timer) { t.Owner.Expire(l) }

// setAlarm sees to it that a turn comes when the wheel next needs one.
func (l *Loop) setAlarm() {
	at := l.wheel.next()
	if at == l.alarmAt {
		return
	}
	l.alarmAt = at
	if at == 0 {
		l.alarm.Stop()
		return
	}
	// The clock counts whole milliseconds: one more makes sure that it has come.
	due := l.engine.started.Add(time.Duration(at) * time.Millisecond)
	l.alarm.Reset(max(time.Until(due), 0))
}

// sweeper looks once a second after connections that wait for their peers, while
// there are any.
type sweeper struct{}

const sweepInterval = time.Second

func (l *Loop) startSweeps() {
	if !l.sweep.IsSet() {
		l.SetTimer(&l.sweep, sweepInterval)
	}
}

func (sweeper) Expire(l *Loop) {
	slow := l.now - l.engine.cfg.SlowTimeout.Milliseconds()
	for c := l.blocked.first; c != nil; c = c.next {
		if c.since <= slow { // not in order of since, which progress moves
			c.Abort(ReasonSlow)
		}
	}
	late := l.now - l.engine.cfg.LingerTimeout.Milliseconds()
	for c := l.lingering.first; c != nil && c.since <= late; c = c.next {
		c.Abort(c.reason)
	}
	if l.blocked.first != nil || l.lingering.first != nil {
		l.startSweeps()
	}
}
