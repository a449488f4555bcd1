package hls_test

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"uproar/core/hls"
	"uproar/core/hls/hlstest"
	"uproar/proto/m3u8"
)

// channel is a live stream of low latency at a point in time: four parts of 1 s to a segment,
// a window of ten segments, and a discontinuity at every seventh.
func channel(second int) *m3u8.Media {
	done, open := int64(second/4), second%4
	first := max(0, done-10)
	m := &m3u8.Media{
		TargetDuration: 4 * time.Second, PartTarget: time.Second, MediaSequence: first,
		Control: m3u8.Control{CanBlockReload: true, CanSkipUntil: 24 * time.Second, PartHoldBack: 3 * time.Second},
	}
	if first > 0 {
		m.DiscontinuitySequence = (first - 1) / 7
	}
	for msn := first; msn <= done; msn++ {
		parts := 4
		if msn == done {
			parts = open
		}
		s := m3u8.Segment{Discontinuity: msn > 0 && msn%7 == 0, Map: &m3u8.Map{URI: fmt.Sprintf("init-%d.mp4", msn/7)}}
		if msn >= done-3 {
			for i := range parts {
				s.Parts = append(s.Parts, m3u8.Part{URI: fmt.Sprintf("%d.%d.m4s", msn, i), Duration: time.Second, Independent: i == 0})
			}
		}
		if msn == done {
			m.Open = s
			break
		}
		s.URI, s.Duration = fmt.Sprintf("%d.m4s", msn), 4*time.Second
		m.Segments = append(m.Segments, s)
	}
	m.Hints = []m3u8.Hint{{URI: fmt.Sprintf("%d.%d.m4s", done, open)}}
	return m
}

// above is one of several nodes that follow the origin, each late by its own.
type above struct {
	live hls.Live
	late int // seconds
}

// answer is what a node gives that asks it: a parsed copy, as over the wire.
func (a *above) answer(t *testing.T, r hls.Reload, now time.Time) *m3u8.Media {
	t.Helper()
	d := a.live.Decide(r, now, now)
	if d.Verdict != hls.VerdictAnswer {
		d = a.live.Decide(hls.Reload{MSN: -1, Part: -1, Skip: r.Skip}, now, now)
	}
	m, err := m3u8.ParseMedia(d.Text.Bytes)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// Sections 6.2.1 and 6.2.2 across a failover from one tier-1 node to the next: whatever node
// above answers, and however late it is, the viewers of the node below see numbers that never
// go back, and one URI for each media sequence number.
func TestViewersSeeOnePlaylistAcrossFailovers(t *testing.T) {
	random := rand.New(rand.NewPCG(6, 2026))
	nodes := []*above{{late: 0}, {late: 2}, {late: 9}}
	var below hls.Live
	var whole, delta hlstest.Log
	older, gaps := 0, 0
	start := time.Unix(1_000_000, 0)
	at := 0 // the node that is asked
	for second := 40; second < 280; second++ {
		now := start.Add(time.Duration(second) * time.Second)
		for _, n := range nodes {
			if err := n.live.Update(channel(second-n.late), now); err != nil {
				t.Fatal(err)
			}
		}
		if random.IntN(5) == 0 {
			at = random.IntN(len(nodes))
		}
		r := hls.NoReload
		if v := below.Version(); v != nil {
			r = v.Next()
		}
		switch err := below.Update(nodes[at].answer(t, r, now), now); {
		case errors.Is(err, hls.ErrOlder):
			older++
		case errors.Is(err, hls.ErrDelta):
			gaps++
		case err != nil:
			t.Fatalf("at %d s, from node %d: %v", second, at, err)
		}
		v := below.Version()
		if err := whole.Add(v.Full.Bytes); err != nil {
			t.Fatalf("at %d s, from node %d: %v", second, at, err)
		}
		text := &v.Full
		if delta.Playlists() > 0 {
			text = v.Decide(hls.Reload{MSN: -1, Part: -1, Skip: hls.SkipYes}, now, now).Text
		}
		if err := delta.Add(text.Bytes); err != nil {
			t.Fatalf("at %d s, delta updates: %v", second, err)
		}
	}
	if older == 0 || len(whole.URIs()) < 60 || len(delta.URIs()) != len(whole.URIs()) {
		t.Errorf("%d older answers, %d and %d segments seen", older, len(whole.URIs()), len(delta.URIs()))
	}
	t.Logf("%d answers were older, %d delta updates did not fit, %d playlists", older, gaps, whole.Playlists())
}

// Section 6.2.2: a broadcast that begins anew under the same name, with the names of the old
// one, is refused until it is told apart: no viewer sees it in the old one's place.
func TestARestartUnderTheSameNameIsNotTakenForTheOldBroadcast(t *testing.T) {
	var below hls.Live
	var log hlstest.Log
	now := time.Unix(1_000_000, 0)
	if err := below.Update(channel(200), now); err != nil {
		t.Fatal(err)
	}
	for second := 12; second < 200; second += 3 {
		err := below.Update(channel(second), now)
		if !errors.Is(err, hls.ErrOlder) {
			t.Fatalf("at %d s of the new one: %v", second, err)
		}
		if err := log.Add(below.Version().Full.Bytes); err != nil {
			t.Fatal(err)
		}
	}
	other := channel(200)
	for i := range other.Segments {
		other.Segments[i].URI = "again-" + other.Segments[i].URI
	}
	var rule *hls.RuleError
	if err := below.Update(other, now); !errors.As(err, &rule) || rule.Section != "6.2.2" {
		t.Errorf("got %v", err)
	}
}
