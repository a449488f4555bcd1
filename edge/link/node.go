// Package link is the node port: a process that serves others, its children, over proto/link. A child is an edge, or
// a relay with children of its own. What it is served depends on the roles of the node: payloads of the exchange by
// one that relays them, decisions by one that has clue.
//
// A relay is a sink above and a feed below. Interest goes up: while some child wants a partition, the node wants it
// of its Feed, once, however many children do. Payloads come down as they are: a relay forwards bytes and reads none.
// A child that was too slow for some, or came when they had already flowed, is told `subscribed`, and repairs by
// asking what is still kept; those questions are passed to the Feed, and so are asides.
//
// # Threads and ownership
//
// The Feed's goroutines call Payload and Subscribed, which never wait: they mail the loops that have a child for
// the partition. A child, and what its loop knows of partitions, belong to the loop. What loops share is the list of
// who wants what, in interest.go. Questions wait for the Feed in a queue with a bound, and on goroutines of Run;
// those that are the same and have not begun are asked once.
//
// A node wants an engine to itself, see EngineConfig, because bounds for clients are far too narrow for a child.
package link

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"github.com/VictoriaMetrics/metrics"

	"uproar/core/exchange"
	"uproar/edge/engine"
	wire "uproar/proto/link"
)

// Config of a Node. Self and Metrics must be set, and one of Feed and Clue at least.
type Config struct {
	Self   wire.Hello    // of this process; its nonce is made for each connection
	Secret []byte        // of the fleet
	Feed   exchange.Feed // above, for Self.Partitions partitions; nil: this node is no relay
	Clue   ClueService   // nil: this node has no clue

	HandshakeTimeout time.Duration // for a child to prove itself; default 5 s
	IdleTimeout      time.Duration // a child that says nothing for this long is closed; default 10 s
	SinceTimeout     time.Duration // for a question to wait and the Feed to say what is still kept; default 1 s

	Log     *slog.Logger // nil: nothing is logged
	Metrics *metrics.Set
}

// ClueService takes what children ask of clue. Its methods are called on the loop of the child, and must not block.
type ClueService interface {
	// Frame takes a frame of submissions or admissions, whose body is good until it returns. An error refuses the child.
	Frame(child ChildRef, f wire.Frame) error
	// Gone says that a child that was trusted has gone. Nothing of it follows.
	Gone(child ChildRef)
}

// ChildRef names a child to other goroutines. It is the same for the life of its connection, and never again.
type ChildRef struct {
	Loop *engine.Loop
	Conn engine.Handle
	Node uint64 // id of the process
}

func (c *child) ref() ChildRef { return ChildRef{c.loop.engine, c.conn.Handle(), c.peer} }

// What a child is told that asks a node for what it has not.
var (
	errNoExchange = errors.New("this node has no exchange role")
	errNoClue     = errors.New("this node has no clue role")
)

// Node serves children. New makes it, Attach tells it the engine, Run feeds it.
type Node struct {
	cfg      Config
	interest interest
	route    atomic.Pointer[wire.Route]
	cutOff   atomic.Bool // from what is above; see lifeline.go
	engine   interface{ Loops() []*engine.Loop }
	sinces   questions
	meters   meters
}

// New makes a Node that does nothing yet.
func New(cfg Config) (*Node, error) {
	if _, err := wire.AppendHello(nil, &cfg.Self); err != nil {
		return nil, err
	}
	if cfg.Feed == nil && cfg.Clue == nil || cfg.Metrics == nil {
		return nil, errors.New("cannot make a node without metrics, or with neither a feed nor clue")
	}
	if cfg.Log == nil {
		cfg.Log = slog.New(slog.DiscardHandler)
	}
	setDefault(&cfg.HandshakeTimeout, 5*time.Second)
	setDefault(&cfg.IdleTimeout, 10*time.Second)
	setDefault(&cfg.SinceTimeout, time.Second)
	n := &Node{cfg: cfg, meters: newMeters(cfg.Metrics)}
	n.sinces.init()
	n.interest.init(cfg.Feed, cfg.Self.Partitions)
	n.route.Store(&wire.Route{cfg.Self.ID})
	return n, nil
}

