package exchange

import (
	"sync"
	"time"

	"uproar/core/chat"
)

// partition is the rooms of one partition that have members.
type partition struct {
	index int
	wake  chan struct{} // the queue has got longer
	mu    struct {
		sync.Mutex
		rooms    map[string]*room
		members  int       // rooms with members
		queue    []*room   // to be repaired, each once
		home     Stamp     // the last that came to Home
		uncalled sync.Cond // some room's calling has ended
		doubted  time.Time // the last doubt
		doubting bool      // the next one waits for its time
	}
}

// room is guarded by its partition. It is kept after its last member has left for as
// long as somebody works on it or it waits in the queue.
type room struct {
	track
	name    string
	members bool
	ready   []func() // to be called when the position is known
	life    uint64   // counts joins and leaves: who works on it stops when it changes
	working bool     // a goroutine takes its steps, or waits for the stream
	calling bool     // a goroutine is in Deliver or Gap
	stale   bool     // something may be missing
	queued  bool

	home    [][]chat.Event // that came to Home during a call
	unheard uint64         // events behind these, which were too many
}

// enqueue has a room repaired. One that is worked on is enqueued when it is released.
func (p *partition) enqueue(r *room) {
	if r.queued || r.working {
		return
	}
	r.queued = true
	p.mu.queue = append(p.mu.queue, r)
	select {
	case p.wake <- struct{}{}:
	default:
	}
}

// suspect has all rooms with members repaired: they may have missed something. p is locked.
func (p *partition) suspect() {
	for _, r := range p.mu.rooms {
		if r.members {
			r.stale = true
			p.enqueue(r)
		}
	}
}

// doubtPause is the time between two doubts of a partition: where another version
// publishes, all that it says is unreadable, and each doubt asks about all rooms.
const doubtPause = time.Second

// doubt suspects all rooms, for a part has come that does not say whose it is: at once, or
// when doubtPause is over. The stream has it no better, but its number, and so the members
// are told.
func (p *partition) doubt() {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.mu.doubting {
		return
	}
	if wait := doubtPause - time.Since(p.mu.doubted); wait > 0 {
		p.mu.doubting = true
		time.AfterFunc(wait, func() {
			p.mu.Lock()
			defer p.mu.Unlock()
			p.mu.doubting = false
			p.mu.doubted = time.Now()
			p.suspect()
		})
		return
	}
	p.mu.doubted = time.Now()
	p.suspect()
}

// forget drops a room without members, unless somebody still has it.
func (p *partition) forget(r *room) {
	if !r.working && !r.queued && !r.calling {
		delete(p.mu.rooms, r.name)
	}
}

// awaitCalls returns when nobody is in Deliver or Gap for r, which takes as long as those
// do. p is locked, but not meanwhile.
func (p *partition) awaitCalls(r *room) {
	for r.calling {
		p.mu.uncalled.Wait()
	}
}

// announce calls those who wait for the position of r. p is locked, but not meanwhile.
func (p *partition) announce(r *room) {
	ready := r.ready
	if !r.known || len(ready) == 0 {
		return
	}
	r.ready = nil
	p.mu.Unlock()
	for _, call := range ready {
		call()
	}
	p.mu.Lock()
}
