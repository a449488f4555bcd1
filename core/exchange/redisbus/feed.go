package redisbus

import (
	"context"
	"maps"
	"runtime"
	"slices"
	"sync"
	"time"

	"github.com/redis/rueidis"

	"uproar/core/exchange"
)

const (
	lanesMax   = 4
	nodesEvery = time.Second            // a cluster is looked at for new nodes
	retryAfter = 100 * time.Millisecond // after a subscription that was lost or refused
)

// Feed brings what is published on a Bus. It is an exchange.Feed; Run may be called once.
type Feed struct {
	bus    *Bus
	lanes  []*lane // a partition's is that of its number, modulo
	asides asides
	mu     struct {
		sync.Mutex
		wanted []uint64 // by partition: which time it is wanted; 0: it is not
		times  uint64
		home   []string               // by partition: the server to subscribe at; of a cluster: a guess
		nodes  map[string]*subscriber // by address
	}
}

var (
	_ exchange.Feed     = (*Feed)(nil)
	_ exchange.Lifeline = (*Feed)(nil)
)

// NewFeed returns a feed of b. Its Run must have returned before b.Close.
func NewFeed(b *Bus) *Feed {
	f := &Feed{bus: b}
	f.lanes = make([]*lane, min(lanesMax, runtime.GOMAXPROCS(0)))
	for i := range f.lanes {
		f.lanes[i] = newLane(b.config.FeedBytesMax / len(f.lanes))
	}
	f.asides.of = make([]toTell, b.config.Partitions)
	f.mu.wanted = make([]uint64, b.config.Partitions)
	f.mu.home = make([]string, b.config.Partitions)
	f.mu.nodes = map[string]*subscriber{}
	return f
}

func (f *Feed) lane(partition int) *lane { return f.lanes[partition%len(f.lanes)] }

// Want implements exchange.Feed. Each time that a partition comes to be wanted Subscribed
// follows, soon or when its server is there.
func (f *Feed) Want(partition int, wanted bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if wanted == (f.mu.wanted[partition] != 0) {
		return
	}
	f.mu.wanted[partition] = 0
	if wanted {
		f.mu.times++
		f.mu.wanted[partition] = f.mu.times
	}
	if s := f.mu.nodes[f.mu.home[partition]]; s != nil {
		s.hurry()
	}
}

// Alive implements exchange.Lifeline: some server that a wanted partition lives on has its
// subscriptions. One of several that is away takes its partitions from all processes
// alike, and is no reason to do without the others.
func (f *Feed) Alive() bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	wanted := false
	for p, home := range f.mu.home {
		if f.mu.wanted[p] == 0 {
			continue
		}
		if s := f.mu.nodes[home]; s != nil && s.up.Load() {
			return true
		}
		wanted = true
	}
	return !wanted
}

// Run implements exchange.Feed. Sink's methods are called by a goroutine for each lane.
func (f *Feed) Run(ctx context.Context, sink exchange.Sink) error {
	var all sync.WaitGroup
	for _, l := range f.lanes {
		all.Go(func() { l.run(ctx, sink) })
	}
	stops := map[string]context.CancelFunc{}
	for {
		nodes := f.servers()
		for addr, client := range nodes {
			if stops[addr] == nil {
				one, stop := context.WithCancel(ctx)
				stops[addr] = stop
				s := newSubscriber(f, addr, client)
				f.enter(addr, s)
				all.Go(func() { s.run(one) })
			}
		}
		for addr, stop := range stops {
			if nodes[addr] == nil {
				stop()
				delete(stops, addr)
				f.enter(addr, nil)
			}
		}
		f.settle()
		if f.bus.cluster == nil {
			<-ctx.Done()
		}
		if !pause(ctx, nodesEvery) {
			break
		}
	}
	for _, stop := range stops {
		stop()
	}
	all.Wait()
	return nil
}

// servers are the clients to subscribe with, by address.
func (f *Feed) servers() map[string]rueidis.Client {
	if f.bus.cluster != nil {
		return f.bus.cluster.Nodes()
	}
	nodes := map[string]rueidis.Client{}
	for i, client := range f.bus.servers {
		nodes[f.bus.config.Addrs[i]] = client
	}
	return nodes
}

func (f *Feed) enter(addr string, s *subscriber) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if s == nil {
		delete(f.mu.nodes, addr)
	} else {
		f.mu.nodes[addr] = s
	}
}

// settle gives each partition without a server one.
func (f *Feed) settle() {
	f.mu.Lock()
	defer f.mu.Unlock()
	addrs := slices.Sorted(maps.Keys(f.mu.nodes))
	if len(addrs) == 0 {
		return
	}
	for p, home := range f.mu.home {
		if f.mu.nodes[home] != nil {
			continue
		}
		if f.bus.cluster != nil {
			f.mu.home[p] = addrs[p%len(addrs)]
		} else {
			f.mu.home[p] = f.bus.config.Addrs[serverOf(f.bus.config.Addrs, p)]
		}
		f.mu.nodes[f.mu.home[p]].hurry()
	}
}

// move makes another node of a cluster a partition's server: that to which one redirected.
func (f *Feed) move(partition int, addr string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if s := f.mu.nodes[addr]; s != nil {
		f.mu.home[partition] = addr
		s.hurry()
	}
}

// leave asks other nodes of a cluster for the partitions of one that is gone: a replica
// may have its slots, and any node will say.
func (f *Feed) leave(addr string) {
	if f.bus.cluster == nil {
		return
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	others := slices.DeleteFunc(slices.Sorted(maps.Keys(f.mu.nodes)), func(one string) bool { return one == addr })
	if len(others) == 0 {
		return
	}
	for p, home := range f.mu.home {
		if home == addr {
			f.mu.home[p] = others[p%len(others)]
			f.mu.nodes[f.mu.home[p]].hurry()
		}
	}
}

// pause reports whether ctx is still on after d.
func pause(ctx context.Context, d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-ctx.Done():
		return false
	}
}
