package redisstore

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/redis/rueidis"

	"uproar/core/store"
)

// rewatchEvery is how long after a lost subscription another is tried, and how often a
// cluster is looked at for new nodes.
const (
	rewatchEvery = 100 * time.Millisecond
	nodesEvery   = time.Second
)

// doubtEvery is how often all is in doubt while a server answers, but refuses a
// subscription: for want of a permission, or since it has no place for one more client.
// One that does not answer needs no doubt, for what it has cannot be asked either.
const doubtEvery = time.Second

// Watch implements store.Store: with one connection for each server. stale is called by
// one goroutine at a time, but on that which reads a connection. It returns when all
// connections are closed, at the latest after DialTimeout.
func (s *Store) Watch(ctx context.Context, stale func(store.Key)) error {
	w := &watch{store: s, stale: stale}
	var all sync.WaitGroup
	if s.config.Mode == ModeCluster {
		w.nodes(ctx, &all)
	} else {
		for _, one := range s.layout.Load().shards {
			all.Go(func() { w.keep(ctx, one.name, one.client, one) })
		}
	}
	<-ctx.Done()
	all.Wait()
	return nil
}

// watch is one call of Watch.
type watch struct {
	store *Store
	mu    sync.Mutex // held while stale is called
	stale func(store.Key)
}

func (w *watch) tell(k store.Key) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.stale(k)
}

// nodes watches every node of a cluster from when it is known until it is gone.
func (w *watch) nodes(ctx context.Context, all *sync.WaitGroup) {
	cluster := w.store.cluster.whole
	watched := map[string]context.CancelFunc{}
	for {
		nodes := cluster.client.Nodes()
		for addr, client := range nodes {
			if watched[addr] == nil {
				one, cancel := context.WithCancel(ctx)
				watched[addr] = cancel
				all.Go(func() { w.keep(one, addr, client, cluster) })
			}
		}
		for addr, cancel := range watched {
			if nodes[addr] == nil {
				cancel()
				delete(watched, addr)
			}
		}
		if !pause(ctx, nodesEvery) {
			return
		}
	}
}

// keep subscribes to a server again and again until ctx ends. What fails counts like a
// call, so that a process in which nobody talks knows when the server is away; but a
// subscription alone may be refused while calls are not.
func (w *watch) keep(ctx context.Context, server string, client rueidis.Client, at *shard) {
	for doubted := time.Now(); ; {
		err := w.once(ctx, server, client, at)
		_, answered := rueidis.IsRedisErr(err)
		if answered && time.Since(doubted) >= doubtEvery {
			w.tell(store.Key{})
			doubted = time.Now()
		}
		if ctx.Err() == nil && (!answered || refused(err)) {
			w.store.heard(server, err)
		}
		if !pause(ctx, rewatchEvery) {
			return
		}
	}
}

// errLost is of a subscription that was.
var errLost = errors.New("the connection is lost")

// once subscribes, and returns when it could not, or when the connection is lost or ctx
// ends. The hooks run on the goroutine that reads the connection, which carries nothing else.
func (w *watch) once(ctx context.Context, server string, client rueidis.Client, at *shard) error {
	dedicated, release := client.Dedicate()
	defer release()
	defer dedicated.Close()
	lost := dedicated.SetPubSubHooks(rueidis.PubSubHooks{
		OnSubscription: func(sub rueidis.PubSubSubscription) {
			if sub.Kind == "subscribe" {
				at.meters.subscribed.Inc()
				w.tell(store.Key{})
			}
		},
		OnMessage: func(m rueidis.PubSubMessage) { w.tell(parseNotice(m.Message)) },
	})
	limited, cancel := context.WithTimeout(ctx, w.store.config.DialTimeout)
	err := dedicated.Do(limited, dedicated.B().Subscribe().Channel(w.store.keys.stale()).Build()).Error()
	cancel()
	if err != nil {
		return err
	}
	well := time.NewTimer(backAfter)
	defer well.Stop()
	for {
		select {
		case <-well.C:
			w.store.heard(server, nil)
		case <-lost:
			return errLost
		case <-ctx.Done():
			return nil
		}
	}
}

// heard tells the health of a server, if it is known by now.
func (s *Store) heard(server string, err error) {
	for _, one := range s.layout.Load().shards {
		if one.name == server {
			one.health.heard(err)
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
