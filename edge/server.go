package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"time"

	"github.com/VictoriaMetrics/metrics"

	"uproar/core/account"
	"uproar/core/clue"
	"uproar/core/exchange"
	"uproar/core/exchange/redisbus"
	"uproar/core/presence"
	"uproar/core/trace"
	"uproar/edge/admin"
	"uproar/edge/chat"
	"uproar/edge/engine"
	"uproar/edge/uplink"
	"uproar/edge/web"
)

// server is the parts of one process, wired; which it has depends on its roles. newServer
// makes them, listen binds them, run starts them in order and stops them in reverse.
type server struct {
	o     *options
	log   *slog.Logger
	set   *metrics.Set
	id    uint64          // of the process in its fleet
	trace *trace.Recorder // nil: off

	tokens *account.Tokens // nil in open mode
	emotes *clue.Emotes
	store  backend         // nil without the role clue, and hls with Redis
	clue   *clue.Clue      // likewise
	bus    *redisbus.Bus   // nil without Redis
	secret []byte          // of the fleet
	feeds  exchange.Feed   // of an edge whose rooms span processes, else nil
	inbox  *exchange.Inbox // likewise
	board  *presence.Board // likewise
	hub    *chat.Hub       // nil without the role edge
	way    way

	elsewhere *uplink.Clue // of an edge without the role clue, else nil
	video     video
	ending    atomic.Bool // the process drains

	clients *engine.Engine // nil without the roles edge and hls
	links   *engine.Engine // of other processes; nil without --link-addr
	admin   *admin.Server
	behind  []func(context.Context) error // what runs behind the engines, in the order of start
	addrs   addrs
}

// addrs are the addresses that a process listens on; empty where it serves none.
type addrs struct{ irc, http, admin, link string }

// ready is the line that says that connections can be made. Its fields stay where they
// are: scripts read them.
func (a addrs) ready() string {
	line := fmt.Sprintf("ready irc=%s http=%s admin=%s", a.irc, a.http, a.admin)
	if a.link != "" {
		line += " link=" + a.link
	}
	return line
}

func newServer(o *options, log *slog.Logger) (*server, error) {
	s := &server{o: o, log: log, set: metrics.NewSet(), emotes: clue.NoEmotes()}
	for s.id == 0 {
		s.id = rand.Uint64()
	}
	if o.Trace {
		s.trace = trace.New()
	}
	s.way.edge, s.way.lost = s.id, s.set.NewCounter(`uproar_whispers_unpublished_total`)
	if err := s.wire(); err != nil {
		return nil, errors.Join(err, s.close())
	}
	return s, nil
}

// wire makes the parts, those that others need first.
func (s *server) wire() error {
	var err error
	if s.o.Emotes != "" && s.o.has(roleClue) {
		if s.emotes, err = clue.OpenEmotes(s.o.Emotes); err != nil {
			return &codedError{err, exitFile}
		}
	}
	for _, make := range []func() error{s.wireState, s.wireExchange, s.wireClue, s.wireHub, s.wireVideo, s.wireClients, s.wireLinks} {
		if err := make(); err != nil {
			return err
		}
	}
	cfg := admin.Config{
		Addr: s.o.AdminAddr, Metrics: s.set, Ready: s.serving, Log: s.log,
		Process: s.o.processName(), Trace: s.trace, Video: s.video.pushes(), PushesMax: s.pushesMax(),
	}
	if s.clue != nil {
		cfg.Store, cfg.StoreTimeout, cfg.Changed, cfg.HotRooms = s.store, s.o.StoreTimeout, s.clue.Changed, s.clue.HotRooms
	}
	s.admin = admin.New(cfg)
	s.runs(s.admin.Run)
	return nil
}

// wireState opens what lasts longer than the process.
func (s *server) wireState() (err error) {
	redis := len(s.o.Redis) > 0
	if s.o.has(roleClue) || s.o.has(roleHLS) && redis {
		if s.store, err = openStore(s.o, s.set, s.log); err != nil {
			return err
		}
		s.runs(s.store.Run)
	}
	if redis && (s.o.has(roleEdge) || s.o.has(roleClue) || s.o.has(roleExchange)) {
		if s.bus, err = openBus(s.o, s.set); err != nil {
			return err
		}
	}
	if s.secret, err = s.o.linkSecret(); err != nil {
		return &codedError{err, exitFile}
	}
	return nil
}

// runs has a part run behind the engines.
func (s *server) runs(part func(context.Context) error) { s.behind = append(s.behind, part) }

// close undoes what wire has opened.
func (s *server) close() error {
	s.video.close()
	if s.bus != nil {
		s.bus.Close()
	}
	if s.store != nil {
		return s.store.Close()
	}
	return nil
}

// wireHub makes chat's sessions.
func (s *server) wireHub() error {
	if !s.o.has(roleEdge) {
		return nil
	}
	auth, err := s.authenticator()
	if err != nil {
		return err
	}
	cfg := chat.Config{
		EdgeID:           s.id,
		ServerName:       s.o.ServerName,
		RegisterTimeout:  s.o.RegisterTimeout,
		PingInterval:     s.o.PingInterval,
		PingTimeout:      s.o.PingTimeout,
		MembershipWindow: s.o.MembershipWindow,
		RoomsMax:         s.o.RoomsMax,
		AnswerTimeout:    s.o.EdgeTimeout,
		FanoutDuty:       s.o.FanoutDuty,
		FanoutDelayMax:   s.o.FanoutDelayMax,
		Auth:             auth,
		Clue:             s.way.clue,
		Metrics:          s.set,
		Trace:            s.trace,
	}
	if s.inbox != nil {
		cfg.Interest, cfg.History, cfg.Presence = s.inbox, s.feeds, s.board
	}
	s.hub = chat.New(cfg)
	s.way.hub = s.hub
	if s.board != nil {
		s.board.Attach(s.hub)
	}
	return nil
}

