package tier

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"github.com/VictoriaMetrics/metrics"
)

// node is one node above, and what is remembered of how it did.
type node struct {
	addr     string
	hash     uint64
	down     atomic.Int64 // Unix nanoseconds until which it is asked last
	last     atomic.Int64 // when it last answered
	requests *metrics.Counter
	failures *metrics.Counter
	mu       struct {
		sync.Mutex
		silent map[*context.CancelCauseFunc]struct{} // requests without a head yet
	}
}

func newNode(addr string, set *metrics.Set) *node {
	n := &node{
		addr: addr, hash: hash(addr),
		requests: set.NewCounter(fmt.Sprintf(`uproar_hls_upstream_requests_total{node=%q}`, addr)),
		failures: set.NewCounter(fmt.Sprintf(`uproar_hls_upstream_failures_total{node=%q}`, addr)),
	}
	n.mu.silent = map[*context.CancelCauseFunc]struct{}{}
	return n
}

func (n *node) up(now time.Time) bool { return now.UnixNano() >= n.down.Load() }

func (n *node) failed(now time.Time) {
	n.failures.Inc()
	n.down.Store(now.Add(DownFor).UnixNano())
}

func (n *node) answered(now time.Time) {
	n.last.Store(now.UnixNano())
	n.down.Store(0)
}

func (n *node) answeredSince(t time.Time) bool { return n.last.Load() > t.UnixNano() }

// enter counts a request among those that wait for a head, until leave.
func (n *node) enter(cancel context.CancelCauseFunc) (leave func()) {
	key := &cancel
	n.mu.Lock()
	n.mu.silent[key] = struct{}{}
	n.mu.Unlock()
	return func() {
		n.mu.Lock()
		delete(n.mu.silent, key)
		n.mu.Unlock()
	}
}

// froze is that the node answers nobody, though another has an answer: what waits for it here
// goes on at other nodes.
func (n *node) froze() {
	n.mu.Lock()
	defer n.mu.Unlock()
	for cancel := range n.mu.silent {
		(*cancel)(errFrozen)
	}
}
