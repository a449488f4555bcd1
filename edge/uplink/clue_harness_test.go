package uplink

import (
	"context"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/VictoriaMetrics/metrics"

	"uproar/core/chat"
	"uproar/core/clue"
	"uproar/core/store"
	"uproar/edge/engine"
	"uproar/edge/link"
	wire "uproar/proto/link"
)

// court is a process with the clue role, on a real engine.
type court struct {
	t       testing.TB
	addr    string
	set     *metrics.Set
	service *link.Clue
	clue    *clue.Clue
	stop    func() // clue alone: the link stays
	pub     publisher
}

// publisher is the exchange of a court. While it is held, lines stay under way.
type publisher struct {
	mu struct {
		sync.Mutex
		held bool
		wait []func(error)
		said int // lines
	}
}

func (p *publisher) Publish(_ string, events []chat.Event, done func(error)) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, e := range events {
		if _, ok := e.(*chat.Message); ok {
			p.mu.said++
		}
	}
	if p.mu.held {
		p.mu.wait = append(p.mu.wait, done)
		return nil
	}
	done(nil)
	return nil
}

// hold says whether lines stay under way from now on. When not, none does.
func (p *publisher) hold(held bool) {
	p.mu.Lock()
	wait := p.mu.wait
	p.mu.held, p.mu.wait = held, nil
	p.mu.Unlock()
	for _, done := range wait {
		done(nil)
	}
}

// said is how many lines have been published.
func (p *publisher) said() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.mu.said
}

// back closes the circle of a line's way: clue is made before the service that it answers to.
type back struct{ *link.Clue }

// easy is Twitch's rules without rates, over a store that processes share.
func easy(s store.Store) clue.Config {
	cfg := clue.Defaults()
	cfg.RateLimit, cfg.RateLimitModerator, cfg.RateLimitVerified = clue.Rate{}, clue.Rate{}, clue.Rate{}
	cfg.LineGap, cfg.DuplicateWindow, cfg.Store, cfg.StoreLocal, cfg.Metrics = 0, 0, s, true, metrics.NewSet()
	return cfg
}

// memory is a store of this process.
func memory(t testing.TB) store.Store {
	t.Helper()
	s, err := store.Open("")
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// sit runs a court until the test ends.
func sit(t testing.TB, cfg clue.Config) *court {
	t.Helper()
	c, to := &court{t: t, set: metrics.NewSet()}, &back{}
	cfg.Admitter = to
	c.clue = clue.New(cfg, &c.pub, to)
	var err error
	c.service, err = link.NewClue(link.ClueConfig{Decider: c.clue, Within: 10 * time.Millisecond, Metrics: c.set})
	if err != nil {
		t.Fatal(err)
	}
	to.Clue = c.service
	node, err := link.New(link.Config{
		Self: self(wire.RoleClue, nodes.Add(1)), Secret: []byte("secret"), Clue: c.service, Metrics: c.set,
	})
	if err != nil {
		t.Fatal(err)
	}
	ecfg := node.EngineConfig("link", "127.0.0.1:0")
	ecfg.Loops, ecfg.DrainTimeout, ecfg.LingerTimeout, ecfg.Log = 1, 10*time.Millisecond, 10*time.Millisecond, quiet
	e, err := engine.New(ecfg)
	if err != nil {
		t.Fatal(err)
	}
	node.Attach(e)
	if err := e.Listen(); err != nil {
		t.Fatal(err)
	}
	c.addr = e.Addr("link")
	c.stop = background(t, c.clue.Run)
	stop := background(t, e.Run)
	t.Cleanup(func() {
		c.pub.hold(false)
		c.stop()
		stop()
	})
	<-e.Ready()
	return c
}

// background runs something until the function that it returns is called, which may be called again.
func background(t testing.TB, run func(context.Context) error) (stop func()) {
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- run(ctx) }()
	return sync.OnceFunc(func() {
		cancel()
		if err := <-done; err != nil {
			t.Error(err)
		}
	})
}

