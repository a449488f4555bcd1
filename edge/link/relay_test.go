package link

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/VictoriaMetrics/metrics"
	"golang.org/x/sys/unix"

	"uproar/core/exchange"
	"uproar/edge/engine"
	wire "uproar/proto/link"
)

// source is a Feed that does what a test says.
type source struct {
	mu struct {
		sync.Mutex
		wants  []int // p+1 for wanted, -(p+1) for not, in the order of the calls
		asides []string
	}
	answer func(context.Context, exchange.Position) ([][]byte, exchange.Position, error)
}

func (s *source) Want(p int, wanted bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if p++; !wanted {
		p = -p
	}
	s.mu.wants = append(s.mu.wants, p)
}

// calls are the calls of Want since the last time.
func (s *source) calls() []int {
	s.mu.Lock()
	defer s.mu.Unlock()
	wants := s.mu.wants
	s.mu.wants = nil
	return wants
}

func (s *source) Tell(p int, aside []byte) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.mu.asides = append(s.mu.asides, fmt.Sprintf("%d %s", p, aside))
}

func (s *source) Since(ctx context.Context, _ string, after exchange.Position) ([][]byte, exchange.Position, error) {
	return s.answer(ctx, after)
}

func (s *source) Run(ctx context.Context, _ exchange.Sink) error {
	<-ctx.Done()
	return nil
}

// house is a relay on one detached loop.
type house struct {
	t    testing.TB
	node *Node
	feed *source
	loop *engine.Detached
	buf  []byte
}

func self(id uint64) wire.Hello {
	return wire.Hello{Role: wire.RoleRelay, ID: id, Env: "test", Name: "relay", Partitions: 16}
}

func newHouse(t testing.TB, cfg Config, ecfg engine.Config) *house {
	t.Helper()
	h := &house{t: t, feed: &source{}, buf: make([]byte, 4<<20)}
	cfg.Self, cfg.Secret, cfg.Feed, cfg.Metrics = self(1), []byte("secret"), h.feed, metrics.NewSet()
	var err error
	if h.node, err = New(cfg); err != nil {
		t.Fatal(err)
	}
	ecfg.NewLoop = h.node.NewLoop
	if h.loop, err = engine.NewDetached(ecfg); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(h.loop.Stop)
	h.node.Attach(h.loop)
	return h
}

// run runs the relay until the test ends.
func (h *house) run() {
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- h.node.Run(ctx) }()
	h.t.Cleanup(func() {
		cancel()
		if err := <-done; err != nil {
			h.t.Error(err)
		}
	})
}

// kid is a child and its end of the socket.
type kid struct {
	h    *house
	conn *engine.Conn
	fd   int
	in   wire.Decoder
	rest []byte
}

// stranger opens a connection and says nothing.
func (h *house) stranger() *kid {
	h.t.Helper()
	fds, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_STREAM|unix.SOCK_NONBLOCK, 0)
	if err != nil {
		h.t.Fatal(err)
	}
	if err := unix.SetsockoptInt(fds[0], unix.SOL_SOCKET, unix.SO_SNDBUF, 4096); err != nil {
		h.t.Fatal(err)
	}
	k := &kid{h: h, fd: fds[1]}
	h.t.Cleanup(func() { k.close() })
	h.loop.Turn(func() { k.conn = h.loop.Accept(fds[0], h.node.Open) })
	return k
}

func (k *kid) close() {
	if k.fd >= 0 {
		_ = unix.Close(k.fd)
		k.fd = -1
	}
}

// child is a stranger that has proved itself.
func (h *house) child(id uint64) *kid {
	h.t.Helper()
	k := h.stranger()
	if err := k.greet(id, "secret"); err != nil {
		h.t.Fatal(err)
	}
	return k
}

