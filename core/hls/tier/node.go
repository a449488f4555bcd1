package tier

import (
	"fmt"
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
}

func newNode(addr string, set *metrics.Set) *node {
	return &node{
		addr: addr, hash: hash(addr),
		requests: set.NewCounter(fmt.Sprintf(`uproar_hls_upstream_requests_total{node=%q}`, addr)),
		failures: set.NewCounter(fmt.Sprintf(`uproar_hls_upstream_failures_total{node=%q}`, addr)),
	}
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