// counter is what a court counts.
func (c *court) counter(name string) uint64 { return c.set.GetOrCreateCounter(name).Get() }

// asker is an edge that asks, and keeps what it is told.
type asker struct {
	*Clue
	t  testing.TB
	mu struct {
		sync.Mutex
		decided  map[uint32][]clue.Decision
		admitted []chat.Origin // in the order of the answers
		tickets  []uint32
		answers  map[uint32][]clue.Admitted
	}
	stop func()
}

func (a *asker) Decided(ds []clue.Decision) {
	a.mu.Lock()
	defer a.mu.Unlock()
	for _, d := range ds {
		a.mu.decided[d.Ticket] = append(a.mu.decided[d.Ticket], d)
	}
}

func (a *asker) Admitted(q *clue.Admission, as []clue.Admitted) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.mu.tickets = append(a.mu.tickets, q.Ticket)
	a.mu.answers[q.Ticket] = as
}

// askerOf runs an edge until the test ends, and waits for its links if they are to come up.
func askerOf(t testing.TB, change func(*ClueConfig), addrs ...string) *asker {
	t.Helper()
	a := &asker{t: t}
	a.mu.decided, a.mu.answers = map[uint32][]clue.Decision{}, map[uint32][]clue.Admitted{}
	cfg := ClueConfig{
		Addrs: addrs, Self: self(wire.RoleEdge, nodes.Add(1)), Secret: []byte("secret"),
		Gate: clue.NewGate(clue.Config{}), Replier: a, Admitter: a, AnswerTimeout: deadline,
		DialTimeout: deadline, BackoffMin: time.Millisecond, BackoffMax: 10 * time.Millisecond,
		Log: quiet, Metrics: metrics.NewSet(),
	}
	if change != nil {
		change(&cfg)
	}
	var err error
	if a.Clue, err = NewClue(cfg); err != nil {
		t.Fatal(err)
	}
	a.stop = background(t, a.Run)
	t.Cleanup(a.stop)
	return a
}

// linked waits until all processes are up.
func (a *asker) linked() *asker {
	a.t.Helper()
	for _, p := range a.processes {
		eventually(a.t, "the link is up", p.open.Load)
	}
	return a
}

var annOf = &chat.User{ID: chat.StableID("ann"), Login: "ann", Display: "Ann", Color: "#112233"}

// says submits a line of ann's.
func (a *asker) says(ticket uint32, room, text string) error {
	return a.Submit(clue.Submission{Room: room, User: annOf, Text: text, Nonce: "nonce", Origin: chat.Origin{Edge: a.cfg.Self.ID, Conn: 1 << 50}, Ticket: ticket})
}

// mustSay is says that is taken.
func (a *asker) mustSay(ticket uint32, room, text string) {
	a.t.Helper()
	if err := a.says(ticket, room, text); err != nil {
		a.t.Fatal(err)
	}
}

// told waits for the answer to a line.
func (a *asker) told(ticket uint32) (d clue.Decision) {
	a.t.Helper()
	eventually(a.t, fmt.Sprint("line ", ticket, " is answered"), func() bool {
		a.mu.Lock()
		defer a.mu.Unlock()
		ds := a.mu.decided[ticket]
		if len(ds) > 0 {
			d = ds[0]
		}
		return len(ds) > 0
	})
	return d
}

// once checks that n lines, from ticket 0, have one answer each, and counts the outcomes.
func (a *asker) once(n int) map[clue.Outcome]int {
	a.t.Helper()
	outcomes := map[clue.Outcome]int{}
	for i := range uint32(n) {
		outcomes[a.told(i).Outcome]++
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	for ticket, ds := range a.mu.decided {
		if len(ds) != 1 {
			a.t.Fatalf("line %d has %d answers", ticket, len(ds))
		}
	}
	if len(a.mu.decided) != n {
		a.t.Fatalf("%d lines have answers, not %d", len(a.mu.decided), n)
	}
	return outcomes
}

// underWay is how much is under way.
func (c *Clue) underWay() (n int) {
	for _, p := range c.processes {
		n += p.waiting()
	}
	return n
}