// greet is the dialer's handshake.
func (k *kid) greet(id uint64, secret string) error {
	hello := self(id)
	hello.Role = wire.RoleEdge
	hs, err := wire.NewHandshake(wire.Dialer, hello, []byte(secret))
	if err != nil {
		return err
	}
	k.say(hs.Begin(nil))
	for {
		frames := k.frames()
		if len(frames) == 0 {
			return errors.New("the relay says nothing")
		}
		for _, f := range frames {
			out, done, err := hs.Take(nil, f)
			if err != nil {
				return err
			}
			if done {
				k.in.Trust()
				return nil
			}
			k.say(out)
		}
	}
}

// say gives bytes to the relay, as if they had come by the socket.
func (k *kid) say(b []byte) {
	k.h.loop.Turn(func() {
		if len(b) > 0 && k.conn.Open() {
			k.conn.Handler().Data(k.conn, b)
		}
	})
}

func (k *kid) want(partitions ...int) {
	var s wire.Set
	for _, p := range partitions {
		s.Add(p)
	}
	k.say(wire.AppendWant(nil, &s))
}

// frames are what has come since the last time.
func (k *kid) frames() (frames []wire.Frame) {
	k.h.t.Helper()
	for {
		n, err := unix.Read(k.fd, k.h.buf)
		if n <= 0 || err != nil {
			break
		}
		k.rest = append(k.rest, k.h.buf[:n]...)
	}
	for {
		f, n, err := k.in.Next(k.rest)
		if err != nil {
			k.h.t.Fatal(err)
		}
		if n == 0 {
			return frames
		}
		if k.rest = k.rest[n:]; f.Kind != wire.KindNone {
			frames = append(frames, f)
		}
		if f.Kind == wire.KindProof {
			return frames // what follows is read by a decoder that trusts
		}
	}
}

// heard is frames in words: "payload 3 text", "subscribed 3 4", "route".
func (k *kid) heard() string {
	var words []string
	for _, f := range k.frames() {
		words = append(words, describe(k.h.t, f))
	}
	return strings.Join(words, ", ")
}

func TestChildGetsPayloadsOfWhatItWants(t *testing.T) {
	h := newHouse(t, Config{}, engine.Config{})
	k := h.child(2)
	k.want(3)
	h.node.Subscribed(3)
	h.node.Payload(3, []byte("one"))
	h.node.Payload(4, []byte("not this"))
	h.node.Payload(3, []byte("two"))
	h.loop.Turn(func() {})
	if got := k.heard(); got != "route 1, subscribed 3, payload 3 one, payload 3 two" {
		t.Fatal(got)
	}
	k.want()
	h.node.Payload(3, []byte("three"))
	h.loop.Turn(func() {})
	if got := k.heard(); got != "" {
		t.Fatal(got)
	}
}

func TestInterestGoesUpOnceForAllChildren(t *testing.T) {
	h := newHouse(t, Config{}, engine.Config{})
	a, b := h.child(2), h.child(3)
	want := func(what string, calls ...int) {
		t.Helper()
		if got := h.feed.calls(); !slices.Equal(got, calls) {
			t.Fatalf("%s: wants %v, not %v", what, got, calls)
		}
	}
	a.want(3, 4)
	want("first child", 4, 5)
	b.want(4, 5)
	want("second child", 6)
	a.want(3)
	want("one of two leaves")
	h.loop.Turn(func() { b.conn.Abort(engine.ReasonError) })
	want("a child dies", -5, -6)
	a.want()
	want("the last leaves", -4)
}

func TestLateChildIsToldAtOnce(t *testing.T) {
	h := newHouse(t, Config{}, engine.Config{})
	a, b := h.child(2), h.child(3)
	a.want(3)
	h.node.Subscribed(3)
	b.want(3, 4)
	if got := b.heard(); got != "route 1, subscribed 3" && got != "route 1, subscribed 3, subscribed 3" {
		t.Fatal(got)
	}
	h.node.Subscribed(4)
	h.loop.Turn(func() {})
	if got := b.heard(); !strings.HasSuffix(got, "subscribed 4") {
		t.Fatal(got)
	}
}

