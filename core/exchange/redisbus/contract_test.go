package redisbus

import (
	"context"
	"sync"
	"testing"
	"time"

	"uproar/core/exchange"
	"uproar/core/exchange/exchangetest"
	"uproar/core/store/redistest"
)

// wishes are the partitions that feeds of a test want and have not got yet. The contract
// takes it that what is wanted comes at once; here that takes a round trip, and another
// for the repair that Subscribed brings.
type wishes struct {
	sync.Mutex
	open map[wish]bool // whether Subscribed was said
}

type wish struct {
	feed      *Feed
	partition int
}

// await returns when there is none.
func (w *wishes) await(t *testing.T) {
	for late := time.Now().Add(patience); ; time.Sleep(100 * time.Microsecond) {
		w.Lock()
		n := len(w.open)
		w.Unlock()
		if n == 0 {
			return
		}
		if time.Now().After(late) {
			t.Errorf("%d partitions are wanted in vain", n)
			return
		}
	}
}

type wishingFeed struct {
	*Feed
	wishes *wishes
}

func (f *wishingFeed) Want(partition int, wanted bool) {
	f.wishes.Lock()
	delete(f.wishes.open, wish{f.Feed, partition})
	if wanted {
		f.wishes.open[wish{f.Feed, partition}] = false
	}
	f.wishes.Unlock()
	f.Feed.Want(partition, wanted)
}

func (f *wishingFeed) Since(ctx context.Context, room string, after exchange.Position) ([][]byte, exchange.Position, error) {
	this := wish{f.Feed, exchange.PartitionOf(room, f.bus.config.Partitions)}
	f.wishes.Lock()
	said := f.wishes.open[this]
	f.wishes.Unlock()
	parts, head, err := f.Feed.Since(ctx, room, after)
	if said && err == nil {
		f.wishes.Lock()
		delete(f.wishes.open, this)
		f.wishes.Unlock()
	}
	return parts, head, err
}

func (f *wishingFeed) Run(ctx context.Context, sink exchange.Sink) error {
	return f.Feed.Run(ctx, &wishingSink{sink, f})
}

type wishingSink struct {
	exchange.Sink
	feed *wishingFeed
}

func (s *wishingSink) Subscribed(partition int) {
	this, w := wish{s.feed.Feed, partition}, s.feed.wishes
	w.Lock()
	if _, open := w.open[this]; open {
		w.open[this] = true
	}
	w.Unlock()
	s.Sink.Subscribed(partition)
}

func TestRedisKeepsTheContract(t *testing.T) {
	t.Parallel()
	topologies(t, func(t *testing.T, servers []*redistest.Server) {
		exchangetest.Run(t, func(t *testing.T) exchangetest.Bus { return contractBus(t, servers) })
	})
}

func contractBus(t *testing.T, servers []*redistest.Server) exchangetest.Bus {
	b := openBus(t, servers, nil)
	p := startPublisher(t, b)
	w := &wishes{open: map[wish]bool{}}
	all := func(words ...string) func() {
		return func() {
			for _, s := range servers {
				s.CLI(words...)
			}
		}
	}
	return exchangetest.Bus{
		Partitions: b.config.Partitions,
		Feed:       func() exchange.Feed { return &wishingFeed{NewFeed(openBus(t, servers, nil)), w} },
		Publish: func(room string, body []byte, count int) error {
			w.await(t)
			answer := make(chan error, 1)
			if err := p.Publish(&exchange.Lines{Room: room, Body: body, Count: count, Done: func(err error) { answer <- err }}); err != nil {
				return err
			}
			return <-answer
		},
		Trim: func(room string) {
			stream := b.keys.stream(exchange.PartitionOf(room, b.config.Partitions), room)
			for _, s := range servers {
				s.Do("DEL", stream) // where it does not live nothing happens
			}
		},
		Restart:   all("FLUSHALL"),
		Interrupt: all("CLIENT", "KILL", "TYPE", "pubsub"),
	}
}
