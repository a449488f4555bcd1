package hls

import (
	"math"
	"testing"
	"time"

	"uproar/proto/m3u8"
)

func versionOf(t *testing.T, m *m3u8.Media) *Version {
	t.Helper()
	var l Live
	return update(t, &l, m, liveStart)
}

// reloadCase is a playlist, a request for it, and what the server must do at once.
type reloadCase struct {
	name      string
	m         *m3u8.Media
	msn, part int64
	want      Verdict
}

func reloadCases() []reloadCase {
	// Segments 5 to 8 are complete, and of 9 there are parts 0 and 1. Part target 1 s: three
	// parts may be asked ahead.
	low := lowList(5, 4, 2)
	none := lowList(5, 4, 0) // no part of 9
	plain := with(plainList(5, 4), func(m *m3u8.Media) { m.Control.CanBlockReload = true })
	ended := with(lowList(5, 4, 0), func(m *m3u8.Media) { m.EndList, m.Hints = true, nil })
	deaf := plainList(5, 4) // offers no blocking reload
	fast := with(lowList(5, 4, 2), func(m *m3u8.Media) {
		m.PartTarget = 500 * time.Millisecond
		for i := range m.Segments {
			m.Segments[i].Parts = nil
		}
		m.Open.Parts = nil
	})
	empty := with(plainList(5, 0), func(m *m3u8.Media) { m.Control.CanBlockReload = true })
	const answer, wait, bad = VerdictAnswer, VerdictWait, VerdictBad
	return []reloadCase{
		{"no directive", low, -1, -1, answer},
		{"segment that is there", low, 8, -1, answer},
		{"segment that is there, not the last", low, 6, -1, answer},
		{"segment that has left the window: the whole playlist still", low, 2, -1, answer},
		{"segment and part that have left the window", low, 0, 3, answer},
		{"segment of which there are parts alone", low, 9, -1, wait},
		{"segment after it", low, 10, -1, wait},
		{"segment beyond the last plus two", low, 11, -1, bad},
		{"segment far away", low, math.MaxInt64, -1, bad},
		{"part that is there", low, 9, 1, answer},
		{"next part", low, 9, 2, wait},
		{"part within the advance part limit", low, 9, 4, wait},
		{"part beyond the advance part limit", low, 9, 5, bad},
		{"part far away", low, 9, math.MaxInt64, bad},
		{"last part of a complete segment", low, 8, 3, answer},
		{"part beyond a complete segment: part 0 of the next, there", low, 8, 4, answer},
		{"part far beyond a complete segment: part 0 of the next, there", low, 8, 100, answer},
		{"part beyond a complete segment: part 0 of the next, not there", none, 8, 4, wait},
		{"part beyond an older segment: part 0 of a complete one", none, 7, 4, answer},
		{"first part of a segment without parts yet", none, 9, 0, wait},
		{"part of the segment after the open one", low, 10, 0, wait},
		{"part beyond the limit of the segment after the open one", low, 10, 3, bad},
		{"part 0 of a far segment, as hls.js asks", low, 12, 0, bad},
		{"part without a segment", low, -1, 0, bad},
		{"part without a segment, nothing offered", deaf, -1, 0, bad},

		{"half a second: six parts may be asked ahead", fast, 9, 5, wait},
		{"half a second: not seven", fast, 9, 6, bad},

		{"no parts: segment and part are the segment", plain, 8, 0, answer},
		{"no parts: next segment and part", plain, 9, 0, wait},
		{"no parts: beyond", plain, 11, 0, bad},
		{"nothing listed: the first segment", empty, 5, -1, wait},
		{"nothing listed: beyond the last plus two", empty, 7, -1, bad},

		{"ended: a segment that never comes", ended, 100, -1, answer},
		{"ended: a part that never comes", ended, 9, 7, answer},
		{"ended: a part without a segment is ignored too", ended, -1, 0, answer},
		{"not offered: answered at once", deaf, 9, -1, answer},
	}
}