// wireClients makes the engine that has the sockets of clients: chat's, and viewers'.
func (s *server) wireClients() (err error) {
	if s.hub == nil && s.video.node == nil {
		return nil
	}
	if s.clients, err = engine.New(s.clientsConfig()); err != nil {
		return err
	}
	if s.hub != nil {
		s.hub.Attach(s.clients)
	}
	return nil
}

func (s *server) clientsConfig() engine.Config {
	o := s.o
	listeners := []engine.Listener{{Name: "http", Addr: o.HTTPAddr, Open: web.New(s.webConfig(), s.hub).Open, Refusal: web.Refusal}}
	newLoop := func(*engine.Loop) any { return nil }
	if s.hub != nil {
		irc := engine.Listener{Name: "irc", Addr: o.IRCAddr, Open: s.hub.OpenTCP, Refusal: chat.Refusal}
		listeners, newLoop = append([]engine.Listener{irc}, listeners...), s.hub.NewLoop
	}
	spare := s.pushesMax()
	if o.LinkAddr != "" {
		spare += childrenMax
	}
	return engine.Config{
		Listeners:      listeners,
		Loops:          o.Loops,
		MaxConns:       o.MaxConns,
		MaxConnsPerIP:  o.MaxConnsPerIP,
		Spare:          spare,
		OutboxBytesMax: o.OutboxBytes,
		SlowTimeout:    o.SlowTimeout,
		DrainTimeout:   o.DrainTimeout,
		FloodEvents:    o.FloodLimit.N,
		FloodWindow:    o.FloodLimit.Per,
		ReusePort:      o.ReusePort,
		NewLoop:        newLoop,
		Metrics:        s.set,
		Log:            s.log,
	}
}

func (s *server) authenticator() (account.Authenticator, error) {
	if s.o.Auth == "open" {
		if !onLoopback(s.o.IRCAddr) || !onLoopback(s.o.HTTPAddr) {
			s.log.Warn("anyone can speak under any name: --auth open is for trying out, and these ports are not on loopback",
				"irc", s.o.IRCAddr, "http", s.o.HTTPAddr)
		}
		return account.Open{}, nil
	}
	tokens, err := account.OpenTokens(s.o.Tokens)
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

// engines are those that the process has.
func (s *server) engines() (all []*engine.Engine) {
	for _, e := range []*engine.Engine{s.clients, s.links} {
		if e != nil {
			all = append(all, e)
		}
	}
	return all
}

// serving reports whether all ports take connections.
func (s *server) serving() bool {
	for _, e := range s.engines() {
		if !e.Serving() {
			return false
		}
	}
	return true
}

func (s *server) listen() error {
	for _, e := range s.engines() {
		if err := e.Listen(); err != nil {
			return &codedError{errors.Join(err, s.close()), exitAddress}
		}
	}
	addr, err := s.admin.Listen()
	if err != nil {
		return &codedError{errors.Join(err, s.close()), exitAddress}
	}
	s.addrs.admin = addr
	if s.clients != nil {
		s.addrs.http = s.clients.Addr("http")
	}
	if s.hub != nil {
		s.addrs.irc = s.clients.Addr("irc")
	}
	if s.links != nil {
		s.addrs.link = s.links.Addr("link")
	}
	return nil
}

// run serves until ctx ends, drains, and returns when every goroutine is gone. It calls
// ready once connections can be made.
func (s *server) run(ctx context.Context, ready func()) error {
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	defer endsWith(ctx, &s.ending)()
	var stops []func() error
	for _, part := range s.behind {
		stops = append(stops, background(part))
	}
	stops = append(stops, background(func(ctx context.Context) error {
		for _, e := range s.engines() {
			select {
			case <-e.Ready():
			case <-ctx.Done():
				return nil
			}
		}
		ready()
		return nil
	}))
	errs := s.runEngines(ctx, stop)
	// In reverse: no line can come any more, then none is undecided, then none unwritten.
	for i := range stops {
		errs = append(errs, stops[len(stops)-1-i]())
	}
	return errors.Join(append(errs, s.close())...)
}

// handOverTimeout is how long a process that ends waits for what others have asked of its
// clue, once they know that they are to ask elsewhere.
const handOverTimeout = time.Second

// runEngines runs the engines until ctx ends and they are drained, or one fails and stops
// the other: that of the clients first, since what they say is carried by the links.
func (s *server) runEngines(ctx context.Context, stop func()) []error {
	var clients, links error
	linked, unlink := context.WithCancel(context.Background())
	defer unlink()
	var running sync.WaitGroup
	if s.links != nil {
		running.Go(func() {
			defer stop()
			links = s.links.Run(linked)
		})
	}
	if s.clients != nil {
		s.awaitClue(ctx)
		clients = s.clients.Run(ctx)
		stop()
	}
	<-ctx.Done()
	if s.way.below != nil {
		ctx, cancel := context.WithTimeout(context.Background(), handOverTimeout)
		defer cancel()
		s.way.below.End(ctx)
	}
	unlink()
	running.Wait()
	return []error{clients, links}
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
