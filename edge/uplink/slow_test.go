package uplink

import (
	"context"
	"net"
	"strings"
	"testing"

	"uproar/core/exchange"
	"uproar/edge/engine"
	wire "uproar/proto/link"
)

// idleFeed is a Feed that brings nothing by itself.
type idleFeed struct{}

func (idleFeed) Want(int, bool)   {}
func (idleFeed) Tell(int, []byte) {}
func (idleFeed) Since(context.Context, string, exchange.Position) ([][]byte, exchange.Position, error) {
	return nil, exchange.Position{}, nil
}

func (idleFeed) Run(ctx context.Context, _ exchange.Sink) error {
	<-ctx.Done()
	return nil
}

// stuck is a child that wants a partition and never reads again, as one that is stopped.
func stuck(t *testing.T, addr string, partition int) net.Conn {
	t.Helper()
	conn, err := net.Dial("tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close() })
	h, err := wire.NewHandshake(wire.Dialer, self(wire.RoleEdge, nodes.Add(1)), []byte("secret"))
	if err != nil {
		t.Fatal(err)
	}
	in := &reader{conn: conn, buf: make([]byte, readBytes)}
	out, done := h.Begin(nil), false
	for !done {
		if _, err := conn.Write(out); err != nil {
			t.Fatal(err)
		}
		f, err := in.next()
		if err != nil {
			t.Fatal(err)
		}
		if out, done, err = h.Take(nil, f); err != nil {
			t.Fatal(err)
		}
	}
	var s wire.Set
	s.Add(partition)
	if _, err := conn.Write(wire.AppendWant(nil, &s)); err != nil {
		t.Fatal(err)
	}
	return conn
}

func TestStoppedChildrenHoldUpNobody(t *testing.T) {
	r := serve(t, nodes.Add(1), idleFeed{}, func(c *engine.Config) { c.OutboxBytesMax = 4 << 20 })
	r.start()
	const stopped = 4 // on both loops
	for range stopped {
		stuck(t, r.addr, 3)
	}
	f, rec := feedTo(t, nodes.Add(1), nil, r.addr), &recorder{}
	run(t, f, rec)
	f.Want(3, true)
	eventually(t, "it is linked", func() bool { return f.linkedTo() != "" })
	r.node.Subscribed(3)
	eventually(t, "it is subscribed", func() bool { return rec.count("subscribed 3") > 0 })
	// Until all five are fed, and what the stopped ones are sent has filled their sockets and outboxes.
	large := strings.Repeat("x", 512<<10)
	said := 0
	eventually(t, "the stopped children are behind", func() bool {
		r.node.Payload(3, []byte(large))
		said++
		eventually(t, "the other one has it", func() bool { return rec.count("payload 3 "+large) == said })
		return r.metric(`uproar_link_deliveries_missed_total`) >= stopped
	})
	if said < 8 {
		t.Errorf("a child may be %d payloads behind, and the outbox has room for 8", said)
	}
	for _, text := range []string{"one", "two", "three"} {
		r.node.Payload(3, []byte(text))
		eventually(t, "short ones come too", func() bool { return rec.count("payload 3 "+text) == 1 })
	}
	if n := rec.count("subscribed 3"); n > 2 {
		t.Errorf("the quick child is told %d times to repair", n)
	}
}
