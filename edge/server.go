package main

import (
	"context"
	"errors"
	"log/slog"
	"sync"

	"github.com/VictoriaMetrics/metrics"

	"uproar/core/account"
	vocabulary "uproar/core/chat"
	"uproar/core/clue"
	"uproar/core/exchange"
	"uproar/edge/admin"
	"uproar/edge/chat"
	"uproar/edge/engine"
	"uproar/edge/web"
)

// server is the parts of one process, wired. newServer makes them, listen binds
// them, run starts them in order and stops them in reverse.
type server struct {
	log    *slog.Logger
	tokens *account.Tokens // nil in open mode
	clue   *clue.Clue
	engine *engine.Engine
	admin  *admin.Server
	addrs  struct{ irc, http, admin string }
}

func newServer(o *options, log *slog.Logger) (*server, error) {
	s := &server{log: log}
	auth, err := s.authenticator(o)
	if err != nil {
		return nil, err
	}
	set := metrics.NewSet()

	// A line's way: session -> clue -> exchange -> hub -> loops. The circle is closed
	// by the hub, which is both ends.
	var hub *chat.Hub
	local := exchange.NewLocal(func(room string, events []vocabulary.Event) { hub.Deliver(room, events) })
	s.clue = clue.New(clue.Config{
		RateLimit:          o.RateLimit,
		RateLimitModerator: o.RateLimitMod,
		JoinLimit:          o.JoinLimit,
		DuplicateWindow:    o.DuplicateWindow,
		Metrics:            set,
	}, local, replier(func(ds []clue.Decision) { hub.Decided(ds) }))
	hub = chat.New(chat.Config{
		ServerName:       o.ServerName,
		RegisterTimeout:  o.RegisterTimeout,
		PingInterval:     o.PingInterval,
		PingTimeout:      o.PingTimeout,
		MembershipWindow: o.MembershipWindow,
		RoomsMax:         o.RoomsMax,
		FanoutDuty:       o.FanoutDuty,
		FanoutDelayMax:   o.FanoutDelayMax,
		Auth:             auth,
		Clue:             s.clue,
		Metrics:          set,
	})
	port := web.New(web.Config{HeaderTimeout: o.HeaderTimeout, IdleTimeout: o.IdleTimeout}, hub)
	s.engine, err = engine.New(engine.Config{
		Listeners: []engine.Listener{
			{Name: "irc", Addr: o.IRCAddr, Open: hub.OpenTCP, Refusal: chat.Refusal},
			{Name: "http", Addr: o.HTTPAddr, Open: port.Open, Refusal: web.Refusal},
		},
		Loops:          o.Loops,
		MaxConns:       o.MaxConns,
		MaxConnsPerIP:  o.MaxConnsPerIP,
		OutboxBytesMax: o.OutboxBytes,
		SlowTimeout:    o.SlowTimeout,
		DrainTimeout:   o.DrainTimeout,
		FloodEvents:    o.FloodLimit.N,
		FloodWindow:    o.FloodLimit.Per,
		ReusePort:      o.ReusePort,
		NewLoop:        hub.NewLoop,
		Metrics:        set,
		Log:            log,
	})
	if err != nil {
		return nil, err
	}
	hub.Attach(s.engine)
	s.admin = admin.New(admin.Config{Addr: o.AdminAddr, Metrics: set, Ready: s.engine.Serving, Log: log})
	return s, nil
}

// replier lets a function be a clue.Replier.
type replier func(ds []clue.Decision)

// Decided implements clue.Replier.
func (f replier) Decided(ds []clue.Decision) { f(ds) }

func (s *server) authenticator(o *options) (account.Authenticator, error) {
	if o.Auth == "open" {
		if !onLoopback(o.IRCAddr) || !onLoopback(o.HTTPAddr) {
			s.log.Warn("anyone can speak under any name: --auth open is for trying out, and these ports are not on loopback",
				"irc", o.IRCAddr, "http", o.HTTPAddr)
		}
		return account.Open{}, nil
	}
	tokens, err := account.OpenTokens(o.Tokens)
	if err != nil {
		return nil, &codedError{err, exitFile}
	}
	s.tokens = tokens
	return tokens, nil
}

// reload reads again what may change while the server runs.
func (s *server) reload() {
	if s.tokens == nil {
		s.log.Info("nothing to reload: --auth is open")
		return
	}
	if err := s.tokens.Reload(); err != nil {
		s.log.Error("tokens not reloaded, the old ones stand", "error", err)
		return
	}
	s.log.Info("tokens reloaded", "tokens", s.tokens.Len())
}

func (s *server) listen() error {
	if err := s.engine.Listen(); err != nil {
		return &codedError{err, exitAddress}
	}
	addr, err := s.admin.Listen()
	if err != nil {
		return &codedError{err, exitAddress}
	}
	s.addrs.irc, s.addrs.http, s.addrs.admin = s.engine.Addr("irc"), s.engine.Addr("http"), addr
	return nil
}

// run serves until ctx ends, drains, and returns when every goroutine is gone. It calls
// ready once connections can be made.
func (s *server) run(ctx context.Context, ready func()) error {
	behind, stopBehind := context.WithCancel(context.Background())
	var wg sync.WaitGroup
	wg.Go(func() {
		select {
		case <-s.engine.Ready():
			ready()
		case <-behind.Done():
		}
	})
	var adminErr, clueErr error
	wg.Go(func() { adminErr = s.admin.Run(behind) })
	wg.Go(func() { clueErr = s.clue.Run(behind) })
	err := s.engine.Run(ctx)
	stopBehind()
	wg.Wait()
	return errors.Join(err, clueErr, adminErr)
}
