package hls

import (
	"context"
	"sync"
	"sync/atomic"
	"time"
)

// Node is a cache of live video: it answers viewers, and asks its Source once for what it
// lacks. See the package's comment.
type Node struct {
	cfg       Config
	playlists table
	live, vod pool
	meters    *meters

	waiting       atomic.Int64 // Waiters in lines
	fills, strays atomic.Int64 // fetches under way
	running       struct {
		sync.Mutex
		ctx  context.Context // nil: Run does not run
		work sync.WaitGroup
	}
}

// New makes a Node. It starts nothing: without Run it answers 503 to what it would have to
// fetch.
func New(cfg Config) (*Node, error) {
	if err := cfg.complete(); err != nil {
		return nil, err
	}
	n := &Node{cfg: cfg}
	for _, p := range []struct {
		pool  *pool
		bytes int64
	}{{&n.live, cfg.BytesMax}, {&n.vod, cfg.VODBytesMax}} {
		arena, err := newArena(p.bytes)
		if err != nil {
			return nil, err
		}
		p.pool.arena = arena
	}
	n.playlists.init(n)
	n.meters = newMeters(cfg.Metrics, n)
	return n, nil
}

// sweepEvery is how often the Node looks for what is past its time.
const sweepEvery = time.Second

// Run owns the fetches of the Node, until ctx ends; it returns when they have. All who wait
// then are woken, and hear 503.
func (n *Node) Run(ctx context.Context) error {
	n.running.Lock()
	n.running.ctx = ctx
	n.running.Unlock()
	tick := time.NewTicker(sweepEvery)
	defer tick.Stop()
	for turn := 1; ctx.Err() == nil; turn++ {
		select {
		case <-tick.C:
			n.sweep(turn)
		case <-ctx.Done():
		}
	}
	n.running.Lock()
	n.running.ctx = nil
	n.running.Unlock()
	n.running.work.Wait()
	n.playlists.each(func(p *playlist) { p.wakeAll() })
	return nil
}

// spawn runs f as the Node's; it reports false if Run does not run.
func (n *Node) spawn(f func(ctx context.Context)) bool {
	n.running.Lock()
	defer n.running.Unlock()
	ctx := n.running.ctx
	if ctx == nil || ctx.Err() != nil {
		return false
	}
	n.running.work.Go(func() { f(ctx) })
	return true
}

// Get answers a request, or queues w: then the Desk of w is woken once there may be an
// answer, and the caller asks again with the same Request and w. It never blocks, and any
// goroutine may call it. Somebody who goes away while w is queued calls w.Cancel.
func (n *Node) Get(q *Request, w *Waiter) Answer {
	w.leave()
	if q.Hops > n.cfg.HopsMax {
		n.meters.refusedHops.Inc()
		return failure(508, 0)
	}
	now := n.cfg.Now()
	var a Answer
	if q.Path.Kind == KindSegment {
		a = n.segment(q, w, now)
	} else {
		a = n.playlist(q, w, now)
	}
	if a.Wait {
		n.meters.waits.Inc()
		return a
	}
	w.since, w.led = time.Time{}, false
	return a
}

// Values of Cache-Status, RFC 9211.
const (
	statusHit       = "uproar; hit"
	statusStale     = "uproar; hit; detail=stale"
	statusLed       = "uproar; fwd=uri-miss; stored"
	statusCollapsed = "uproar; fwd=uri-miss; collapsed"
	statusVerdict   = "uproar; hit; detail=negative"
	statusFailed    = "uproar; fwd=uri-miss"
	statusRefused   = "uproar; detail=refused"
)

// cacheStatus tells how a request came to its answer.
func cacheStatus(w *Waiter) string {
	switch {
	case w.led:
		return statusLed
	case !w.since.IsZero():
		return statusCollapsed
	default:
		return statusHit
	}
}

// noStore goes with failures that are this moment's: the Node remembers them itself for
// their time.
const noStore = "no-store"

// failure is an answer of this Node's own, of a status that no other cache should keep.
func failure(status int, retry time.Duration) Answer {
	return Answer{Status: status, CacheControl: noStore, CacheStatus: statusRefused, RetryAfter: retry}
}

// busy is the answer beyond a bound.
func busy() Answer { return failure(503, time.Second) }

// verdict is a failure of the Source, remembered for all who ask until its time is over.
type verdict struct {
	status int // 0: none
	until  time.Time
	listed bool // a playlist had listed it already
}

func (v *verdict) answer(w *Waiter, now time.Time) Answer {
	a := Answer{Status: v.status, CacheControl: noStore, CacheStatus: statusVerdict}
	if !w.since.IsZero() {
		a.CacheStatus = statusFailed
	}
	switch v.status {
	case 404:
		a.CacheControl = maxAge(v.until.Sub(now))
	case 503:
		a.RetryAfter = max(v.until.Sub(now), time.Second)
	}
	return a
}
