package uplink

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"net"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/VictoriaMetrics/metrics"

	"uproar/core/exchange"
	"uproar/edge/engine"
	"uproar/edge/link"
	wire "uproar/proto/link"
)

// nodes counts the processes of all tests.
var nodes atomic.Uint64

var quiet = slog.New(slog.NewTextHandler(io.Discard, nil))

// feedTo is a Feed of a process of its own. Its times suit a test.
func feedTo(t testing.TB, id uint64, change func(*FeedConfig), addrs ...string) *Feed {
	t.Helper()
	cfg := FeedConfig{
		Addrs: addrs, Self: self(wire.RoleRelay, id), Secret: []byte("secret"),
		BackoffMin: time.Millisecond, BackoffMax: 50 * time.Millisecond, DialTimeout: deadline,
		Log: quiet, Metrics: metrics.NewSet(),
	}
	if change != nil {
		change(&cfg)
	}
	f, err := NewFeed(cfg)
	if err != nil {
		t.Fatal(err)
	}
	return f
}

// relay is a process with the exchange role.
type relay struct {
	node  *link.Node
	addr  string
	set   *metrics.Set
	start func()
	stop  func()
}

// serve makes a relay, which runs from start until stop or the test ends. change may be nil.
func serve(t testing.TB, id uint64, feed exchange.Feed, change func(*engine.Config)) *relay {
	t.Helper()
	r := &relay{set: metrics.NewSet()}
	var err error
	r.node, err = link.New(link.Config{Self: self(wire.RoleRelay, id), Secret: []byte("secret"), Feed: feed, Metrics: r.set})
	if err != nil {
		t.Fatal(err)
	}
	cfg := r.node.EngineConfig("link", "127.0.0.1:0")
	cfg.Loops, cfg.DrainTimeout, cfg.LingerTimeout, cfg.Log = 2, 10*time.Millisecond, 10*time.Millisecond, quiet
	if change != nil {
		change(&cfg)
	}
	e, err := engine.New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	r.node.Attach(e)
	if err := e.Listen(); err != nil {
		t.Fatal(err)
	}
	r.addr = e.Addr("link")
	ctx, cancel := context.WithCancel(context.Background())
	var all sync.WaitGroup
	r.start = func() {
		for _, run := range []func(context.Context) error{e.Run, r.node.Run} {
			all.Go(func() {
				if err := run(ctx); err != nil {
					t.Error(err)
				}
			})
		}
		<-e.Ready()
	}
	r.stop = sync.OnceFunc(func() {
		cancel()
		all.Wait()
	})
	t.Cleanup(r.stop)
	return r
}

// relayOf runs a relay of a Feed.
func relayOf(t testing.TB, feed exchange.Feed) *relay {
	t.Helper()
	r := serve(t, nodes.Add(1), feed, nil)
	r.start()
	return r
}

// relayBelow runs a relay whose chat comes from relays above.
func relayBelow(t testing.TB, above ...string) *relay {
	t.Helper()
	id := nodes.Add(1)
	var node *link.Node
	f := feedTo(t, id, func(c *FeedConfig) { c.OnRoute = func(r wire.Route) error { return node.SetRoute(r) } }, above...)
	r := serve(t, id, f, nil)
	node = r.node
	r.start()
	return r
}

// metric is a counter of a relay.
func (r *relay) metric(name string) uint64 { return r.set.GetOrCreateCounter(name).Get() }

// gate stands in front of an address, and is what goes wrong with a network and with whoever is behind it.
type gate struct {
	addr   string
	flow   sync.RWMutex // held by freeze
	listen net.Listener
	mu     struct {
		sync.Mutex
		to    string
		conns map[net.Conn]bool
		shut  bool
	}
}

func gateTo(t testing.TB, to string) *gate {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	g := &gate{addr: l.Addr().String(), listen: l}
	g.mu.to, g.mu.conns = to, map[net.Conn]bool{}
	var all sync.WaitGroup
	all.Go(func() {
		for {
			in, err := l.Accept()
			if err != nil {
				return
			}
			out, err := net.Dial("tcp", g.target())
			if err != nil || !g.keep(in, out) {
				_ = in.Close()
				if out != nil {
					_ = out.Close()
				}
				continue
			}
			all.Go(func() { g.pass(in, out) })
			all.Go(func() { g.pass(out, in) })
		}
	})
	t.Cleanup(func() {
		_ = l.Close()
		g.cut()
		all.Wait()
	})
	return g
}

func (g *gate) target() string {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.mu.to
}

// aim says where it leads from now on.
func (g *gate) aim(to string) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.mu.to = to
}

func (g *gate) keep(conns ...net.Conn) bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	for _, c := range conns {
		g.mu.conns[c] = true
	}
	return !g.mu.shut
}

func (g *gate) pass(from, to net.Conn) {
	buf := make([]byte, 64<<10)
	for {
		n, err := from.Read(buf)
		g.thawed()
		if n > 0 {
			_, _ = to.Write(buf[:n])
		}
		if err != nil {
			break
		}
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	for _, c := range []net.Conn{from, to} {
		_ = c.Close()
		delete(g.mu.conns, c)
	}
}

// cut breaks all connections.
func (g *gate) cut() {
	g.mu.Lock()
	defer g.mu.Unlock()
	for c := range g.mu.conns {
		_ = c.Close()
	}
}

// shut breaks all connections, and lets none in until open.
func (g *gate) shut() {
	g.mu.Lock()
	g.mu.shut = true
	g.mu.Unlock()
	g.cut()
}

func (g *gate) open() {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.mu.shut = false
}

// freeze stops all bytes until thaw.
func (g *gate) freeze() { g.flow.Lock() }
func (g *gate) thaw()   { g.flow.Unlock() }

// thawed returns when it is not frozen.
func (g *gate) thawed() {
	g.flow.RLock()
	defer g.flow.RUnlock()
}

// recorder is a Sink that keeps what it is given, in words.
type recorder struct {
	sync.Mutex
	heard []string
}

func (r *recorder) Payload(p int, payload []byte) { r.keep(fmt.Sprintf("payload %d %s", p, payload)) }
func (r *recorder) Subscribed(p int)              { r.keep(fmt.Sprintf("subscribed %d", p)) }

func (r *recorder) keep(words string) {
	r.Lock()
	defer r.Unlock()
	r.heard = append(r.heard, words)
}

// count is how often words were heard.
func (r *recorder) count(words string) (n int) {
	r.Lock()
	defer r.Unlock()
	for _, h := range r.heard {
		if h == words {
			n++
		}
	}
	return n
}

// run runs a Feed until stop or the test ends.
func run(t testing.TB, f exchange.Feed, sink exchange.Sink) (stop func()) {
	ctx, cancel := context.WithCancel(context.Background())
	var all sync.WaitGroup
	all.Go(func() {
		if err := f.Run(ctx, sink); err != nil {
			t.Error(err)
		}
	})
	stop = func() {
		cancel()
		all.Wait()
	}
	t.Cleanup(stop)
	return stop
}
