package exchange_test

import (
	"context"
	"fmt"
	"sync"
	"time"

	"uproar/core/exchange"
	"uproar/core/exchange/exchangetest"
)

// Times of a fakeBus, as those of redisbus.
const (
	fakeRoundTrip = time.Millisecond
	fakeUnsent    = 500 * time.Millisecond
	fakeUnsure    = time.Second
)

// mood is what a fakeBus does.
type mood int

const (
	well   mood = iota
	dead        // nothing is sent
	frozen      // one publication is sent and not answered, nothing else is sent
)

// fakeBus publishes in a Memory, one publication after the other.
type fakeBus struct {
	memory *exchangetest.Memory
	more   chan struct{}
	mu     struct {
		sync.Mutex
		mood  mood
		busy  bool
		queue []waitingLines
		coin  func() bool // what becomes of what was sent
		count int         // publications
	}
}

type waitingLines struct {
	*exchange.Lines
	since time.Time
}

func newFakeBus(m *exchangetest.Memory) *fakeBus {
	b := &fakeBus{memory: m, more: make(chan struct{}, 1)}
	b.mu.coin = func() bool { return true }
	return b
}

func (b *fakeBus) Publish(l *exchange.Lines) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.mu.busy {
		return exchange.ErrBusy
	}
	b.mu.queue = append(b.mu.queue, waitingLines{l, time.Now()})
	b.wake()
	return nil
}

func (b *fakeBus) wake() {
	select {
	case b.more <- struct{}{}:
	default:
	}
}

func (b *fakeBus) is(m mood) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.mu.mood = m
}

func (b *fakeBus) full(on bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.mu.busy = on
}

func (b *fakeBus) now() mood {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.mu.mood
}

// pop takes the first publication, and answers those that have waited too long.
func (b *fakeBus) pop(all bool) (first waitingLines, ok bool) {
	b.mu.Lock()
	var late []waitingLines
	for len(b.mu.queue) > 0 && (time.Since(b.mu.queue[0].since) >= fakeUnsent || b.mu.queue[0].Recalled()) {
		late = append(late, b.mu.queue[0])
		b.mu.queue = b.mu.queue[1:]
	}
	if all && len(b.mu.queue) > 0 {
		first, ok = b.mu.queue[0], true
		b.mu.queue = b.mu.queue[1:]
	}
	b.mu.Unlock()
	for _, l := range late {
		l.Done(fmt.Errorf("late: %w", exchange.ErrUnavailable))
	}
	if ok && len(late) > 0 && first.Recalled() {
		first.Done(exchange.ErrUnavailable)
		b.wake()
		return first, false
	}
	return first, ok
}

func (b *fakeBus) publish(l exchange.Lines) {
	b.mu.Lock()
	b.mu.count++
	b.mu.Unlock()
	if err := b.memory.Publish(l.Room, l.Body, l.Count); err != nil {
		panic(err)
	}
}

func (b *fakeBus) run(ctx context.Context) {
	for ctx.Err() == nil {
		time.Sleep(fakeRoundTrip)
		switch b.now() {
		case dead:
			b.pop(false)
			continue
		case frozen:
			if l, ok := b.pop(true); ok {
				b.freeze(ctx, l)
			}
			continue
		}
		l, ok := b.pop(true)
		if !ok {
			select {
			case <-b.more:
			case <-ctx.Done():
			}
			continue
		}
		b.publish(*l.Lines)
		l.Done(nil)
	}
}

// freeze has a publication sent whose answer is late, or never comes: it may have taken
// effect before, or does later, or never.
func (b *fakeBus) freeze(ctx context.Context, l waitingLines) {
	b.mu.Lock()
	before, after := b.mu.coin(), b.mu.coin()
	b.mu.Unlock()
	sent := *l.Lines // they are not ours when they are answered
	if before {
		b.publish(sent)
	}
	answered := false
	for began := time.Now(); b.now() == frozen && ctx.Err() == nil; time.Sleep(fakeRoundTrip) {
		b.pop(false)
		if !answered && time.Since(began) >= fakeUnsure {
			answered = true
			l.Done(fmt.Errorf("no answer: %w", exchange.ErrUnsure))
		}
	}
	if !before && (after || !answered) {
		b.publish(sent)
	}
	if !answered {
		l.Done(nil)
	}
}
