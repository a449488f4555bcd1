package hls

import (
	"sync"
	"sync/atomic"
	"time"
)

// Waiter is one viewer's place in line for an answer. It belongs to its caller, waits for
// one thing at a time, and is zero but for Desk and Mark when it does not. Get and Await
// with the same Waiter are never called at once, nor Cancel while one of them runs.
type Waiter struct {
	Desk Desk
	Mark uint64 // the caller's own: which connection

	at         atomic.Pointer[line] // where it stands
	next, prev *Waiter              // there
	since      time.Time            // when its request began to wait; zero: it does not
	led        bool                 // its request is why something was fetched
}

// Cancel gives the place up: the viewer has gone. A wake-up that is already under way may
// still come. What the viewer waited for is fetched all the same.
func (w *Waiter) Cancel() {
	w.leave()
	w.since, w.led = time.Time{}, false
}

// leave takes w out of the line in which it stands, if any.
func (w *Waiter) leave() {
	for {
		l := w.at.Load()
		if l == nil {
			return
		}
		l.mu.Lock()
		if w.at.Load() == l {
			l.remove(w)
			l.mu.Unlock()
			return
		}
		l.mu.Unlock()
	}
}

// waits is what a request says that it waits since.
func (w *Waiter) waits(now time.Time) time.Time {
	if w.since.IsZero() {
		w.since = now
	}
	return w.since
}

// line is who waits for one thing, by Desk: waking a herd is one call per Desk.
type line struct {
	node *Node
	n    atomic.Int32
	mu   struct {
		sync.Mutex
		queues []queue // few: a Desk is an event loop
	}
}

// queue is a list of waiters, linked through themselves.
type queue struct {
	desk        Desk
	first, last *Waiter
	n           int
}

// join queues w, which stands nowhere. It reports false if the line or the Node has no
// room for it.
func (l *line) join(w *Waiter) bool {
	if l.n.Load() >= int32(l.node.cfg.KeyWaitersMax) || l.node.waiting.Load() >= int64(l.node.cfg.WaitersMax) {
		l.node.meters.refusedWaiters.Inc()
		return false
	}
	l.mu.Lock()
	l.add(w)
	l.mu.Unlock()
	return true
}

// add appends w. The caller holds the lock.
func (l *line) add(w *Waiter) {
	q := l.queueOf(w.Desk)
	if q == nil {
		l.mu.queues = append(l.mu.queues, queue{desk: w.Desk})
		q = &l.mu.queues[len(l.mu.queues)-1]
	}
	w.prev, w.next = q.last, nil
	if q.last == nil {
		q.first = w
	} else {
		q.last.next = w
	}
	q.last = w
	q.n++
	w.at.Store(l)
	l.n.Add(1)
	l.node.waiting.Add(1)
}

// remove takes w out. The caller holds the lock.
func (l *line) remove(w *Waiter) {
	q := l.queueOf(w.Desk)
	if w.prev == nil {
		q.first = w.next
	} else {
		w.prev.next = w.next
	}
	if w.next == nil {
		q.last = w.prev
	} else {
		w.next.prev = w.prev
	}
	q.n--
	w.prev, w.next = nil, nil
	w.at.Store(nil)
	l.n.Add(-1)
	l.node.waiting.Add(-1)
}

func (l *line) queueOf(d Desk) *queue {
	for i := range l.mu.queues {
		if l.mu.queues[i].desk == d {
			return &l.mu.queues[i]
		}
	}
	return nil
}

// wake tells all who wait to ask again. The caller holds no lock.
func (l *line) wake() { l.wakeSince(time.Time{}) }

// wakeSince tells those who have waited since the given time or longer; zero: all. It returns
// since when the first of the others waits, zero if there is none.
func (l *line) wakeSince(limit time.Time) (oldest time.Time) {
	if l.n.Load() == 0 {
		return oldest
	}
	type batch struct {
		desk  Desk
		ready []*Waiter
	}
	l.mu.Lock()
	batches := make([]batch, 0, len(l.mu.queues))
	for i := range l.mu.queues {
		q := &l.mu.queues[i]
		if q.n == 0 {
			continue
		}
		ready := make([]*Waiter, 0, q.n)
		for w := q.first; w != nil; {
			next := w.next
			if limit.IsZero() || !w.since.After(limit) {
				ready = append(ready, w)
				l.remove(w)
			} else if oldest.IsZero() || w.since.Before(oldest) {
				oldest = w.since
			}
			w = next
		}
		if len(ready) > 0 {
			batches = append(batches, batch{q.desk, ready})
		}
	}
	l.mu.Unlock()
	for _, b := range batches {
		l.node.meters.wakes.Inc()
		l.node.meters.woken.Add(len(b.ready))
		b.desk.Wake(b.ready)
	}
	return oldest
}
