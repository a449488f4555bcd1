package video

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
)

// fault is what strikes in the middle of a broadcast.
type fault struct {
	name   string
	slow   bool // there is a slowLink
	strike func(h *house, link *slowLink)
	lasts  time.Duration
	end    func(h *house, link *slowLink) // nil: it does not
	felt   func(h *house) error           // nil error: the tiers have noticed
}

var faults = []fault{
	{
		name:   "origin killed and restarted",
		strike: func(h *house, _ *slowLink) { h.origin.Kill() },
		lasts:  2 * time.Second,
		end:    func(h *house, _ *slowLink) { h.startOrigin() },
	},
	{
		name:   "node above killed",
		strike: func(h *house, _ *slowLink) { h.serving().Kill() },
		lasts:  4 * time.Second,
		felt: func(h *house) error {
			if n := metric(h.t, h.pop, "uproar_hls_upstream_failovers_total"); n == 0 {
				return fmt.Errorf("the point of presence has asked no other node")
			}
			return nil
		},
	},
	{
		name:   "origin slow by 2 s",
		slow:   true,
		strike: func(_ *house, link *slowLink) { link.delay.Store(int64(2 * time.Second)) },
		lasts:  8 * time.Second,
		end:    func(_ *house, link *slowLink) { link.delay.Store(0) },
	},
}

const (
	calm    = 4 * time.Second // before a fault
	after   = 5 * time.Second // behind it
	players = 5               // of each rendition
)

// TestPlayersStallOnceAtMostAndSeeNoWrongByte strikes each fault in the middle of a
// broadcast that players watch.
func TestPlayersStallOnceAtMostAndSeeNoWrongByte(t *testing.T) {
	needs(t, "ffmpeg")
	t.Parallel()
	var running sync.WaitGroup // -parallel is for tests that take a processor
	for _, f := range faults {
		running.Go(func() { t.Run(f.name, f.run) })
	}
	running.Wait()
}

func (f *fault) run(t *testing.T) {
	var make func(*testing.T, string) *slowLink
	if f.slow {
		make = newSlowLink
	}
	h, link := newHouse(t, make)
	h.push()
	await(t, "a playlist at the point of presence", func() bool { return has("http://" + h.pop.HTTP + "/hls/" + channel + "/index.m3u8") })
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	wait := h.watch(ctx, players)
	time.Sleep(calm)
	f.strike(h, link)
	time.Sleep(f.lasts)
	if f.end != nil {
		f.end(h, link)
	}
	time.Sleep(after)
	if f.felt != nil {
		if err := f.felt(h); err != nil {
			t.Error(err)
		}
	}
	cancel()
	all := wait()
	f.judge(t, all)
	t.Log(table(f.name, all))
}

// judge holds the players to what they may see. A segment that is pushed while the origin is
// away comes late to all.
func (f *fault) judge(t *testing.T, all []*player) {
	least := int((calm + f.lasts + after - 9*time.Second) / time.Second)
	for i, p := range all {
		if p.stalls > 1 {
			t.Errorf("player %d (%s) has stalled %d times, up to %v", i, p.rendition, p.stalls, p.stall)
		}
		if p.segments < least {
			t.Errorf("player %d (%s) has played %d segments, want %d at least", i, p.rendition, p.segments, least)
		}
		if n := p.failures["missed a segment"]; n > 0 {
			t.Errorf("player %d (%s) has missed segments: %v", i, p.rendition, p.failures)
		}
	}
}

// table says what players were served that was stale, and what they were not served.
func table(name string, all []*player) string {
	var text strings.Builder
	stalls, longest, segments := 0, time.Duration(0), 0
	stale, failures := map[string]staleness{}, map[string]int{}
	for _, p := range all {
		stalls += p.stalls
		segments += p.segments
		longest = max(longest, p.stall)
		for what, n := range p.failures {
			failures[what] += n
		}
		for what, s := range p.stale {
			sum := stale[what]
			sum.answers += s.answers
			if len(s.age) > len(sum.age) || len(s.age) == len(sum.age) && s.age > sum.age {
				sum.age = s.age
			}
			stale[what] = sum
		}
	}
	fmt.Fprintf(&text, "%s: %d players, %d segments, all as pushed; %d stalls, the longest %v\n", name, len(all), segments, stalls, longest.Round(time.Millisecond))
	fmt.Fprintf(&text, "%-24s %8s %8s\n", "served stale", "answers", "age, s")
	for _, what := range slices.Sorted(maps.Keys(stale)) {
		fmt.Fprintf(&text, "%-24s %8d %8s\n", what, stale[what].answers, stale[what].age)
	}
	for _, what := range slices.Sorted(maps.Keys(failures)) {
		fmt.Fprintf(&text, "%-24s %8d\n", what, failures[what])
	}
	return text.String()
}