func TestPartitionWantedAgainIsNotLiveBeforeTheFeedSaysSo(t *testing.T) {
	h := newHouse(t, Config{}, engine.Config{})
	k := h.child(2)
	k.want(3)
	h.node.Subscribed(3)
	h.loop.Turn(func() {})
	k.want()
	k.heard()
	k.want(3)
	if got := k.heard(); got != "" {
		t.Fatalf("told %q before the feed was subscribed again", got)
	}
}

func TestSlowChildRepairsAndHoldsUpNobody(t *testing.T) {
	h := newHouse(t, Config{}, engine.Config{OutboxBytesMax: 8 << 10})
	slow, quick := h.child(2), h.child(3)
	slow.want(3, 4)
	quick.want(3, 4)
	h.node.Subscribed(3)
	h.node.Subscribed(4)
	h.loop.Turn(func() {})
	quick.heard()
	text := strings.Repeat("x", 1000)
	for range 200 {
		h.node.Payload(3, []byte(text))
		h.loop.Turn(func() {})
		if got := quick.heard(); got != "payload 3 "+text {
			t.Fatalf("the quick child heard %d bytes", len(got))
		}
	}
	var all []string
	for deadline := time.Now().Add(10 * time.Second); slow.conn.Blocked(); time.Sleep(time.Millisecond) {
		all = append(all, slow.heard())
		h.loop.Turn(func() {})
		if time.Now().After(deadline) {
			t.Fatal("the slow child is never told")
		}
	}
	heard := strings.Join(append(all, slow.heard()), ", ")
	if n := strings.Count(heard, "payload 3"); n < 8 || n > 190 {
		t.Fatalf("the slow child got %d of 200 payloads", n)
	}
	if !strings.HasSuffix(strings.TrimRight(heard, ", "), "subscribed 3") {
		t.Fatalf("the slow child ended with %q", heard[len(heard)-40:])
	}
	h.node.Payload(3, []byte("again"))
	h.loop.Turn(func() {})
	if got := slow.heard(); got != "payload 3 again" {
		t.Fatalf("after that the slow child heard %q", got)
	}
}

func TestLoopWithoutRoomHasItsChildrenRepair(t *testing.T) {
	h := newHouse(t, Config{}, engine.Config{MailboxMax: 3})
	k := h.child(2)
	k.want(3)
	k.heard()
	for _, text := range []string{"1", "2", "3", "4", "5"} {
		h.node.Payload(3, []byte(text))
	}
	h.loop.Turn(func() {})
	if got := k.heard(); got != "payload 3 1, payload 3 2, payload 3 3, subscribed 3" {
		t.Fatal(got)
	}
	h.node.Payload(3, make([]byte, wire.PayloadBytesMax+1)) // fits no frame
	h.loop.Turn(func() {})
	if got := k.heard(); got != "subscribed 3" {
		t.Fatal(got)
	}
}

func TestStrangersAreRefused(t *testing.T) {
	h := newHouse(t, Config{}, engine.Config{})
	for name, test := range map[string]struct {
		greet func(*kid) error
		why   string
	}{
		"wrong secret": {func(k *kid) error { return k.greet(2, "guess") }, "secret"},
		"itself":       {func(k *kid) error { return k.greet(1, "secret") }, "itself"},
		"no greeting":  {func(k *kid) error { k.say(wire.AppendPing(wire.AppendPreface(nil), wire.Ping{})); return k.refusal() }, "before the handshake"},
		"no node":      {func(k *kid) error { k.say([]byte("GET / HTTP/1.1\r\n\r\n")); return k.refusal() }, "no node"},
		"version":      {func(k *kid) error { k.say([]byte("\xf5UPL\x00\x07")); return k.refusal() }, "version 7"},
	} {
		k := h.stranger()
		if err := test.greet(k); err == nil || !strings.Contains(err.Error(), test.why) {
			t.Errorf("%s: %v", name, err)
		}
		if k.conn.Open() {
			t.Errorf("%s: is still open", name)
		}
	}
}

