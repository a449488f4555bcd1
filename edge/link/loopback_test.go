package link

import (
	"context"
	"net"
	"slices"
	"testing"
	"time"

	"github.com/VictoriaMetrics/metrics"

	"uproar/edge/engine"
	wire "uproar/proto/link"
)

// caller is a child on a real connection.
type caller struct {
	t    *testing.T
	conn net.Conn
	in   wire.Decoder
	buf  []byte
	rest []byte
}

// next waits for the next frame.
func (c *caller) next() wire.Frame {
	c.t.Helper()
	for {
		f, n, err := c.in.Next(c.rest)
		if err != nil {
			c.t.Fatal(err)
		}
		if c.rest = c.rest[n:]; f.Kind != wire.KindNone {
			return f
		}
		if n > 0 {
			continue
		}
		if n, err = c.conn.Read(c.buf); err != nil {
			c.t.Fatal(err)
		}
		c.rest = append(slices.Clip(c.rest), c.buf[:n]...)
	}
}

func (c *caller) say(b []byte) {
	c.t.Helper()
	if _, err := c.conn.Write(b); err != nil {
		c.t.Fatal(err)
	}
}

// dial is a child that has proved itself and wants partitions.
func dial(t *testing.T, addr string, id uint64, partitions ...int) *caller {
	t.Helper()
	conn, err := net.Dial("tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close() })
	_ = conn.SetDeadline(time.Now().Add(20 * time.Second))
	c := &caller{t: t, conn: conn, buf: make([]byte, 64<<10)}
	hs, err := wire.NewHandshake(wire.Dialer, self(id), []byte("secret"))
	if err != nil {
		t.Fatal(err)
	}
	c.say(hs.Begin(nil))
	for done := false; !done; {
		var out []byte
		if out, done, err = hs.Take(nil, c.next()); err != nil {
			t.Fatal(err)
		}
		c.say(out)
	}
	c.in.Trust()
	var s wire.Set
	for _, p := range partitions {
		s.Add(p)
	}
	c.say(wire.AppendWant(nil, &s))
	if got := describe(t, c.next()); got != "route 1" {
		t.Fatal(got)
	}
	return c
}

// serve runs a relay on a real engine until the test ends.
func serve(t *testing.T) (r *Node, feed *source, addr string) {
	t.Helper()
	feed = &source{}
	r, err := New(Config{Self: self(1), Secret: []byte("secret"), Feed: feed, Metrics: metrics.NewSet()})
	if err != nil {
		t.Fatal(err)
	}
	e, err := engine.New(engine.Config{
		Listeners: []engine.Listener{{Name: "link", Addr: "127.0.0.1:0", Open: r.Open, Refusal: Refusal}},
		Loops:     2, OutboxBytesMax: 8 << 20, NewLoop: r.NewLoop, DrainTimeout: 100 * time.Millisecond,
	})
	if err != nil {
		t.Fatal(err)
	}
	r.Attach(e)
	if err := e.Listen(); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 2)
	go func() { done <- e.Run(ctx) }()
	go func() { done <- r.Run(ctx) }()
	t.Cleanup(func() {
		cancel()
		for range 2 {
			if err := <-done; err != nil {
				t.Error(err)
			}
		}
	})
	<-e.Ready()
	return r, feed, e.Addr("link")
}

func TestChildrenOfAllLoopsAreFed(t *testing.T) {
	r, feed, addr := serve(t)
	var children []*caller
	for id := range uint64(12) {
		children = append(children, dial(t, addr, 2+id, 3))
	}
	// Each is in as soon as it is answered behind its want.
	for _, c := range children {
		c.say(wire.AppendPing(nil, wire.Ping{ID: 5}))
		if got := describe(t, c.next()); got != "pong 5" {
			t.Fatal(got)
		}
	}
	if got := feed.calls(); !slices.Equal(got, []int{4}) {
		t.Fatalf("wants %v of the feed", got)
	}
	r.Subscribed(3)
	large := string(make([]byte, 1<<20))
	for _, text := range []string{"one", large, "two"} {
		r.Payload(3, []byte(text))
	}
	for _, c := range children {
		for _, want := range []string{"subscribed 3", "payload 3 one", "payload 3 " + large, "payload 3 two"} {
			if got := describe(t, c.next()); got != want {
				t.Fatalf("got %d bytes, want %d", len(got), len(want))
			}
		}
	}
	for _, c := range children {
		_ = c.conn.Close()
	}
	for deadline := time.Now().Add(10 * time.Second); !slices.Equal(feed.calls(), []int{-4}); time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatal("interest outlives the children")
		}
	}
}

func TestRefusalOfTheEngineIsAFrame(t *testing.T) {
	var d wire.Decoder
	in := Refusal(engine.ReasonRefusedFull)
	_, n, err := d.Next(in)
	if err != nil {
		t.Fatal(err)
	}
	f, _, err := d.Next(in[n:])
	if err != nil || f.Kind != wire.KindRefuse || wire.ParseRefuse(f.Body).Reason != engine.ReasonRefusedFull.Text() {
		t.Fatalf("%v, %v", f, err)
	}
}
