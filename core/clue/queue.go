package clue

import (
	"errors"
	"sync"
)

// roomCells is the number of cells that count waiting lines by room. Two rooms in
// one cell share one share; with 1024 cells that is rare, and it is memory that no
// client can grow.
const roomCells = 1024

// queueCellsMin is the size of a ring that has just begun.
const queueCellsMin = 256

// errRoomShare is ErrBusy on account of the room: counted apart, told the same.
var errRoomShare = errors.New("clue: the room has its share of the queue")

// waiting is one entry of a queue.
type waiting struct {
	Submission
	hash uint64 // hashOf(Room)
}

// queue holds what waits for one shard: a ring, first in first out, that grows up to
// a bound. Any goroutine puts, the shard takes; nobody ever waits on a full queue.
//
// A room may wait in at most as many entries as are still free, so one hot room
// stops at half of the ring, two at a third each, and n hot rooms always leave one
// part of n+1 to the quiet ones (the dynamic threshold of Choudhury and Hahne, 1998,
// with alpha 1).
type queue struct {
	max  int
	wake chan struct{} // holds a token when the shard has something to see

	mu struct {
		sync.Mutex
		ring   []waiting // length is a power of two
		head   int       // index of the oldest
		n      int       // entries that wait
		byRoom [roomCells]int32
		asleep bool // the shard waits for the token
		closed bool
	}
}

func newQueue(lines int) *queue {
	return &queue{max: lines, wake: make(chan struct{}, 1)}
}

// put appends a copy of s. It fails with ErrStopped, ErrBusy or errRoomShare.
func (q *queue) put(s *Submission, hash uint64) error {
	q.mu.Lock()
	if err := q.refuses(hash); err != nil {
		q.mu.Unlock()
		return err
	}
	if q.mu.n == len(q.mu.ring) {
		q.grow()
	}
	slot := &q.mu.ring[(q.mu.head+q.mu.n)&(len(q.mu.ring)-1)]
	slot.Submission, slot.hash = *s, hash
	q.mu.n++
	q.mu.byRoom[cellOf(hash)]++
	wake := q.mu.asleep
	q.mu.asleep = false
	q.mu.Unlock()
	if wake {
		select {
		case q.wake <- struct{}{}:
		default: // one is left of a sleep that something else ended; it does as well
		}
	}
	return nil
}

// refuses says why an entry of the room may not wait, or nil. The lock is held.
func (q *queue) refuses(hash uint64) error {
	switch free := q.max - q.mu.n; {
	case q.mu.closed:
		return ErrStopped
	case free <= 0:
		return ErrBusy
	case int(q.mu.byRoom[cellOf(hash)]) >= free:
		return errRoomShare
	}
	return nil
}

// grow doubles the ring. The lock is held.
func (q *queue) grow() {
	ring := make([]waiting, max(queueCellsMin, 2*len(q.mu.ring)))
	n := copy(ring, q.mu.ring[q.mu.head:])
	copy(ring[n:], q.mu.ring[:q.mu.head])
	q.mu.ring, q.mu.head = ring, 0
}

// take moves up to len(into) entries out, oldest first. When none waits it returns 0
// and the next put leaves a token in wake.
func (q *queue) take(into []waiting) int {
	q.mu.Lock()
	defer q.mu.Unlock()
	n := min(len(into), q.mu.n)
	for i := range n {
		slot := &q.mu.ring[q.mu.head]
		into[i] = *slot
		*slot = waiting{} // or the ring would keep users and texts alive
		q.mu.byRoom[cellOf(into[i].hash)]--
		q.mu.head = (q.mu.head + 1) & (len(q.mu.ring) - 1)
	}
	q.mu.n -= n
	q.mu.asleep = n == 0 && !q.mu.closed
	return n
}

// close refuses all further entries. Those that wait can still be taken.
func (q *queue) close() {
	q.mu.Lock()
	q.mu.closed = true
	q.mu.Unlock()
}

func (q *queue) len() int {
	q.mu.Lock()
	defer q.mu.Unlock()
	return q.mu.n
}

// cellOf uses bits of the hash that do not choose the shard.
func cellOf(hash uint64) uint64 { return hash >> 40 % roomCells }
