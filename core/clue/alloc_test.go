//go:build !race

package clue

import (
	"testing"
	"time"

	"uproar/core/chat"
	"uproar/core/store"
)

// TestAllocAcceptedLine: a line costs its message and its id, and nothing else.
func TestAllocAcceptedLine(t *testing.T) {
	wantAllocs(t, "accepted", 2, texts, Submission{Room: "room"})
}

// TestAllocRefusedLine: the answer to a flood costs nothing.
func TestAllocRefusedLine(t *testing.T) {
	wantAllocs(t, "duplicate", 0, [2]string{"same", "same"}, Submission{Room: "room"})
	wantAllocs(t, "ignored", 0, [2]string{"", " "}, Submission{Room: "room"})
}

// TestAllocLineInARoomWithModes: the rules cost nothing while they accept.
func TestAllocLineInARoomWithModes(t *testing.T) {
	st := newFaulty(t)
	for _, mode := range []store.ModeValue{
		{Mode: chat.ModeSlow, Modes: chat.Modes{Slow: 1}},
		{Mode: chat.ModeFollowers, Modes: chat.Modes{FollowersOnly: true}},
	} {
		st.change(t, roomKey("room"), store.Change{Mode: &mode})
	}
	yes, color, long := true, "#FF0000", time.Now().Add(-time.Hour)
	terms := []string{"nevermore", "*said*"}
	st.change(t, roomKey("room"), store.Change{NoLinks: &yes, Terms: &terms})
	for _, u := range crowd(batchLinesMax) {
		st.change(t, memberKey("room", u.Login), store.Change{Follows: &long})
		st.change(t, accountKey(u.Login), store.Change{Color: &color})
	}
	cfg := roomy()
	cfg.Store = st
	wantAllocsOf(t, cfg, "with modes", 2, texts, Submission{Room: "room"})
}

// wantAllocs counts the allocations per line of batches in which 256 users speak,
// each the two texts in turn.
func wantAllocs(t *testing.T, what string, want float64, texts [2]string, sub Submission) {
	t.Helper()
	wantAllocsOf(t, roomy(), what, want, texts, sub)
}

func wantAllocsOf(t *testing.T, cfg Config, what string, want float64, texts [2]string, sub Submission) {
	t.Helper()
	var out sink
	wantAllocsVia(t, &out, func(*shard) {}, cfg, what, want, texts, sub)
}

// audience is both ends of a Clue.
type audience interface {
	Publisher
	Replier
	said() int64
}

func (s *sink) said() int64 { return s.lines.Load() }

// wantAllocsVia does that with another sink, and lets it do more after each batch.
func wantAllocsVia(t *testing.T, out audience, after func(*shard), cfg Config, what string, want float64, texts [2]string, sub Submission) {
	t.Helper()
	c := New(cfg, out, out)
	s := c.shards[0]
	users := crowd(batchLinesMax)
	round := 0
	batch := func() {
		for _, u := range users {
			sub.User, sub.Text = u, texts[round%2]
			if err := c.Submit(sub); err != nil {
				t.Fatal(err)
			}
		}
		round++
		s.decideBatch(s.queue.take(s.batch[:]))
		after(s)
	}
	for range 5 { // rings, maps and rooms grow to their size
		batch()
	}
	// Histograms of metrics allocate a bucket when a value is new to them.
	before := out.said()
	if got := testing.AllocsPerRun(50, batch) / batchLinesMax; got > want+0.05 {
		t.Errorf("%s: %.2f allocations per line, want %.0f", what, got, want)
	}
	if said := out.said() > before; said != (want > 0) {
		t.Errorf("%s: lines were accepted: %v", what, said)
	}
}

// TestAllocLineUnderWay: what is under way to the exchange costs no more.
func TestAllocLineUnderWay(t *testing.T) {
	p := &later{}
	wantAllocsVia(t, p, p.release, roomy(), "under way", 2, texts, Submission{Room: "room"})
}

// later is a sink that answers when it is told to.
type later struct {
	sink
	done []func(error)
}

func (p *later) Publish(_ string, lines []chat.Event, done func(error)) error {
	p.lines.Add(int64(len(lines)))
	p.done = append(p.done, done)
	return nil
}

func (p *later) release(s *shard) {
	for _, done := range p.done {
		done(nil)
	}
	p.done = p.done[:0]
	s.lookAtEnds()
}

func TestAllocNormalText(t *testing.T) {
	if n := testing.AllocsPerRun(100, func() { _ = Parse("/me is here") }); n != 0 {
		t.Errorf("%v allocations", n)
	}
}
