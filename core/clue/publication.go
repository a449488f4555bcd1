package clue

import (
	"sync"
	"sync/atomic"
	"time"

	"uproar/core/chat"
)

// publication is events of one room on their way to the exchange, and whom they answer.
// Its shard owns it. While it is under way others read it: the Publisher its events, and
// whoever ends it its answers.
type publication struct {
	shard   *shard
	room    *room
	events  []chat.Event // of lines
	lines   []noted      // empty of a handover
	answers []Decision   // to the senders of lines, or to who caused the handover
	handed  handover
	since   time.Time // when the shard decided
	at      int       // in shard.underWay
	done    func(error)

	state atomic.Uint32
	err   error        // once it is over
	next  *publication // in ends
}

// States of a publication.
const (
	offered   uint32 = iota // to the Publisher, or not yet
	underWay                // the Publisher has it
	over                    // done was called
	abandoned               // its senders are answered, whatever becomes of it
)

// publications are those that nobody needs, each with its done, so that one more costs no
// allocation.
var publications = sync.Pool{New: func() any {
	p := new(publication)
	p.done = p.end
	return p
}}

func newPublication(s *shard) *publication {
	p := publications.Get().(*publication)
	p.shard = s
	return p
}

// end is the done that the Publisher calls. Senders whose lines are published it answers
// at once; all else is left to the shard.
func (p *publication) end(err error) {
	p.err = err
	switch p.state.Swap(over) {
	case underWay:
		if err == nil {
			p.shard.published(p)
		}
		p.shard.ends.put(p)
	case over:
		panic("BUG: a publication was answered twice")
	}
}

// leave makes p under way. It reports false when it is over already, and then nobody else
// has it.
func (p *publication) leave() bool { return p.state.CompareAndSwap(offered, underWay) }

// abandon reports whether p will not be answered by end.
func (p *publication) abandon() bool { return p.state.CompareAndSwap(underWay, abandoned) }

func (p *publication) isOver() bool { return p.state.Load() == over }

// reset makes p as new, for the same shard.
func (p *publication) reset() {
	clear(p.events)
	clear(p.lines)
	clear(p.answers)
	p.events, p.lines, p.answers = p.events[:0], p.lines[:0], p.answers[:0]
	p.room, p.handed, p.err, p.next = nil, handover{}, nil, nil
	p.state.Store(offered)
}

// free lets others have p.
func (p *publication) free() {
	p.reset()
	p.shard = nil
	publications.Put(p)
}

// ends is the publications of one shard that are over, for it to see to. Anybody puts and
// never waits, the shard takes. They are bounded by those under way, and these by what the
// Publisher takes.
type ends struct {
	wake chan struct{} // holds a token when there may be some
	last atomic.Pointer[publication]
}

func newEnds() ends { return ends{wake: make(chan struct{}, 1)} }

// put hands p over: who calls it has p no more.
func (e *ends) put(p *publication) {
	for {
		last := e.last.Load()
		p.next = last
		if e.last.CompareAndSwap(last, p) {
			break
		}
	}
	select {
	case e.wake <- struct{}{}:
	default: // one is there, and whoever takes it finds p
	}
}

// take returns the first of all that are there, in the order in which they were put, or
// nil.
func (e *ends) take() (first *publication) {
	for p := e.last.Swap(nil); p != nil; {
		older := p.next
		p.next = first
		p, first = older, p
	}
	return first
}
