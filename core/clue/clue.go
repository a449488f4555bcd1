// Package clue decides what may be said. It takes submissions from edges, answers
// every one of them with a Decision, and hands the accepted lines to a Publisher.
//
// A room always maps to the same shard, and a shard is one goroutine, so the order
// within a room is the order of arrival. A shard owns its rooms without a lock. Two
// things are shared between goroutines: each shard's queue, and the rate buckets,
// because an account speaks in rooms of several shards.
//
// A line passes through: Submit (refused at once when the shard is busy), the queue,
// Parse, the facts, the rules in the order of the table in rules.go, then the
// Publisher, then the Replier. A rule is a pure function in a file of its own.
//
// Lock order: none. No function here holds two locks.
package clue

import (
	"context"
	"errors"
	"hash/maphash"
	"sync"
	"sync/atomic"
	"time"

	"uproar/core/chat"
)

// ErrBusy means that the shard of the room has too much waiting, in total or for
// this room. The sender is told chat.RejectUnavailable; nothing was queued.
var ErrBusy = errors.New("clue: too many lines are waiting")

// ErrStopped means that Run has ended or is ending. Nothing was queued.
var ErrStopped = errors.New("clue: stopped")

// Publisher carries accepted lines on, all of one room, in sequence order. Shards
// call it at the same time, but for one room only one at a time. It must not block
// and must not keep the slice. An error means that no line was handed on: their
// senders are answered chat.RejectUnavailable and may say the same again.
type Publisher interface {
	Publish(room string, events []chat.Event) error
}

// Replier answers senders. Shards call it at the same time, after the Publisher has
// the accepted lines of the batch. It must not block and must not keep the slice.
type Replier interface {
	Decided(ds []Decision)
}

// Clue is the rules and their state. Its methods may be called from any goroutine.
type Clue struct {
	shards   []*shard
	accounts *buckets
	seed     maphash.Seed
	epoch    time.Time // ticks are nanoseconds since; monotonic
	meters   *meters
	ran      atomic.Bool
}

// New makes a Clue that decides nothing yet: Run does. Submissions wait meanwhile.
func New(cfg Config, pub Publisher, rep Replier) *Clue {
	cfg = cfg.filled()
	c := &Clue{meters: newMeters(cfg.Metrics), seed: maphash.MakeSeed(), epoch: time.Now()}
	c.accounts = newBuckets(&cfg, c.seed, c.meters)
	for range cfg.Shards {
		s := newShard(&cfg, c.seed, c.accounts, pub, rep, c.meters)
		s.epoch = c.epoch
		c.shards = append(c.shards, s)
	}
	c.meters.watchQueues(c.QueueLen)
	return c
}

// Run decides until ctx ends. It owns one goroutine per shard. What is still queued
// at the end is answered chat.RejectUnavailable; then it returns nil. A Clue runs once.
func (c *Clue) Run(ctx context.Context) error {
	if c.ran.Swap(true) {
		panic("BUG: clue.Run called twice")
	}
	var wg sync.WaitGroup
	for _, s := range c.shards {
		wg.Go(func() { s.run(ctx) })
	}
	wg.Wait()
	return nil
}

// Submit queues s and never waits. A nil error means that exactly one Decision
// follows. ErrBusy and ErrStopped mean that none does: the caller answers. The
// strings of s are kept for as long as the line is remembered, so they must not
// share memory with a read buffer.
func (c *Clue) Submit(s Submission) error {
	h := hashOf(s.Room)
	s.Queued = time.Now()
	err := c.shards[h%uint64(len(c.shards))].queue.put(&s, h)
	switch err {
	case nil:
	case errRoomShare:
		c.meters.refusedRoom.Inc()
		return ErrBusy
	case ErrBusy:
		c.meters.refusedFull.Inc()
	}
	return err
}

// MayJoin takes one room out of what an account may join now, and reports whether there
// was one. Any goroutine may call it; a loop may, for it never waits.
func (c *Clue) MayJoin(login string) bool {
	return c.accounts.drawJoin(maphash.String(c.seed, login), int64(time.Since(c.epoch)))
}

// QueueLen is the number of submissions that wait, over all shards.
func (c *Clue) QueueLen() int {
	n := 0
	for _, s := range c.shards {
		n += s.queue.len()
	}
	return n
}

// hashOf is FNV-1a of 64 bits with a final mix: stable over restarts and processes,
// so that a room keeps its shard wherever it is counted.
func hashOf(room string) uint64 {
	h := uint64(14695981039346656037)
	for i := range len(room) {
		h = (h ^ uint64(room[i])) * 1099511628211
	}
	return h ^ h>>29
}
