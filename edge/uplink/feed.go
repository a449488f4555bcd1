package uplink

import (
	"context"
	"errors"
	"log/slog"
	"sync"
	"time"

	"github.com/VictoriaMetrics/metrics"

	"uproar/core/exchange"
	wire "uproar/proto/link"
)

// FeedConfig is what a Feed needs. Addrs, Self, Log and Metrics must be set.
type FeedConfig struct {
	// Addrs are host:port of the relays, each as good as any other. A process begins with the one that its id says, so
	// that many spread over them.
	Addrs  []string
	Self   wire.Hello // of this process
	Secret []byte     // of the fleet
	// OnRoute is told the way up from the relay that the Feed is linked to, whenever that says so, and nil when it is
	// linked to none: link.Node.SetRoute of a process that is a relay itself. An error ends the link. It is called on
	// Run's goroutine. nil: nobody is told.
	OnRoute func(wire.Route) error

	QueueBytesMax int           // as in PeerConfig, and so are the times
	DialTimeout   time.Duration //
	PingEvery     time.Duration //
	SilenceMax    time.Duration //
	BackoffMin    time.Duration // after all relays have failed, one after the other
	BackoffMax    time.Duration //

	Log     *slog.Logger
	Metrics *metrics.Set
}

// Feed is the exchange.Feed of a process whose chat comes from relays. It stays with the relay that it is linked to until
// that fails, and then goes to the next in the order of Addrs. Each time it is linked it wants all again that is wanted,
// and the relay says subscribed, so nothing that came meanwhile is missed by a sink that repairs.
//
// Its Sink is called by Run's goroutine alone.
type Feed struct {
	cfg    FeedConfig
	peers  []*Peer
	sink   exchange.Sink // Run's
	routed bool          // Run's: OnRoute was told a route
	meters feedMeters
	mu     struct {
		sync.Mutex
		wanted    wire.Set
		up        *Peer // that it is linked to, or nil
		questions map[uint32]*question
		lastID    uint32
	}
}

var (
	_ exchange.Feed     = (*Feed)(nil)
	_ exchange.Lifeline = (*Feed)(nil)
)

// NewFeed returns a Feed that is linked to nobody yet.
func NewFeed(cfg FeedConfig) (*Feed, error) {
	if len(cfg.Addrs) == 0 {
		return nil, errors.New("cannot make a feed without relays")
	}
	f := &Feed{cfg: cfg}
	f.mu.questions = map[uint32]*question{}
	for _, addr := range cfg.Addrs {
		l := &feedLink{feed: f}
		p, err := NewPeer(PeerConfig{
			Addr: addr, Use: "exchange", Self: cfg.Self, Secret: cfg.Secret, Owner: l,
			QueueBytesMax: cfg.QueueBytesMax, DialTimeout: cfg.DialTimeout, PingEvery: cfg.PingEvery,
			SilenceMax: cfg.SilenceMax, BackoffMin: cfg.BackoffMin, BackoffMax: cfg.BackoffMax,
			Log: cfg.Log, Metrics: cfg.Metrics,
		})
		if err != nil {
			return nil, err
		}
		l.peer = p
		f.peers = append(f.peers, p)
	}
	f.meters = newFeedMeters(cfg.Metrics)
	return f, nil
}

// Want implements exchange.Feed. A relay that does not take what is wanted for so long that the queue is full is left.
func (f *Feed) Want(partition int, wanted bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if wanted == f.mu.wanted.Has(partition) {
		return
	}
	if wanted {
		f.mu.wanted.Add(partition)
	} else {
		f.mu.wanted.Remove(partition)
	}
	f.sayWanted()
}

// sayWanted tells the relay all that is wanted. f is locked, so that what was said last is what is wanted.
func (f *Feed) sayWanted() {
	if f.mu.up == nil {
		return
	}
	if err := f.mu.up.Write(wire.AppendWant(nil, &f.mu.wanted)); errors.Is(err, ErrBusy) {
		f.mu.up.Drop(err)
	}
}

// Alive implements exchange.Lifeline: a relay is linked.
func (f *Feed) Alive() bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.mu.up != nil
}

// Tell implements exchange.Feed. Asides have half of the queue, so that nothing else waits for a flood of them.
func (f *Feed) Tell(partition int, aside []byte) {
	f.mu.Lock()
	up := f.mu.up
	f.mu.Unlock()
	if up != nil && exchange.IsAside(aside) {
		frame, err := wire.AppendTell(nil, partition, aside)
		if err == nil && up.write(frame, up.cfg.QueueBytesMax/2) == nil {
			return
		}
	}
	f.meters.asidesDropped.Inc()
}

// Run implements exchange.Feed. It may be called once.
func (f *Feed) Run(ctx context.Context, sink exchange.Sink) error {
	f.sink = sink
	at := int(f.cfg.Self.ID % uint64(len(f.peers)))
	b := f.peers[0].backoff()
	for failed := 0; ctx.Err() == nil; at = (at + 1) % len(f.peers) {
		if f.peers[at].once(ctx) >= b.max {
			b.reset()
			failed = 0
		}
		if failed++; failed >= len(f.peers) {
			b.wait(ctx)
			failed = 0
		}
	}
	return nil
}
