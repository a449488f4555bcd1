// Package tier is the hls.Source of a node that has others above it: HTTP/1.1 to one of
// them, the next when that one fails. The same code is every tier.
//
// # Which node
//
// A channel has an order of nodes, by rendezvous hashing of its name and their addresses,
// which every process computes alike: so all points of presence ask the same tier-1 node
// for a channel, and it alone asks the origin. A channel that is new here goes to the first
// node of its order that is up and has not more than its share (consistent hashing with
// bounded loads, Mirrokni, Thorup, Zadimoghaddam 2017): 1.25 times the mean, counted in
// channels, for one channel costs the node above about as much as another, however many
// watch it here. There it stays while it is used, until a node fails it.
//
// # When a node fails
//
// No answer (refused, reset, silent), and an answer that no node of the tier gives: the
// fetch goes on at the next node of the order, and for DownFor the node is asked last. An
// answer of 429 or 5xx: the same, but for this channel alone. When all fail, the fetch does,
// or hands on the last answer. After ReturnAfter the channel goes back to where it belongs.
//
// What a node may hold until it exists (a blocking reload, an announced part) has no such
// time. When it is overdue, which the Node knows (hls.Patience), the next node is asked
// besides. If that one answers, and the first has answered nobody meanwhile, the first is
// frozen: it counts as failed, and whatever else waits for it goes on at once.
//
// A body that breaks off is continued by a request for the rest (Range, If-Range) to the
// next node, if the answer had a strong validator; so the death of a node in the middle of
// a segment need not reach those who watch it.
//
// # What is sent
//
// A request is built from the fields of hls.Path and hls.Reload, and from nothing else.
// Redirects are not followed.
//
// # Threads
//
// A Source may be used by any goroutine. Each node that is asked costs one until its head is
// there. It has a lock for its choice and one per node, held for map operations.
package tier

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"time"

	"github.com/VictoriaMetrics/metrics"

	"uproar/core/hls"
)

// Bounds and times that are no configuration.
const (
	// DownFor is for how long a node that gave no answer is asked only when no other is left.
	DownFor = 2 * time.Second
	// ReturnAfter is after what time a channel that a node has failed is asked of it again.
	ReturnAfter = 30 * time.Second
	// channelsMax bounds the channels that are remembered. Those beyond go to the first
	// node of their order that is up, whatever its share.
	channelsMax = 1 << 16
	// channelIdle is for how long a channel counts that nobody asks for.
	channelIdle = time.Minute

	idleConnsMax     = 256              // per node
	idleConnTimeout  = 30 * time.Second // shorter than what a node gives between requests
	headerBytesMax   = 16 << 10
	writeBufferBytes = 4 << 10
	readBufferBytes  = 64 << 10
)

// Defaults of Config.
const (
	defaultDialTimeout   = time.Second
	defaultAnswerTimeout = 3 * time.Second
	defaultStallTimeout  = 3 * time.Second
)

// Config of a Source. Only Nodes must be set.
type Config struct {
	Nodes []string // host:port of the nodes above, spelled alike by every process; at most NodesMax

	DialTimeout   time.Duration // to connect; 1 s if 0
	AnswerTimeout time.Duration // to an answer of what is there already; 3 s if 0
	StallTimeout  time.Duration // without a byte of a body; 3 s if 0

	Metrics *metrics.Set     // nil: metrics are counted for nobody
	Now     func() time.Time // nil: time.Now
}

// NodesMax bounds the nodes above one.
const NodesMax = 64

// Source asks the nodes above.
type Source struct {
	cfg    Config
	client http.Client
	nodes  []*node
	choice choice
	meters meters
}

// New makes a Source. It starts nothing. After its last use, Close.
func New(cfg Config) (*Source, error) {
	if len(cfg.Nodes) == 0 || len(cfg.Nodes) > NodesMax {
		return nil, fmt.Errorf("cannot use %d nodes above: want 1 to %d", len(cfg.Nodes), NodesMax)
	}
	setDefault(&cfg.DialTimeout, defaultDialTimeout)
	setDefault(&cfg.AnswerTimeout, defaultAnswerTimeout)
	setDefault(&cfg.StallTimeout, defaultStallTimeout)
	if cfg.Metrics == nil {
		cfg.Metrics = metrics.NewSet()
	}
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	dialer := net.Dialer{Timeout: cfg.DialTimeout, KeepAlive: 5 * time.Second}
	s := &Source{cfg: cfg, client: http.Client{
		Transport: &http.Transport{
			DialContext:         dialer.DialContext,
			DisableCompression:  true, // a playlist that is taken apart here is not worth it
			MaxIdleConnsPerHost: idleConnsMax,
			IdleConnTimeout:     idleConnTimeout,

			MaxResponseHeaderBytes: headerBytesMax,
			WriteBufferSize:        writeBufferBytes,
			ReadBufferSize:         readBufferBytes,
		},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}}
	for _, addr := range cfg.Nodes {
		s.nodes = append(s.nodes, newNode(addr, cfg.Metrics))
	}
	s.choice.init(s.nodes, cfg.Now)
	s.meters.init(cfg.Metrics, s)
	return s, nil
}

func setDefault(d *time.Duration, def time.Duration) {
	if *d == 0 {
		*d = def
	}
}

// Close ends the connections that are idle.
func (s *Source) Close() { s.client.CloseIdleConnections() }

// Fetch implements hls.Source.
func (s *Source) Fetch(ctx context.Context, p hls.Path, r hls.Reload) (*hls.Fetched, error) {
	c := race{s: s, ctx: ctx, p: p, r: r, order: s.choice.order(p.Channel), heads: make(chan *runner), done: make(chan struct{})}
	return c.run()
}
