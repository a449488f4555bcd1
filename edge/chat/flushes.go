package chat

import (
	"time"

	"uproar/edge/engine"
)

// flushes is the queue of a loop's rooms that are due to be flushed, linked by room.due.
type flushes struct {
	loop        *loop
	first, last *room
	later       bool          // the next turn goes on
	turnMax     time.Duration // the constant, but in tests
}

// turnMax is after how long a turn begins no further flush: sockets and mail come first.
const turnMax = 5 * time.Millisecond

// add flushes a room once those before it are through: in this turn, unless it has been
// long.
func (f *flushes) add(r *room) {
	if f.first == nil {
		f.first = r
	} else {
		f.last.due = r
	}
	f.last = r
	if !f.later {
		f.work()
	}
}

// Run implements engine.Task: the turn before this one was long.
func (f *flushes) Run(*engine.Loop) {
	f.later = false
	f.one() // or a loop with much mail would never come to it
	f.work()
}

func (f *flushes) work() {
	for f.first != nil {
		if f.loop.Turn() > f.turnMax {
			// From another goroutine, as in Loop.runMail: the sockets come before the next turn.
			f.later = true
			go f.loop.PostAlways(f)
			return
		}
		f.one()
	}
}

// one flushes the first.
func (f *flushes) one() {
	r := f.first
	f.first, r.due = r.due, nil
	r.flush()
}
