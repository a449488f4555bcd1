// Package link is the node port: a relay of the exchange that serves the processes below it, its children, over
// proto/link. A child is an edge, or a relay with children of its own.
//
// A relay is a sink above and a feed below. Interest goes up: while some child wants a partition, the relay wants it
// of its Feed, once, however many children do. Payloads come down as they are: a relay forwards bytes and reads none.
// A child that was too slow for some, or came when they had already flowed, is told `subscribed`, and repairs by
// asking what is still kept; those questions are passed to the Feed.
//
// # Threads and ownership
//
// The Feed's goroutines call Payload and Subscribed, which never wait: they mail the loops that have a child for
// the partition. A child, and what its loop knows of partitions, belong to the loop. What loops share is the list of
// who wants what, in interest.go. Questions wait for the Feed in a queue with a bound, and on goroutines of Run.
//
// A relay wants an engine to itself, because bounds for clients are far too narrow for a child: OutboxBytesMax is how
// much of the fleet's chat a child may be behind before it is told to repair, and should hold some of the longest
// frames.
package link

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"github.com/VictoriaMetrics/metrics"

	"uproar/core/exchange"
	"uproar/edge/engine"
	wire "uproar/proto/link"
)

// Config of a Relay. All fields but the durations must be set.
type Config struct {
	Self   wire.Hello    // of this process; its nonce is made for each connection
	Secret []byte        // of the fleet
	Feed   exchange.Feed // above; for Self.Partitions partitions

	HandshakeTimeout time.Duration // for a child to prove itself; default 5 s
	IdleTimeout      time.Duration // a child that says nothing for this long is closed; default 10 s
	SinceTimeout     time.Duration // for a question to wait and the Feed to say what is still kept; default 1 s

	Metrics *metrics.Set
}

// Bounds of the questions to the Feed. An edge may have one for each partition; all edges have theirs when a relay comes
// back. Beyond the bounds a question is answered with an error at once.
const (
	askersMax         = 64    // under way, each on a goroutine
	sincesMax         = 16384 // waiting for one of those
	sincesPerChildMax = 1024  // of one child, until it has its answers
)

// Relay serves children. New makes it, Attach tells it the engine, Run feeds it.
type Relay struct {
	cfg      Config
	interest interest
	route    atomic.Pointer[wire.Route]
	engine   interface{ Loops() []*engine.Loop }
	sinces   chan question
	meters   meters
}

// New makes a Relay that does nothing yet. Its NewLoop and Open belong into the engine's configuration.
func New(cfg Config) (*Relay, error) {
	if _, err := wire.AppendHello(nil, &cfg.Self); err != nil {
		return nil, err
	}
	if cfg.Feed == nil || cfg.Metrics == nil {
		return nil, errors.New("cannot make a relay without a feed and metrics")
	}
	setDefault(&cfg.HandshakeTimeout, 5*time.Second)
	setDefault(&cfg.IdleTimeout, 10*time.Second)
	setDefault(&cfg.SinceTimeout, time.Second)
	r := &Relay{cfg: cfg, sinces: make(chan question, sincesMax), meters: newMeters(cfg.Metrics)}
	r.interest.init(cfg.Feed, cfg.Self.Partitions)
	r.route.Store(&wire.Route{cfg.Self.ID})
	return r, nil
}

func setDefault(d *time.Duration, value time.Duration) {
	if *d == 0 {
		*d = value
	}
}

// Attach tells the engine whose loops have the children. It comes before the first connection and before Run.
func (r *Relay) Attach(e interface{ Loops() []*engine.Loop }) { r.engine = e }

// NewLoop is for engine.Config.
func (r *Relay) NewLoop(l *engine.Loop) any {
	n := r.cfg.Self.Partitions
	return &loop{relay: r, engine: l, members: make([][]*child, n), owed: make([]atomic.Bool, n)}
}

// Run feeds the children until ctx ends, and answers their questions. It returns what the Feed's Run returns, when all
// its goroutines have ended. Questions that wait then have no answer. It runs once.
func (r *Relay) Run(ctx context.Context) error {
	ctx, cancel := context.WithCancel(ctx)
	var askers sync.WaitGroup
	defer askers.Wait()
	defer cancel()
	for range askersMax {
		askers.Go(func() { r.ask(ctx) })
	}
	return r.cfg.Feed.Run(ctx, r)
}

// SetRoute says what the way up of the node above is; without one there is none. Children are told theirs, and those
// that are on it are parted from: they are above this relay too. The error is ErrLoop if this relay itself is on it,
// or ErrLimit if the tree is too deep: then nothing has changed, and the link up is to be ended. Any goroutine may
// call it.
func (r *Relay) SetRoute(above wire.Route) error {
	if above.Has(r.cfg.Self.ID) {
		return wire.ErrLoop
	}
	if len(above) >= wire.RouteNodesMax {
		return fmt.Errorf("cannot link to a relay with %d nodes above it: %w", len(above), wire.ErrLimit)
	}
	route := append(wire.Route{r.cfg.Self.ID}, above...)
	r.route.Store(&route)
	for _, l := range r.engine.Loops() {
		l.PostAlways(routeTask{})
	}
	return nil
}

// Refusal is what a connection is told that is not admitted.
func Refusal(reason engine.Reason) []byte {
	return wire.AppendRefuse(wire.AppendPreface(nil), reason.Text())
}

// greet begins a handshake of the listening side.
func (r *Relay) greet() *wire.Handshake {
	self := r.cfg.Self
	_, _ = rand.Read(self.Nonce[:]) // never fails
	h, err := wire.NewHandshake(wire.Listener, self, r.cfg.Secret)
	if err != nil {
		panic("BUG: " + err.Error()) // New has looked
	}
	return h
}
