package uplink

import (
	"math/rand/v2"
	"testing"
	"time"

	"uproar/core/exchange"
	"uproar/core/exchange/exchangetest"
	"uproar/core/store/redistest"
)

// stream says lines in rooms, with trouble after every 25th, until each has n.
func stream(t *testing.T, bus *exchangetest.Bus, rooms []string, n int, trouble func(i int)) {
	t.Helper()
	for i := 1; i <= n; i++ {
		for _, room := range rooms {
			say(t, bus, room, i)
		}
		if i%25 == 0 {
			trouble(i / 25)
		}
	}
}

var rooms = []string{"one", "two", "three"}

// edges are two of them below relays that are reached by gates.
func edges(t *testing.T, change func(*FeedConfig), gates ...*gate) (members []*member, feeds []*Feed) {
	t.Helper()
	var addrs []string
	for _, g := range gates {
		addrs = append(addrs, g.addr)
	}
	for range 2 { // their ids differ by one: they begin with different relays
		f := feedTo(t, nodes.Add(1), change, addrs...)
		feeds = append(feeds, f)
		members = append(members, join(t, f, rooms...))
	}
	return members, feeds
}

func (f *Feed) linkedTo() string {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.mu.up == nil {
		return ""
	}
	return f.mu.up.Addr()
}

func TestFailoverLosesNothingAndDoublesNothing(t *testing.T) {
	for name, source := range map[string]func(*testing.T) exchangetest.Bus{
		"memory": func(*testing.T) exchangetest.Bus { return exchangetest.NewMemory(exchange.Partitions).Bus() },
		"redis":  func(t *testing.T) exchangetest.Bus { return redisOf(t, redistest.Start(t)) },
	} {
		t.Run(name, func(t *testing.T) {
			bus := source(t)
			a, b := gateTo(t, relayOf(t, bus.Feed()).addr), gateTo(t, relayOf(t, bus.Feed()).addr)
			members, feeds := edges(t, nil, a, b)
			stream(t, &bus, rooms, 200, func(i int) {
				dead, alive := a, b
				if i%2 == 0 {
					dead, alive = b, a
				}
				alive.open()
				dead.shut()
				if i%4 == 0 { // else lines are said while nobody is linked
					eventually(t, "both are linked to the other", func() bool {
						return feeds[0].linkedTo() == alive.addr && feeds[1].linkedTo() == alive.addr
					})
				}
			})
			for _, m := range members {
				for _, room := range rooms {
					m.expect(room, 200)
				}
			}
		})
	}
}

func TestFrozenRelayIsLeft(t *testing.T) {
	bus := exchangetest.NewMemory(exchange.Partitions).Bus()
	a, b := gateTo(t, relayOf(t, bus.Feed()).addr), gateTo(t, relayOf(t, bus.Feed()).addr)
	members, feeds := edges(t, func(c *FeedConfig) { c.PingEvery, c.SilenceMax = 100*time.Millisecond, 500*time.Millisecond }, a, b)
	stream(t, &bus, rooms, 50, func(i int) {
		if i == 1 {
			a.freeze()
			t.Cleanup(a.thaw)
		}
	})
	for i, m := range members {
		eventually(t, "it is linked to the one that lives", func() bool { return feeds[i].linkedTo() == b.addr })
		for _, room := range rooms {
			m.expect(room, 50)
		}
	}
}

func TestFeedStaysWithTheRelayThatItIsLinkedTo(t *testing.T) {
	bus := exchangetest.NewMemory(exchange.Partitions).Bus()
	a, b := gateTo(t, relayOf(t, bus.Feed()).addr), gateTo(t, relayOf(t, bus.Feed()).addr)
	f := feedTo(t, 1000, nil, a.addr, b.addr) // an even id: a is first
	m := join(t, f, "one")
	if f.linkedTo() != a.addr {
		t.Fatal("it begins with another than its id says")
	}
	a.shut()
	eventually(t, "it goes to the next", func() bool { return f.linkedTo() == b.addr })
	a.open()
	for i := 1; i <= 20; i++ {
		say(t, &bus, "one", i)
		m.expect("one", i)
	}
	if f.linkedTo() != b.addr {
		t.Fatal("it leaves a relay that is well")
	}
}

// TestTroubleAtEveryLevelIsMended has payloads lost, doubled and late above the upper relays, between the two levels and
// at the edge.
func TestTroubleAtEveryLevelIsMended(t *testing.T) {
	bus := exchangetest.NewMemory(exchange.Partitions).Bus()
	var taps []*exchangetest.Tap
	tap := func(f exchange.Feed) exchange.Feed {
		taps = append(taps, exchangetest.NewTap(f))
		return taps[len(taps)-1]
	}
	upper, other := relayOf(t, tap(bus.Feed())), relayOf(t, tap(bus.Feed()))
	lower := relayOf(t, tap(feedTo(t, nodes.Add(1), nil, upper.addr, other.addr)))
	m := join(t, tap(feedTo(t, nodes.Add(1), nil, lower.addr)), rooms...)
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	mix := func(on bool) {
		for i, tap := range taps {
			if tap.Mix(nil); on {
				tap.Mix(rand.New(rand.NewPCG(seed, uint64(i))))
			}
		}
	}
	mix(true)
	stream(t, &bus, rooms, 200, func(int) {})
	said := 200
	speak := func() {
		said++
		for _, room := range rooms {
			say(t, &bus, room, said)
		}
	}
	eventually(t, "payloads are lost and doubled", func() bool {
		speak()
		return m.Counts().Repaired > 0 && m.Counts().Duplicates > 0
	})
	mix(false)
	speak() // until something comes nobody can know that the last line is missing
	for _, room := range rooms {
		m.expect(room, said)
	}
	if c := m.Counts(); c.Gaps != 0 {
		t.Errorf("%+v", c)
	}
}

func TestEdgeBelowTwoLevelsOutlivesRelaysOfBoth(t *testing.T) {
	bus := exchangetest.NewMemory(exchange.Partitions).Bus()
	var upper, lower []*gate
	var above, below []string
	for range 2 {
		g := gateTo(t, relayOf(t, bus.Feed()).addr)
		upper, above = append(upper, g), append(above, g.addr)
	}
	for range 2 {
		g := gateTo(t, relayBelow(t, above...).addr)
		lower, below = append(lower, g), append(below, g.addr)
	}
	m := join(t, feedTo(t, nodes.Add(1), nil, below...), rooms...)
	said := 0
	speak := func() {
		said++
		for _, room := range rooms {
			say(t, &bus, room, said)
		}
	}
	for i := range 4 {
		for range 25 {
			speak()
		}
		for _, level := range [][]*gate{upper, lower} {
			level[i%2].shut()
			level[1-i%2].open()
		}
		for range 25 {
			speak()
		}
		before := m.Counts().Received
		eventually(t, "lines come by both levels again", func() bool {
			speak()
			return m.Counts().Received > before
		})
	}
	for _, room := range rooms {
		m.expect(room, said)
	}
	if c := m.Counts(); c.Gaps != 0 || c.Repaired == 0 {
		t.Errorf("%+v", c)
	}
}