// Section 6.2.5.2.
func TestBlockingReload(t *testing.T) {
	for _, c := range reloadCases() {
		v := versionOf(t, c.m)
		got := v.Decide(Reload{MSN: c.msn, Part: c.part}, liveStart, liveStart)
		if got.Verdict != c.want {
			t.Errorf("%s: verdict %d, want %d", c.name, got.Verdict, c.want)
		}
		if got.Verdict == VerdictAnswer && got.Text != &v.Full {
			t.Errorf("%s: the answer is not the whole playlist", c.name)
		}
		if until := liveStart.Add(12 * time.Second); got.Verdict == VerdictWait && got.Until != until {
			t.Errorf("%s: waits until %v, want %v", c.name, got.Until, until)
		}
	}
}

// Section 6.2.5.2: what is held for more than three target durations is 503.
func TestAReloadIsHeldForThreeTargetDurations(t *testing.T) {
	v := versionOf(t, lowList(5, 4, 2))
	r := Reload{MSN: 9, Part: 2}
	for held, want := range map[time.Duration]Verdict{
		0: VerdictWait, 11999 * time.Millisecond: VerdictWait, 12 * time.Second: VerdictUnavailable, time.Hour: VerdictUnavailable,
	} {
		if got := v.Decide(r, liveStart, liveStart.Add(held)); got.Verdict != want {
			t.Errorf("after %v: verdict %d, want %d", held, got.Verdict, want)
		}
	}
	// What is there is given however long it took.
	if got := v.Decide(Reload{MSN: 9, Part: 1}, liveStart, liveStart.Add(time.Hour)); got.Verdict != VerdictAnswer {
		t.Errorf("verdict %d", got.Verdict)
	}
}

// Section 6.2.5.2: a request waits over versions until the one that has what it asks for.
func TestAReloadWaitsForItsPart(t *testing.T) {
	var l Live
	if got := l.Decide(NoReload, liveStart, liveStart); got.Verdict != VerdictWait || !got.Until.IsZero() {
		t.Errorf("before the first version: %+v", got)
	}
	r := Reload{MSN: 9, Part: 3}
	for open := 1; open <= 3; open++ {
		update(t, &l, lowList(5, 4, open), liveStart)
		if got := l.Decide(r, liveStart, liveStart); got.Verdict != VerdictWait {
			t.Errorf("with %d parts: verdict %d", open, got.Verdict)
		}
	}
	// The segment completes with three parts: part 3 is now part 0 of the next.
	short := with(lowList(5, 5, 0), func(m *m3u8.Media) { m.Segments[4].Parts = m.Segments[4].Parts[:3] })
	update(t, &l, short, liveStart)
	if got := l.Decide(r, liveStart, liveStart); got.Verdict != VerdictWait {
		t.Errorf("rolled over, not there: verdict %d", got.Verdict)
	}
	next := with(lowList(5, 5, 1), func(m *m3u8.Media) { m.Segments[4].Parts = m.Segments[4].Parts[:3] })
	v := update(t, &l, next, liveStart)
	if got := l.Decide(r, liveStart, liveStart); got.Verdict != VerdictAnswer || got.Text != &v.Full {
		t.Errorf("rolled over, there: %+v", got)
	}
}

func BenchmarkDecide(b *testing.B) {
	var l Live
	if err := l.Update(lowList(5, 20, 2), liveStart); err != nil {
		b.Fatal(err)
	}
	v := l.Version()
	b.ReportAllocs()
	for b.Loop() {
		if v.Decide(Reload{MSN: 25, Part: 1}, liveStart, liveStart).Text == nil {
			b.Fatal("no answer")
		}
	}
}

func BenchmarkUpdate(b *testing.B) {
	b.ReportAllocs()
	var l Live
	n := 0
	for b.Loop() {
		if err := l.Update(lowList(int64(n/4), 20, n%4), liveStart.Add(time.Duration(n)*time.Second)); err != nil {
			b.Fatal(err)
		}
		n++
	}
}
