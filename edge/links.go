package main

import (
	"context"
	"time"

	"github.com/VictoriaMetrics/metrics"

	"uproar/core/chat"
	"uproar/core/clue"
	"uproar/core/exchange"
	"uproar/core/trace"
	"uproar/edge/engine"
	"uproar/edge/link"
	"uproar/edge/uplink"
	wire "uproar/proto/link"
)

// self is how this process names itself to those that it dials, or serves.
func (s *server) self(role wire.Role) wire.Hello {
	return wire.Hello{Role: role, ID: s.id, Partitions: exchange.Partitions, Env: s.o.Env, Name: s.o.processName()}
}

// wireClue makes what decides lines: here, or where other processes do.
func (s *server) wireClue() (err error) {
	if s.o.has(roleClue) {
		s.clue = clue.New(s.clueConfig(), s.way.publisher, &s.way)
		s.way.clue = s.clue
		s.runs(s.clue.Run)
		return nil
	}
	if !s.o.has(roleEdge) {
		return nil
	}
	up, err := uplink.NewClue(uplink.ClueConfig{
		Addrs: s.o.Clue, Self: s.self(wire.RoleEdge), Secret: s.secret, Replier: &s.way, Admitter: &s.way,
		Gate: clue.NewGate(s.limits()), AnswerTimeout: s.o.EdgeTimeout, RoomsCreated: s.o.Rooms == "created",
		Log: s.log, Metrics: s.set,
	})
	if err != nil {
		return err
	}
	s.way.clue, s.elsewhere = up, up
	s.runs(up.Run)
	return nil
}

// clueWait is how long a process that starts waits for clue elsewhere before it lets clients
// in: it would refuse them all that they ask for, and they do not ask again.
const clueWait = 2 * time.Second

// awaitClue returns when there is clue to ask, or for too long is none: without it people
// can at least read.
func (s *server) awaitClue(ctx context.Context) {
	if s.elsewhere == nil {
		return
	}
	timer := time.NewTimer(clueWait)
	defer timer.Stop()
	select {
	case <-s.elsewhere.Linked():
	case <-timer.C:
	case <-ctx.Done():
	}
}

func (s *server) clueConfig() clue.Config {
	o, cfg := s.o, s.limits()
	cfg.Deadline = o.ClueTimeout
	cfg.Store = s.store
	cfg.StoreLocal = len(o.Redis) == 0
	cfg.StoreTimeout = o.StoreTimeout
	cfg.RoomsCreated = o.Rooms == "created"
	cfg.Emotes = s.emotes
	cfg.Admitter = &s.way
	cfg.Messenger = &s.way
	cfg.Viewers = s.way.viewers
	if o.spans() && o.has(roleEdge) {
		cfg.Heard = s.way.heard
	}
	cfg.Trace = s.trace
	return cfg
}

// limits are what accounts are held to.
func (s *server) limits() clue.Config {
	o, cfg := s.o, clue.Defaults()
	cfg.RateLimit = o.RateLimit
	cfg.RateLimitModerator = o.RateLimitMod
	cfg.RateLimitVerified = o.RateLimitVerified
	cfg.LineGap = o.LineGap
	cfg.JoinLimit = o.JoinLimit
	cfg.JoinLimitVerified = o.JoinLimitVerified
	cfg.AuthLimit = o.AuthLimit
	cfg.AuthLimitVerified = o.AuthLimitVerified
	cfg.DuplicateWindow = o.DuplicateWindow
	cfg.Metrics = s.set
	return cfg
}

// wireLinks makes the port where other processes reach this one.
func (s *server) wireLinks() error {
	if s.o.LinkAddr == "" {
		return nil
	}
	var node *link.Node
	cfg := link.Config{Self: s.self(wire.RoleClue), Secret: s.secret, Log: s.log, Metrics: s.set}
	if s.o.has(roleClue) {
		below, err := link.NewClue(link.ClueConfig{Decider: s.clue, Within: s.o.ClueTimeout + s.o.StoreTimeout, Metrics: s.set})
		if err != nil {
			return err
		}
		s.way.below, cfg.Clue = below, below
	}
	if s.o.relays() {
		var above []string
		if !s.o.upstreamRedis() {
			above = s.o.Upstream
		}
		feed, err := s.feed(above, wire.RoleRelay, func(r wire.Route) error { return node.SetRoute(r) })
		if err != nil {
			return err
		}
		cfg.Self, cfg.Feed = s.self(wire.RoleRelay), relayed{feed, s.trace}
	}
	node, err := link.New(cfg)
	if err != nil {
		return err
	}
	port := node.EngineConfig("link", s.o.LinkAddr)
	port.Loops, port.DrainTimeout, port.ReusePort, port.Log = s.o.Loops, min(s.o.DrainTimeout, unlinkTimeout), s.o.ReusePort, s.log
	port.MaxConns = childrenMax
	if s.clients != nil {
		port.Metrics = metrics.NewSet() // the clients' engine has these names
	}
	if s.links, err = engine.New(port); err != nil {
		return err
	}
	node.Attach(s.links)
	s.runs(node.Run)
	return nil
}

// childrenMax is how many links a process serves. More are refused.
const childrenMax = 1024

// unlinkTimeout is over how long the links of a process that ends are closed. Whoever is
// below goes elsewhere at once, and asks for what it missed.
const unlinkTimeout = 2 * time.Second

// relayed is the Feed of a relay that remembers what passes.
type relayed struct {
	exchange.Feed
	trace *trace.Recorder
}

// Alive implements exchange.Lifeline.
func (r relayed) Alive() bool { return exchange.Alive(r.Feed) }

// Run implements exchange.Feed.
func (r relayed) Run(ctx context.Context, sink exchange.Sink) error {
	if r.trace != nil {
		sink = noting{sink, r.trace}
	}
	return r.Feed.Run(ctx, sink)
}

// noting is a Sink that notes the ids of lines. It reads what a relay else does not.
type noting struct {
	exchange.Sink
	trace *trace.Recorder
}

// Payload implements exchange.Sink.
func (n noting) Payload(partition int, payload []byte) {
	n.Sink.Payload(partition, payload)
	if exchange.IsAside(payload) {
		return
	}
	for part, err := range exchange.Parts(payload) {
		if err != nil {
			continue // whoever wants the room tells
		}
		events, _ := part.Decode(string(part.Room)) // likewise
		for _, e := range events {
			if m, ok := e.(*chat.Message); ok {
				n.trace.Note(trace.Relayed, m.ID)
			}
		}
	}
}
