// Package clue decides what may be said. It takes submissions from edges, answers
// every one of them with a Decision, and hands the accepted lines to a Publisher.
//
// A room always maps to the same shard, and a shard is one goroutine, so the order
// within a room is the order of arrival. A shard owns its rooms without a lock. What
// goroutines share has locks of its own: each shard's queue and count of hot rooms, the
// rate buckets, because an account speaks in rooms of several shards, and the cache.
//
// A line passes through: Submit (refused at once when the shard is busy), the queue,
// Parse, the facts, the rules in the order of the tables in rules.go, then the
// Publisher, then, once that has published it, the Replier. While it is under way it counts
// as said; when its publication fails, it is taken back. A rule is a pure function in a file of its own. The
// facts come from the cache, and what is missing there from the store, in one round
// trip for the whole batch; the breaker is the store's. While the store is away, what the
// cache has counts, however old; limits are those of this process; and whoever is not
// known is refused, not guessed.
//
// Commands leave their shard for the desk, which may wait for the store, and come back
// as events with their place among the room's lines. A line that is held for moderators
// stays with its shard, and the teller shows it to them. Who enters a room is decided at
// the door.
//
// Lock order: none. No function here holds two locks.
package clue

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"time"

	"uproar/core/chat"
	"uproar/core/store"
)

// ErrBusy means that the shard of the room has too much waiting, in total or for
// this room. The sender is told Unavailable; nothing was queued.
var ErrBusy = errors.New("clue: too many lines are waiting")

// ErrStopped means that Run has ended or is ending. Nothing was queued.
var ErrStopped = errors.New("clue: stopped")

// Publisher carries accepted lines on, all of one room, in sequence order. Shards
// call it at the same time, but for one room only one at a time. It must not block, and
// bounds what it has taken and not answered.
//
// With a nil error it calls done once, perhaps before it returns, on any goroutine, and has
// the slice until then. done(nil) says that every edge can have the lines. done with an
// error says that they may be lost: their senders are answered chat.RejectUnavailable and
// may say the same again. So they are when Publish returns an error, which means that no
// line was handed on; then done is not called. done does not block.
type Publisher interface {
	Publish(room string, events []chat.Event, done func(error)) error
}

// Replier answers senders, of an accepted line after its Publisher has it. Shards call it
// at the same time, and so does whoever calls a done. It must not block and must not keep
// the slice.
type Replier interface {
	Decided(ds []Decision)
}

// Clue is the rules and their state. Its methods may be called from any goroutine.
type Clue struct {
	publisher Publisher
	replier   Replier
	admitter  Admitter
	shards    []*shard
	desk      *desk
	door      *door
	source    *source
	cache     *cache
	gate      *Gate
	deadline  time.Duration
	epoch     time.Time // ticks are nanoseconds since; monotonic
	meters    *meters
	ran       atomic.Bool
}

// New makes a Clue that decides nothing yet: Run does. Submissions wait meanwhile.
func New(cfg Config, pub Publisher, rep Replier) *Clue {
	cfg = cfg.filled()
	c := &Clue{
		publisher: pub, replier: rep, admitter: cfg.Admitter,
		deadline: cfg.Deadline,
		meters:   newMeters(cfg.Metrics), epoch: time.Now(),
	}
	if cfg.Store == nil {
		memory, err := store.Open("")
		if err != nil {
			panic("BUG: " + err.Error()) // only a file can fail
		}
		cfg.Store, cfg.StoreLocal = memory, true
	}
	c.source = newSource(&cfg, c.meters)
	c.cache = newCache(&cfg, c.epoch)
	c.gate = newGate(&cfg, c.epoch, c.cache.verified, c.meters.forgotAccounts)
	c.desk = newDesk(c, &cfg)
	c.door = newDoor(c, &cfg)
	for range cfg.Shards {
		c.shards = append(c.shards, newShard(c, &cfg))
	}
	c.meters.watchQueues(c.QueueLen)
	c.meters.watchHot(c.shards)
	return c
}

// Run decides until ctx ends. It owns one goroutine per shard, those of the desk, the teller and
// the door, and one that watches the store; the store itself is not its own. What is
// still queued at the end is answered Unavailable, and so is what is still under way to the
// exchange endWait later; then it returns nil. A Clue runs once.
func (c *Clue) Run(ctx context.Context) error {
	if c.ran.Swap(true) {
		panic("BUG: clue.Run called twice")
	}
	var wg sync.WaitGroup
	wg.Go(func() { c.source.watch(ctx, c.cache.stale) })
	wg.Go(func() { c.desk.run(ctx) })
	wg.Go(func() { c.desk.teller.run(ctx) })
	for _, lane := range c.door.lanes {
		wg.Go(func() { c.door.run(ctx, lane) })
	}
	for _, s := range c.shards {
		wg.Go(func() { s.run(ctx) })
	}
	wg.Wait()
	for _, s := range c.shards { // what the desk put in after its shard had looked for the last time, too
		wg.Go(s.end)
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

// MayJoin is Gate.MayJoin, by the accounts that the cache knows.
func (c *Clue) MayJoin(login string) bool { return c.gate.MayJoin(login) }

// MayLogin is Gate.MayLogin, by the accounts that the cache knows.
func (c *Clue) MayLogin(login string) bool { return c.gate.MayLogin(login) }

// Changed is told of a record that this process has changed in the store by other ways
// than a command. What is submitted after its return is decided by the record as it is; the
// store's notice may come later. Any goroutine may call it.
func (c *Clue) Changed(k store.Key) { c.cache.stale(k) }

// tick is the time since the epoch.
func (c *Clue) tick() int64 { return int64(time.Since(c.epoch)) }

// shardOf is the shard that owns a room.
func (c *Clue) shardOf(room string) *shard { return c.shards[hashOf(room)%uint64(len(c.shards))] }

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
