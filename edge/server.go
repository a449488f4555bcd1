package main

import (
	"context"
	"errors"
	"log/slog"

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
	emotes *clue.Emotes
	store  backend
	clue   *clue.Clue
	engine *engine.Engine
	admin  *admin.Server
	addrs  struct{ irc, http, admin string }
}

func newServer(o *options, log *slog.Logger) (*server, error) {
	s := &server{log: log, emotes: clue.NoEmotes()}
	auth, err := s.authenticator(o)
	if err != nil {
		return nil, err
	}
	if o.Emotes != "" {
		if s.emotes, err = clue.OpenEmotes(o.Emotes); err != nil {
			return nil, &codedError{err, exitFile}
		}
	}
	set := metrics.NewSet()
	if s.store, err = openStore(o, set, log); err != nil {
		return nil, err
	}
	back := &backEdge{}
	local := exchange.NewLocal(func(room string, events []vocabulary.Event) { back.hub.Deliver(room, events) })
	s.clue = clue.New(s.clueConfig(o, back, set), local, back)
	back.hub = chat.New(chat.Config{
		ServerName:       o.ServerName,
		RegisterTimeout:  o.RegisterTimeout,
		PingInterval:     o.PingInterval,
		PingTimeout:      o.PingTimeout,
		MembershipWindow: o.MembershipWindow,
		RoomsMax:         o.RoomsMax,
		AnswerTimeout:    o.EdgeTimeout,
		FanoutDuty:       o.FanoutDuty,
		FanoutDelayMax:   o.FanoutDelayMax,
		Auth:             auth,
		Clue:             s.clue,
		Metrics:          set,
	})
	s.engine, err = engine.New(engineConfig(o, back.hub, set, log))
	if err != nil {
		return nil, errors.Join(err, s.store.Close())
	}
	back.hub.Attach(s.engine)
	s.admin = admin.New(admin.Config{
		Addr: o.AdminAddr, Metrics: set, Ready: s.engine.Serving, Log: log,
		Store: s.store, StoreTimeout: o.StoreTimeout, Changed: s.clue.Changed, HotRooms: s.clue.HotRooms,
	})
	return s, nil
}

// backEdge closes the circle of a line's way, session -> clue -> exchange -> hub ->
// session: it is made before the hub, which clue answers to.
type backEdge struct{ hub *chat.Hub }

// Decided implements clue.Replier.
func (b *backEdge) Decided(ds []clue.Decision) { b.hub.Decided(ds) }

// Admitted implements clue.Admitter.
func (b *backEdge) Admitted(a *clue.Admission, as []clue.Admitted) { b.hub.Admitted(a, as) }

// Whisper implements clue.Messenger.
func (b *backEdge) Whisper(to string, w *vocabulary.Whisper) { b.hub.Whisper(to, w) }

// Notify implements clue.Messenger.
func (b *backEdge) Notify(logins []string, room string, n vocabulary.Notice) {
	b.hub.Notify(logins, room, n)
}

func (s *server) clueConfig(o *options, back *backEdge, set *metrics.Set) clue.Config {
	cfg := clue.Defaults()
	cfg.Deadline = o.ClueTimeout
	cfg.Store = s.store
	cfg.StoreLocal = len(o.Redis) == 0
	cfg.StoreTimeout = o.StoreTimeout
	cfg.RateLimit = o.RateLimit
	cfg.RateLimitModerator = o.RateLimitMod
	cfg.RateLimitVerified = o.RateLimitVerified
	cfg.LineGap = o.LineGap
	cfg.JoinLimit = o.JoinLimit
	cfg.JoinLimitVerified = o.JoinLimitVerified
	cfg.AuthLimit = o.AuthLimit
	cfg.AuthLimitVerified = o.AuthLimitVerified
	cfg.DuplicateWindow = o.DuplicateWindow
	cfg.RoomsCreated = o.Rooms == "created"
	cfg.Emotes = s.emotes
	cfg.Admitter = back
	cfg.Messenger = back
	cfg.Viewers = func(room string) int { return back.hub.Viewers(room) }
	cfg.Metrics = set
	return cfg
}

func engineConfig(o *options, hub *chat.Hub, set *metrics.Set, log *slog.Logger) engine.Config {
	port := web.New(web.Config{HeaderTimeout: o.HeaderTimeout, IdleTimeout: o.IdleTimeout}, hub)
	return engine.Config{
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
	}
}

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
	if s.tokens != nil {
		if err := s.tokens.Reload(); err != nil {
			s.log.Error("tokens not reloaded, the old ones stand", "error", err)
		} else {
			s.log.Info("tokens reloaded", "tokens", s.tokens.Len())
		}
	}
	if err := s.emotes.Reload(); err != nil {
		s.log.Error("emotes not reloaded, the old ones stand", "error", err)
	} else {
		s.log.Info("emotes reloaded", "emotes", s.emotes.Len())
	}
}

func (s *server) listen() error {
	if err := s.engine.Listen(); err != nil {
		return &codedError{errors.Join(err, s.store.Close()), exitAddress}
	}
	addr, err := s.admin.Listen()
	if err != nil {
		return &codedError{errors.Join(err, s.store.Close()), exitAddress}
	}
	s.addrs.irc, s.addrs.http, s.addrs.admin = s.engine.Addr("irc"), s.engine.Addr("http"), addr
	return nil
}

// run serves until ctx ends, drains, and returns when every goroutine is gone. It calls
// ready once connections can be made.
func (s *server) run(ctx context.Context, ready func()) error {
	stopStore := background(s.store.Run)
	stopClue := background(s.clue.Run)
	stopAdmin := background(s.admin.Run)
	stopReady := background(func(ctx context.Context) error {
		select {
		case <-s.engine.Ready():
			ready()
		case <-ctx.Done():
		}
		return nil
	})
	err := s.engine.Run(ctx)
	// In reverse: no line can come any more, then none is undecided, then none unwritten.
	return errors.Join(err, stopReady(), stopAdmin(), stopClue(), stopStore(), s.store.Close())
}

// background runs a part until the returned function is called, which returns what the
// part did.
func background(run func(context.Context) error) (stop func() error) {
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- run(ctx) }()
	return func() error {
		cancel()
		return <-done
	}
}
