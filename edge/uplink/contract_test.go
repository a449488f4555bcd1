package uplink

import (
	"context"
	"strings"
	"sync"
	"testing"
	"time"

	"uproar/core/exchange"
	"uproar/core/exchange/exchangetest"
	"uproar/core/exchange/redisbus"
	"uproar/core/store/redistest"
)

// tree is relays above an edge: one for each address, some levels deep. Two have the address of the root.
type tree struct {
	t      *testing.T
	source exchangetest.Bus
	gates  []*gate // of the relays that edges dial
	wishes wishes
}

// plant runs two relays on each of levels.
func plant(t *testing.T, source exchangetest.Bus, levels int) *tree {
	tr := &tree{t: t, source: source}
	var above []string
	for range levels {
		var here []string
		tr.gates = nil
		for range 2 {
			var r *relay
			if above == nil {
				r = relayOf(t, source.Feed())
			} else {
				r = relayBelow(t, above...)
			}
			g := gateTo(t, r.addr)
			tr.gates = append(tr.gates, g)
			here = append(here, g.addr)
		}
		above = here
	}
	return tr
}

// bus is the exchange as an edge below the tree has it.
func (tr *tree) bus() exchangetest.Bus {
	b := tr.source
	b.Feed = func() exchange.Feed { return tr.edge() }
	b.Publish = func(room string, body []byte, count int) error {
		tr.wishes.await(tr.t)
		return tr.source.Publish(room, body, count)
	}
	b.Interrupt = func() {
		tr.source.Interrupt()
		for _, g := range tr.gates {
			g.cut()
		}
	}
	return b
}

// edge is a Feed below the tree. It is linked from the beginning, for the contract asks Since of Feeds that nobody runs.
func (tr *tree) edge() exchange.Feed {
	var addrs []string
	for _, g := range tr.gates {
		addrs = append(addrs, g.addr)
	}
	e := &edgeFeed{Feed: feedTo(tr.t, nodes.Add(1), nil, addrs...), wishes: &tr.wishes, begun: make(chan struct{})}
	run(tr.t, e.Feed, e)
	return e
}

// edgeFeed gives what its Feed brings to the sink of Run, once there is one.
type edgeFeed struct {
	*Feed
	wishes *wishes
	begun  chan struct{}
	to     exchange.Sink // once begun
}

func (e *edgeFeed) Run(ctx context.Context, sink exchange.Sink) error {
	e.to = sink
	close(e.begun)
	<-ctx.Done()
	return nil
}

func (e *edgeFeed) Payload(p int, payload []byte) {
	<-e.begun
	e.to.Payload(p, payload)
}

func (e *edgeFeed) Subscribed(p int) {
	e.wishes.subscribed(wish{e, p})
	<-e.begun
	e.to.Subscribed(p)
}

func (e *edgeFeed) Want(p int, wanted bool) {
	e.wishes.want(wish{e, p}, wanted)
	e.Feed.Want(p, wanted)
}

func (e *edgeFeed) Since(ctx context.Context, room string, after exchange.Position) ([][]byte, exchange.Position, error) {
	w := wish{e, exchange.PartitionOf(room, e.cfg.Self.Partitions)}
	said := e.wishes.said(w)
	parts, head, err := e.Feed.Since(ctx, room, after)
	if said && err == nil {
		e.wishes.grant(w)
	}
	return parts, head, err
}

// wishes are the partitions that are wanted and have not come. The contract takes it that what is wanted comes at once;
// here that takes a round trip for each level, and another for the repair that Subscribed brings.
type wishes struct {
	sync.Mutex
	open map[wish]bool // whether Subscribed was said
}

type wish struct {
	feed      *edgeFeed
	partition int
}

func (x *wishes) want(w wish, wanted bool) {
	x.Lock()
	defer x.Unlock()
	if x.open == nil {
		x.open = map[wish]bool{}
	}
	if delete(x.open, w); wanted {
		x.open[w] = false
	}
}

func (x *wishes) subscribed(w wish) {
	x.Lock()
	defer x.Unlock()
	if _, open := x.open[w]; open {
		x.open[w] = true
	}
}

func (x *wishes) said(w wish) bool {
	x.Lock()
	defer x.Unlock()
	return x.open[w]
}

func (x *wishes) grant(w wish) {
	x.Lock()
	defer x.Unlock()
	delete(x.open, w)
}

// await returns when there is none.
func (x *wishes) await(t *testing.T) {
	for end := time.Now().Add(deadline); ; time.Sleep(100 * time.Microsecond) {
		x.Lock()
		n := len(x.open)
		x.Unlock()
		if n == 0 {
			return
		}
		if time.Now().After(end) {
			t.Errorf("%d partitions are wanted in vain", n)
			return
		}
	}
}

func TestRelaysKeepTheContract(t *testing.T) {
	for levels, name := range []string{1: "one level", 2: "two levels"} {
		if name == "" {
			continue
		}
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			exchangetest.Run(t, func(t *testing.T) exchangetest.Bus {
				return plant(t, exchangetest.NewMemory(exchange.Partitions).Bus(), levels).bus()
			})
		})
	}
}

func TestRelaysOfRedisKeepTheContract(t *testing.T) {
	server := redistest.Start(t)
	for levels, name := range []string{1: "one level", 2: "two levels"} {
		if name == "" {
			continue
		}
		t.Run(name, func(t *testing.T) {
			exchangetest.Run(t, func(t *testing.T) exchangetest.Bus {
				return plant(t, redisOf(t, server), levels).bus()
			})
		})
	}
}

// redisOf is the exchange on a server.
func redisOf(t *testing.T, server *redistest.Server) exchangetest.Bus {
	t.Helper()
	open := func() *redisbus.Bus {
		b, err := redisbus.Open(context.Background(), redisbus.Config{
			Addrs: []string{server.Addr}, Env: "test", AnswerTimeout: deadline, SendTimeout: deadline,
		})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(b.Close)
		return b
	}
	p := redisbus.NewPublisher(open())
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), 100*time.Millisecond)
		defer cancel()
		p.Close(ctx)
	})
	return exchangetest.Bus{
		Partitions: exchange.Partitions,
		Feed:       func() exchange.Feed { return redisbus.NewFeed(open()) },
		Publish: func(room string, body []byte, count int) error {
			answer := make(chan error, 1)
			err := p.Publish(&exchange.Lines{Room: room, Body: body, Count: count, Done: func(err error) { answer <- err }})
			if err != nil {
				return err
			}
			return <-answer
		},
		Trim: func(room string) {
			for _, key := range strings.Fields(server.CLI("--scan", "--pattern", "up:test:*:s:"+room)) {
				server.Do("DEL", key)
			}
		},
		Restart:   func() { server.CLI("FLUSHALL") },
		Interrupt: func() { server.CLI("CLIENT", "KILL", "TYPE", "pubsub") },
	}
}
