package uplink

import (
	"sync/atomic"
	"testing"
	"time"

	"uproar/core/exchange"
	"uproar/core/exchange/exchangetest"
)

// mortal is a Feed that may be cut off.
type mortal struct {
	exchange.Feed
	dead atomic.Bool
}

func (m *mortal) Alive() bool { return !m.dead.Load() }

// TestRelayThatIsCutOffIsLeft: nothing is wrong with the link to it, nor with the other relay.
func TestRelayThatIsCutOffIsLeft(t *testing.T) {
	bus := exchangetest.NewMemory(exchange.Partitions).Bus()
	cut, well := exchangetest.NewTap(bus.Feed()), &mortal{Feed: bus.Feed()}
	above := &mortal{Feed: cut}
	a, b := relayOf(t, above), relayOf(t, well)
	f := feedTo(t, 1000, nil, a.addr, b.addr) // an even id: a is first
	if exchange.Alive(f) {
		t.Error("a feed that is linked to nobody lives")
	}
	m := join(t, f, "one")
	if f.linkedTo() != a.addr || !exchange.Alive(f) {
		t.Fatalf("linked to %q, alive is %v", f.linkedTo(), exchange.Alive(f))
	}
	cut.Lose(true)
	cut.Fail(true)
	above.dead.Store(true)
	say(t, &bus, "one", 1)
	eventually(t, "it goes to the other", func() bool { return f.linkedTo() == b.addr })
	m.expect("one", 1)

	well.dead.Store(true)
	eventually(t, "it is linked to none", func() bool { return f.linkedTo() == "" })
	time.Sleep(time.Second) // none is all that it finds
	if f.linkedTo() != "" {
		t.Errorf("%q takes it", f.linkedTo())
	}
	well.dead.Store(false)
	say(t, &bus, "one", 2)
	eventually(t, "it is back", func() bool { return f.linkedTo() == b.addr })
	m.expect("one", 2)
}
