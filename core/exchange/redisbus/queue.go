package redisbus

import (
	"sync"
	"time"
)

// queue is what waits in one partition of a publisher.
type queue struct {
	partition int
	mu        struct {
		sync.Mutex
		waiting      []lines // the oldest first
		lines, bytes int     // of waiting
		runs         bool    // a goroutine takes what waits
		closed       bool
	}

	// Of that goroutine, one after the other.
	number  uint64    // of the last flush
	flushed time.Time // when that was taken
	known   time.Time // when the server last said that it has a number of ours
}

// push wants the lock.
func (q *queue) push(l lines) {
	q.mu.waiting = append(q.mu.waiting, l)
	q.mu.lines += l.Count
	q.mu.bytes += len(l.Body)
}

// take takes the next batch, or nil when there is none: then nothing runs any more.
func (q *queue) take() []lines {
	q.mu.Lock()
	defer q.mu.Unlock()
	n, lines, bytes := 0, 0, 0
	for n < len(q.mu.waiting) && n < flushPartsMax {
		l := q.mu.waiting[n]
		if n > 0 && (lines+l.Count > flushLinesMax || bytes+len(l.Body) > flushBytesMax) {
			break
		}
		n, lines, bytes = n+1, lines+l.Count, bytes+len(l.Body)
	}
	if n == 0 {
		q.mu.runs = false
		return nil
	}
	return q.cut(n)
}

// cut takes the first n away, with the lock.
func (q *queue) cut(n int) []lines {
	batch := q.mu.waiting[:n:n]
	q.mu.waiting = q.mu.waiting[n:]
	if len(q.mu.waiting) == 0 {
		q.mu.waiting = nil
	}
	for _, l := range batch {
		q.mu.lines -= l.Count
		q.mu.bytes -= len(l.Body)
	}
	return batch
}

// restore puts a batch back to the front, beyond the bounds if need be.
func (q *queue) restore(batch []lines) {
	q.mu.Lock()
	defer q.mu.Unlock()
	behind := q.mu.waiting
	q.mu.waiting = make([]lines, 0, len(batch)+len(behind))
	for _, l := range batch {
		q.push(l)
	}
	q.mu.waiting = append(q.mu.waiting, behind...)
}

// expired takes away what Publish took before a time.
func (q *queue) expired(before time.Time) []lines {
	q.mu.Lock()
	defer q.mu.Unlock()
	n := 0
	for n < len(q.mu.waiting) && q.mu.waiting[n].since.Before(before) {
		n++
	}
	if n == 0 {
		return nil
	}
	return q.cut(n)
}

// drain takes away everything, and nothing runs any more.
func (q *queue) drain() []lines {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.mu.runs = false
	return q.cut(len(q.mu.waiting))
}

func (q *queue) close() {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.mu.closed = true
}