func setDefault(d *time.Duration, value time.Duration) {
	if *d == 0 {
		*d = value
	}
}

// Sizes of an engine for children.
const (
	outboxBytesMax = 16 << 20               // how much of the fleet's chat a child may be behind until it is told to repair
	inputBytesMax  = 2 * wire.BatchBytesMax // the longest frame that a child may send, and more
	replyBytesMax  = 8 * wire.BatchBytesMax // decisions that a child has not read
	slowTimeout    = 10 * time.Second       // a child that takes nothing is closed
	unsentBytesMax = wire.PayloadBytesMax   // in the kernel: what is read at the next turn may be long
)

// EngineConfig is an engine for the node that listens on addr, as one calls it in metrics. What is not set is for the
// caller.
func (n *Node) EngineConfig(name, addr string) engine.Config {
	return engine.Config{
		Listeners:      []engine.Listener{{Name: name, Addr: addr, Open: n.Open, Refusal: Refusal}},
		OutboxBytesMax: outboxBytesMax, ReplyBytesMax: replyBytesMax, UnsentBytesMax: unsentBytesMax,
		InputBytesMax: inputBytesMax, SlowTimeout: slowTimeout,
		NewLoop: n.NewLoop, Metrics: n.cfg.Metrics,
	}
}

// Attach tells the engine whose loops have the children. It comes before the first connection and before Run.
func (n *Node) Attach(e interface{ Loops() []*engine.Loop }) { n.engine = e }

// NewLoop is for engine.Config.
func (n *Node) NewLoop(l *engine.Loop) any {
	count := n.cfg.Self.Partitions
	return &loop{node: n, engine: l, members: make([][]*child, count), owed: make([]atomic.Bool, count)}
}

// Run feeds the children until ctx ends, and answers their questions. It returns what the Feed's Run returns, when all
// its goroutines have ended. Questions that wait then have no answer. It runs once. Without a Feed it only waits.
func (n *Node) Run(ctx context.Context) error {
	if n.cfg.Feed == nil {
		<-ctx.Done()
		return nil
	}
	ctx, cancel := context.WithCancel(ctx)
	var all sync.WaitGroup
	defer all.Wait()
	defer cancel()
	for range askersMax {
		all.Go(func() { n.ask(ctx) })
	}
	all.Go(func() { n.watch(ctx) })
	return n.cfg.Feed.Run(ctx, n)
}

// SetRoute says what the way up of the node above is; without one there is none, or none is linked. Children are told theirs, and those
// that are on it are parted from: they are above this relay too. The error is ErrLoop if this relay itself is on it,
// or ErrLimit if the tree is too deep: then nothing has changed, and the link up is to be ended. Any goroutine may
// call it.
func (n *Node) SetRoute(above wire.Route) error {
	if above.Has(n.cfg.Self.ID) {
		return wire.ErrLoop
	}
	if len(above) >= wire.RouteNodesMax {
		return fmt.Errorf("cannot link to a relay with %d nodes above it: %w", len(above), wire.ErrLimit)
	}
	route := append(wire.Route{n.cfg.Self.ID}, above...)
	n.route.Store(&route)
	for _, l := range n.engine.Loops() {
		l.PostAlways(routeTask{})
	}
	return nil
}

// Refusal is what a connection is told that is not admitted.
func Refusal(reason engine.Reason) []byte {
	return wire.AppendRefuse(wire.AppendPreface(nil), reason.Text())
}

// greet begins a handshake of the listening side.
func (n *Node) greet() *wire.Handshake {
	self := n.cfg.Self
	_, _ = rand.Read(self.Nonce[:]) // never fails
	h, err := wire.NewHandshake(wire.Listener, self, n.cfg.Secret)
	if err != nil {
		panic("BUG: " + err.Error()) // New has looked
	}
	return h
}
