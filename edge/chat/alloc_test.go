//go:build !race

package chat

import (
	"strings"
	"testing"

	"uproar/core/chat"
	"uproar/edge/engine"
)

func TestAllocDelivery(t *testing.T) {
	h := newHall(t, engine.Config{})
	var guests []*guest
	for _, wire := range []Wire{WireTCP, WireIRC, WireText, WireBinary, WireDeflate} {
		for range 5 {
			guests = append(guests, h.member(wire, "", "bob"), h.member(wire, withTags, "bob"))
		}
	}
	lines := []chat.Event{message(nil, strings.Repeat("hello", 50)), message(guests[0], "my own"), message(nil, "again")}
	r := loopOf(h.loop.Loop).rooms["room"]
	turn := func() { r.add(lines) }
	n := testing.AllocsPerRun(200, func() {
		h.loop.Turn(turn)
		for _, g := range guests {
			g.read()
		}
	})
	if n != 0 {
		t.Errorf("%v allocations for %d deliveries", n, len(guests)*len(lines))
	}
}

func TestAllocEncodePerVariant(t *testing.T) {
	h := newHall(t, engine.Config{})
	m := message(nil, strings.Repeat("a line of chat", 20))
	m.Reply = &chat.Reply{ParentID: "1", ThreadID: "1", ParentUser: m.User, ThreadUser: m.User, ParentText: "a; b\\c"}
	l := loopOf(h.loop.Loop)
	for _, wire := range []Wire{WireTCP, WireIRC, WireText, WireBinary, WireDeflate} {
		for _, caps := range []capabilities{0, capTags} {
			b := &batch{events: []chat.Event{m}}
			n := testing.AllocsPerRun(200, func() {
				l.encode(b, variant{wire, caps})
				for i := range b.raw {
					b.raw[i].reset()
				}
				b.framed.reset()
			})
			if n != 0 {
				t.Errorf("wire %d caps %d: %v allocations", wire, caps, n)
			}
		}
	}
}

func TestAllocInput(t *testing.T) {
	h := newHall(t, engine.Config{})
	g := h.member(WireTCP, withTags, "bob")
	for _, line := range []string{"PING :x\r\n", "PONG\r\n", "JOIN #room\r\n", "@a=b;c=d PING y\r\n", "NOPE a b c\r\n"} {
		in := []byte(line)
		turn := func() { g.Data(g.conn, in) }
		n := testing.AllocsPerRun(200, func() {
			h.loop.Turn(turn)
			g.read()
		})
		if n != 0 {
			t.Errorf("%q: %v allocations", line, n)
		}
	}
}
