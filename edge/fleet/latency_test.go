package fleet

import (
	"os"
	"slices"
	"testing"
	"time"

	"uproar/edge/edgetest"
)

// How much later a line may come from another process than from the same one.
const (
	laterMaxP50 = 2 * time.Millisecond
	laterMaxP99 = 20 * time.Millisecond
)

// The quiet rate at which latency is measured: one speaker, and who listens.
const (
	quietEvery = 20 * time.Millisecond
	listeners  = 19
)

// way is from a speaker on one process to listeners on another, or on the same.
type way struct {
	name    string
	book    *book
	speaker *member
	hearers []*member
	delays  []time.Duration
}

func (w *way) sit(t testing.TB, from, to string) {
	t.Helper()
	w.book = newBook()
	c := &crowd{t: t, book: w.book, stop: make(chan struct{})}
	t.Cleanup(c.leave)
	for i := range listeners + 1 {
		addr := to
		if i == 0 {
			addr = from
		}
		m := newMember(place{addr: addr, book: w.book, name: "quiet"}, i)
		c.members = append(c.members, m)
		c.readers.Go(func() { m.live(c.stop) })
	}
	if late := c.await("sit", gatherMax, c.members, (*member).sits); late != nil {
		t.FailNow()
	}
	w.speaker, w.hearers = c.members[0], c.members[1:]
}

// round says lines, one by one, and waits until all have heard each.
func (w *way) round(t testing.TB, lines int) {
	t.Helper()
	next := time.Now()
	for range lines {
		time.Sleep(time.Until(next))
		next = next.Add(quietEvery)
		number, ok := w.speaker.say()
		if !ok {
			t.Fatalf("%s: the speaker cannot speak", w.name)
		}
		began := time.Now()
		for !w.speaker.idle() || slices.ContainsFunc(w.hearers, func(m *member) bool { return int(m.lastOne.Load()) != number }) {
			if time.Since(began) > patience {
				t.Fatalf("%s: line %d has not come to all after %v", w.name, number, patience)
			}
			time.Sleep(time.Millisecond)
		}
	}
}

// collect takes the delays from the members' logs, which must be complete.
func (w *way) collect() {
	lines := w.book.lines()
	for _, m := range w.hearers {
		for _, e := range m.log {
			if e.kind == heard {
				w.delays = append(w.delays, e.when()-lines[e.number].sent)
			}
		}
	}
	slices.Sort(w.delays)
}

// What the way over other processes costs is measured beside a process that has all it
// needs in itself, in turns, so that a busy machine is busy for all.
func TestLatencyAcrossEdges(t *testing.T) {
	if testing.Short() {
		t.Skip("runs redis-server")
	}
	rounds, lines := 2, 25
	strict := os.Getenv(sizeVariable) == "latency"
	if strict {
		rounds, lines = 10, 100
	}
	ways := []*way{{name: "one process"}, {name: "two edges over Redis"}, {name: "edge, clue, Redis, relay, edge"}}
	t.Run("measured", func(t *testing.T) {
		alone := edgetest.Start(t, edgetest.Unlimited...)
		ways[0].sit(t, alone.IRC, alone.IRC)
		pair := edgetest.StartFleet(t, edgetest.Shape{Edges: 2, Args: edgetest.Unlimited})
		ways[1].sit(t, pair.Edges[0].IRC, pair.Edges[1].IRC)
		fleet := edgetest.StartFleet(t, edgetest.Shape{Clues: 2, Relays: 2, Edges: 2, Args: edgetest.Unlimited})
		ways[2].sit(t, fleet.Edges[0].IRC, fleet.Edges[1].IRC)
		for range rounds {
			for _, w := range ways {
				w.round(t, lines)
			}
		}
	})
	if t.Failed() || t.Skipped() {
		return
	}
	for _, w := range ways {
		w.collect()
	}
	alone := ways[0].delays
	for _, w := range ways {
		if want := rounds * lines * listeners; len(w.delays) != want {
			t.Errorf("%s: %d deliveries, want %d", w.name, len(w.delays), want)
		}
		p50, p99 := quantile(w.delays, 0.5), quantile(w.delays, 0.99)
		later50, later99 := p50-quantile(alone, 0.5), p99-quantile(alone, 0.99)
		t.Logf("%-32s p50 %8v  p99 %8v  max %8v   later by p50 %8v  p99 %8v", w.name, p50, p99, quantile(w.delays, 1), later50, later99)
		if strict && (later50 > laterMaxP50 || later99 > laterMaxP99) {
			t.Errorf("%s: later by p50 %v and p99 %v, want at most %v and %v", w.name, later50, later99, laterMaxP50, laterMaxP99)
		}
	}
}
