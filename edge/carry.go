package main

import (
	"context"
	"errors"
	"time"

	"github.com/VictoriaMetrics/metrics"

	vocabulary "uproar/core/chat"
	"uproar/core/exchange"
	"uproar/core/exchange/redisbus"
	"uproar/core/presence"
	"uproar/core/store/redisstore"
	"uproar/edge/uplink"
	wire "uproar/proto/link"
)

// openBus connects to the Redis that carries lines between processes.
func openBus(o *options, set *metrics.Set) (*redisbus.Bus, error) {
	c, err := redisConfig(o)
	if err != nil {
		return nil, &codedError{err, exitFile}
	}
	mode := redisbus.Mode(c.Mode)
	if c.Mode == redisstore.ModeSingle {
		mode = redisbus.ModeSharded // of one
	}
	cfg := redisbus.Config{
		Addrs: c.Addrs, Mode: mode, Env: c.Env, Role: c.Role,
		Username: c.Username, Password: c.Password, TLS: c.TLS, Metrics: set,
	}
	if !o.has(roleEdge) {
		// Nobody here delivers a line that Redis does not answer, so its sender is to be
		// told before --edge-timeout: what clue and its store take comes before.
		left := o.EdgeTimeout - o.ClueTimeout - o.StoreTimeout
		cfg.SendTimeout, cfg.AnswerTimeout = left/4, left/2
	}
	b, err := redisbus.Open(context.Background(), cfg)
	if err != nil {
		return nil, &codedError{redisError(o, err), exitAddress}
	}
	return b, nil
}

// wireExchange makes the way of lines: within this process, or between all of a fleet.
func (s *server) wireExchange() error {
	if !s.o.spans() {
		if s.o.has(roleClue) {
			s.way.publisher = exchange.NewLocal(s.way.deliver)
		}
		return nil
	}
	if s.o.has(roleEdge) {
		feed, err := s.feed(s.o.Exchange, wire.RoleEdge, nil)
		if err != nil {
			return err
		}
		s.feeds = feed
		s.board = presence.NewBoard(presence.Config{Edge: s.id, Partitions: exchange.Partitions, Tell: feed.Tell, Metrics: s.set})
		s.inbox = exchange.NewInbox(exchange.InboxConfig{
			Feed: feed, Deliver: s.way.deliver, Gap: s.way.gap, Late: s.way.late, Aside: s.board.Hear,
			Partitions: exchange.Partitions, Trace: s.trace, Metrics: s.set,
		})
		s.inbox.Join(vocabulary.Everywhere, func() {})
		s.runs(s.inbox.Run)
		s.runs(s.board.Run)
	}
	if s.o.has(roleClue) {
		s.publish()
	}
	return nil
}

// publishPatience is how long a process that ends waits for what it has published.
const publishPatience = 2 * time.Second

// publish makes what takes lines from clue to Redis.
func (s *server) publish() {
	publisher := redisbus.NewPublisher(s.bus)
	s.runs(func(ctx context.Context) error {
		<-ctx.Done()
		ctx, cancel := context.WithTimeout(context.Background(), publishPatience)
		defer cancel()
		publisher.Close(ctx)
		return nil
	})
	sender := exchange.NewSender(exchange.SenderConfig{
		Bus: newWatchedBus(publisher, newOutages(s.log)), Home: s.inbox, Publisher: s.id, Trace: s.trace, Metrics: s.set,
	})
	s.runs(sender.Run)
	s.way.publisher = sender
}

// feed is where lines come from: relays, or Redis where none are named.
func (s *server) feed(relays []string, role wire.Role, onRoute func(wire.Route) error) (exchange.Feed, error) {
	if len(relays) == 0 {
		if s.bus == nil {
			return nil, errors.New("BUG: a feed from nowhere")
		}
		return redisbus.NewFeed(s.bus), nil
	}
	return uplink.NewFeed(uplink.FeedConfig{
		Addrs: relays, Self: s.self(role), Secret: s.secret, OnRoute: onRoute, Log: s.log, Metrics: s.set,
	})
}
