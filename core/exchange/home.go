package exchange

import (
	"uproar/core/chat"
	"uproar/core/trace"
)

// homeMax is how many batches of a room wait for one call of Deliver. Members are told of
// those beyond it.
const homeMax = 1024

// Home delivers events, all of one room, which this process has published, or is going to,
// without waiting for them to come by the Feed. They come once: those of the stamp that
// have come do not come again, here or there. Bodies of a room come here in the order of
// their numbers, and before this one all those of its publisher in the partition have,
// from number from on.
//
// It never blocks but for Deliver: when that, or Gap, is under way for the room, the events
// follow that call, on its goroutine. They are delivered at once even while the room waits
// for the stream. They have no position.
func (x *Inbox) Home(name string, from uint64, stamp Stamp, events []chat.Event) {
	p := x.of(name)
	p.mu.Lock()
	defer p.mu.Unlock()
	p.mu.home = stamp
	r := p.mu.rooms[name]
	if r == nil || !r.members {
		return
	}
	if !r.seen.takeHome(from, stamp) {
		x.counts.duplicates.Add(len(events))
		return
	}
	if len(r.home) == homeMax || r.unheard > 0 {
		r.unheard += uint64(len(events))
		return
	}
	r.home = append(r.home, events)
	if r.calling {
		return
	}
	r.calling = true
	x.takeHome(p, r)
	r.calling = false
	p.mu.uncalled.Broadcast()
	if !r.members {
		p.forget(r)
	}
}

// expects reports whether a body that was published is still to come.
func (x *Inbox) expects(name string, stamp Stamp) bool {
	p := x.of(name)
	p.mu.Lock()
	defer p.mu.Unlock()
	r := p.mu.rooms[name]
	return r != nil && r.members && !r.seen.has(stamp)
}

// takeHome delivers what has come to Home. p is locked, but not during a call; r.calling
// is set.
func (x *Inbox) takeHome(p *partition, r *room) {
	for len(r.home) > 0 || r.unheard > 0 {
		var s step
		if len(r.home) > 0 {
			s.events, r.home = r.home[0], r.home[1:]
			x.counts.home.Add(len(s.events))
		} else {
			s = step{gap: true, missed: r.unheard}
			r.unheard = 0
		}
		p.mu.Unlock()
		x.note(trace.Home, s.events)
		x.take(r.name, &s)
		p.mu.Lock()
	}
	r.home = nil
}
