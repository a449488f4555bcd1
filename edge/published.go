package main

import (
	"errors"
	"sync"
	"sync/atomic"
	"time"

	"uproar/core/exchange"
)

// watchedBus is a Bus whose failures are logged: two lines for each outage, whatever fails
// meanwhile. Without them nobody learns of a Redis that keeps state and yet lets this user
// publish nothing: chat goes on in each process, by itself.
type watchedBus struct {
	exchange.Bus
	out     *outages
	failing atomic.Bool
	mu      struct {
		sync.Mutex
		last map[int]time.Time // by partition that does not take lines: when it refused some
	}
}

// failureAge is how long a partition counts that nothing was published in since it failed.
const failureAge = 10 * time.Second

func newWatchedBus(bus exchange.Bus, out *outages) *watchedBus {
	b := &watchedBus{Bus: bus, out: out}
	b.mu.last = map[int]time.Time{}
	return b
}

// Publish implements exchange.Bus.
func (b *watchedBus) Publish(l *exchange.Lines) error {
	watched := *l
	watched.Done = func(err error) {
		b.note(l.Room, err)
		l.Done(err)
	}
	return b.Bus.Publish(&watched)
}

// note is told what became of lines.
func (b *watchedBus) note(room string, err error) {
	if err == nil && !b.failing.Load() || errors.Is(err, exchange.ErrClosed) {
		return
	}
	partition, now := exchange.PartitionOf(room, exchange.Partitions), time.Now()
	b.mu.Lock()
	defer b.mu.Unlock()
	if err != nil {
		b.mu.last[partition] = now
		if !b.failing.Swap(true) {
			b.tell(true, err)
		}
		return
	}
	delete(b.mu.last, partition)
	for p, last := range b.mu.last {
		if now.Sub(last) > failureAge {
			delete(b.mu.last, p)
		}
	}
	if len(b.mu.last) == 0 && b.failing.Swap(false) {
		b.tell(false, nil)
	}
}

func (b *watchedBus) tell(failing bool, cause error) {
	b.out.tell("the exchange on Redis", failing, cause, "until it is well, other processes do not hear what is said here")
}
