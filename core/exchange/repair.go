package exchange

import (
	"context"
	"errors"
	"fmt"
	"time"
)

// Times of repairs.
const (
	askTimeout = time.Second            // for an answer of the stream
	askPause   = 500 * time.Millisecond // of a partition, after a question without answer
	// patience is how long events are held while the stream does not answer. Then the
	// members are told of a gap. It is looked at after each question without answer, so
	// it may last longer by askTimeout and askPause.
	patience = 2 * time.Second
)

// answer is what the stream has of a room.
type answer struct {
	head    Position
	batches []batch
}

// end is the number of the last event that the stream had, 0 if it had none.
func (a *answer) end() (last uint64) {
	for i := range a.batches {
		last = max(last, a.batches[i].last())
	}
	return last
}

// repairAll repairs the rooms of a partition, one after the other, until ctx ends. A
// partition lives on one server: while it does not answer, rooms of others do not wait.
func (x *Inbox) repairAll(ctx context.Context, p *partition) {
	for ctx.Err() == nil {
		r := p.pop()
		if r == nil {
			select {
			case <-p.wake:
			case <-ctx.Done():
			}
			continue
		}
		if x.repair(ctx, p, r) {
			continue
		}
		x.giveUpOverdue(p)
		select {
		case <-time.After(askPause):
		case <-ctx.Done():
		}
	}
}

// pop takes the next room to be repaired, which its caller works on from then on.
func (p *partition) pop() *room {
	p.mu.Lock()
	defer p.mu.Unlock()
	for len(p.mu.queue) > 0 {
		r := p.mu.queue[0]
		p.mu.queue[0] = nil
		p.mu.queue = p.mu.queue[1:]
		r.queued = false
		if !r.members {
			p.forget(r)
		} else if !r.working { // else it is enqueued when it is released
			r.working, r.stale = true, false
			return r
		}
	}
	p.mu.queue = nil
	return nil
}

// repair asks the stream what a room's members have missed, and delivers it, and what
// came meanwhile. An answer that ends before the head has the room asked about again. It
// reports whether there was an answer that led on.
func (x *Inbox) repair(ctx context.Context, p *partition, r *room) bool {
	p.mu.Lock()
	r.round++
	life, known, after := r.life, r.known, r.last
	p.mu.Unlock()
	x.counts.asked.Inc()
	a, err := x.ask(ctx, r.name, known, after)

	p.mu.Lock()
	defer p.mu.Unlock()
	defer x.release(p, r)
	if err != nil {
		x.counts.unanswered.Inc()
		r.stale = true
		x.walk(p, r, life, 0)
		return false
	}
	if r.life != life {
		return true
	}
	lost := r.settle(a.head, time.Now())
	for _, b := range a.batches {
		x.put(r, b)
	}
	p.announce(r)
	if lost {
		x.tellLost(p, r, life)
	}
	final := a.head.Seq
	if end := a.end(); end > r.last.Seq && end < final { // there may be more: ask again from there
		final, r.stale = end, true
	}
	if !known { // only the head was asked for, so a hole may still be filled
		final = 0
		r.stale = r.stale || r.last != a.head
	}
	x.walk(p, r, life, final)
	// An answer that is of no use is as good as none.
	return r.life != life || len(r.ahead) == 0 || r.last != after
}

// tellLost tells of a gap that nobody can count. p is locked, but not meanwhile.
func (x *Inbox) tellLost(p *partition, r *room, life uint64) {
	if p.awaitCalls(r); r.life == life {
		x.call(p, r, &step{gap: true})
	}
}

// ask gets what the stream has after a position, or the head alone if none is known. It
// asks twice when the room's epoch is another by now.
func (x *Inbox) ask(ctx context.Context, name string, known bool, after Position) (answer, error) {
	ctx, cancel := context.WithTimeout(ctx, askTimeout)
	defer cancel()
	parts, head, err := x.cfg.Feed.Since(ctx, name, after)
	if err != nil || !known || head == (Position{}) {
		return answer{head: head}, err
	}
	if head.Epoch != after.Epoch {
		after = Position{Epoch: head.Epoch}
		if parts, head, err = x.cfg.Feed.Since(ctx, name, after); err != nil {
			return answer{}, err
		}
		if head.Epoch != after.Epoch {
			return answer{}, fmt.Errorf("cannot repair room %q: %w", name, errMoved)
		}
	}
	a := answer{head: head}
	for _, payload := range parts {
		a.batches = x.decode(a.batches, name, head, payload)
	}
	return a, nil
}

// errMoved is of a room whose epoch changed between two questions: to be asked again.
var errMoved = errors.New("its epoch changes")

// decode appends what a payload from the stream holds of a room. What cannot be read is
// missing.
func (x *Inbox) decode(batches []batch, name string, head Position, payload []byte) []batch {
	for part, err := range Parts(payload) {
		if err == nil && (string(part.Room) != name || part.First.Epoch != head.Epoch) {
			continue
		}
		b := batch{first: part.First, stamp: part.Stamp, repaired: true}
		if err == nil {
			b.events, err = part.Decode(name)
		}
		if err != nil {
			x.counts.unreadable(err)
			continue
		}
		b.bytes = len(part.rest) + eventBytes*len(b.events)
		batches = append(batches, b)
	}
	return batches
}

// giveUpOverdue goes on, in rooms whose events have been held for too long, without what
// is missing.
func (x *Inbox) giveUpOverdue(p *partition) {
	now := time.Now()
	p.mu.Lock()
	defer p.mu.Unlock()
	var overdue []*room
	for _, r := range p.mu.queue {
		if r.members && !r.working && len(r.ahead) > 0 && now.Sub(r.since) >= patience {
			r.working = true
			overdue = append(overdue, r)
		}
	}
	for _, r := range overdue {
		life := r.life
		final, lost := r.giveUp(now)
		p.announce(r)
		if lost {
			x.tellLost(p, r, life)
		}
		x.walk(p, r, life, final)
		x.release(p, r)
	}
}