// refusal is the refusal among what has come.
func (k *kid) refusal() error {
	for _, f := range k.frames() {
		if f.Kind == wire.KindRefuse {
			return wire.ParseRefuse(f.Body)
		}
	}
	return nil
}

func TestChildThatSaysWhatIsNotForRelaysIsRefused(t *testing.T) {
	h := newHouse(t, Config{}, engine.Config{})
	for name, in := range map[string][]byte{
		"payload":   {0, 0, 0, 3, byte(wire.KindPayload), 0, 1},
		"partition": {0, 0, 0, 4, byte(wire.KindWant), 0, 0, 1}, // 16 of 16
	} {
		k := h.child(2)
		k.say(in)
		if err := k.refusal(); err == nil || k.conn.Open() {
			t.Errorf("%s: %v, open: %v", name, err, k.conn.Open())
		}
	}
}

func TestRelaysInLoopAreParted(t *testing.T) {
	h := newHouse(t, Config{}, engine.Config{})
	below, other := h.child(7), h.child(8)
	if got := below.heard() + "; " + other.heard(); got != "route 1; route 1" {
		t.Fatal(got)
	}
	if err := h.node.SetRoute(wire.Route{5, 7}); err != nil {
		t.Fatal(err)
	}
	h.loop.Turn(func() {})
	if err := below.refusal(); err == nil || !strings.Contains(err.Error(), "loop") || below.conn.Open() {
		t.Errorf("the child above: %v", err)
	}
	if got := other.heard(); got != "route 1 5 7" || !other.conn.Open() {
		t.Errorf("the other child: %q", got)
	}
	late := h.stranger()
	if err := late.greet(7, "secret"); err != nil {
		t.Fatal(err)
	}
	if err := late.refusal(); err == nil || late.conn.Open() {
		t.Error("a child above came later and was let in")
	}
	if err := h.node.SetRoute(wire.Route{5, 1}); !errors.Is(err, wire.ErrLoop) {
		t.Errorf("this relay above itself: %v", err)
	}
	if err := h.node.SetRoute(make(wire.Route, wire.RouteNodesMax)); !errors.Is(err, wire.ErrLimit) {
		t.Errorf("a tree without end: %v", err)
	}
}

func TestSilentPeersAreCutOff(t *testing.T) {
	h := newHouse(t, Config{HandshakeTimeout: time.Millisecond, IdleTimeout: 30 * time.Second}, engine.Config{})
	k := h.stranger()
	for deadline := time.Now().Add(10 * time.Second); k.conn.Open(); time.Sleep(time.Millisecond) {
		h.loop.Turn(func() {})
		if time.Now().After(deadline) {
			t.Fatal("the stranger is let in for ever")
		}
	}
	if err := k.refusal(); err == nil || !strings.Contains(err.Error(), engine.ReasonRegisterTimeout.Text()) {
		t.Errorf("told %v", err)
	}
}

func TestPingIsAnsweredWithItsID(t *testing.T) {
	h := newHouse(t, Config{}, engine.Config{})
	k := h.child(2)
	k.say(wire.AppendPing(nil, wire.Ping{ID: 77, Load: 500}))
	if got := k.heard(); got != "route 1, pong 77" {
		t.Fatal(got)
	}
}

func TestDrainTellsChildren(t *testing.T) {
	h := newHouse(t, Config{}, engine.Config{})
	k := h.child(2)
	h.loop.Turn(func() { k.conn.Handler().Drain(k.conn) })
	if err := k.refusal(); err == nil || !strings.Contains(err.Error(), engine.ReasonDrain.Text()) || k.conn.Open() {
		t.Fatalf("told %v", err)
	}
}
