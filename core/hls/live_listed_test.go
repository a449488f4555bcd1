package hls

import (
	"fmt"
	"testing"
	"time"

	"uproar/proto/m3u8"
)

// find looks a name up and compares what counts.
func find(t *testing.T, l *Live, name string, now time.Time, want Item) {
	t.Helper()
	got, ok := l.Find(name, now)
	if !ok || got != want {
		t.Errorf("%s: got %+v, %v, want %+v", name, got, ok, want)
	}
}

func lost(t *testing.T, l *Live, name string, now time.Time) {
	t.Helper()
	if got, ok := l.Find(name, now); ok {
		t.Errorf("%s is still known: %+v", name, got)
	}
}

// Section 6.2.2: without ENDLIST, a segment is there until it was first listed, plus its
// duration, plus the duration of the longest playlist that had it.
func TestASegmentIsKeptForItsAvailabilityDuration(t *testing.T) {
	var l Live
	at := func(seconds int) time.Time { return liveStart.Add(time.Duration(seconds) * time.Second) }
	update(t, &l, plainList(0, 4), at(0))
	find(t, &l, "2.m4s", at(0), Item{Kind: ItemSegment, Listed: true, MSN: 2, ListedAt: at(0), Keep: at(4 + 16)})
	update(t, &l, plainList(0, 6), at(8)) // a longer playlist
	find(t, &l, "2.m4s", at(8), Item{Kind: ItemSegment, Listed: true, MSN: 2, ListedAt: at(0), Keep: at(4 + 24)})
	update(t, &l, plainList(3, 5), at(16)) // 2 is removed
	find(t, &l, "2.m4s", at(27), Item{Kind: ItemSegment, MSN: 2, ListedAt: at(0), Keep: at(28)})
	lost(t, &l, "2.m4s", at(28))
	find(t, &l, "4.m4s", at(1000), Item{Kind: ItemSegment, Listed: true, MSN: 4, ListedAt: at(8), Keep: at(8 + 28)})
	lost(t, &l, "9.m4s", at(16))
}

// Section 6.2.2: with ENDLIST, the availability duration counts from the removal.
func TestASegmentOfAnEndedPlaylistIsKeptFromItsRemoval(t *testing.T) {
	var l Live
	ended := func(m *m3u8.Media) { m.EndList = true }
	at := func(seconds int) time.Time { return liveStart.Add(time.Duration(seconds) * time.Second) }
	update(t, &l, with(plainList(0, 6), ended), at(0))
	find(t, &l, "0.m4s", at(1000), Item{Kind: ItemSegment, Listed: true, MSN: 0, ListedAt: at(0)})
	update(t, &l, with(plainList(1, 5), ended), at(2000))
	find(t, &l, "0.m4s", at(2000), Item{Kind: ItemSegment, MSN: 0, ListedAt: at(0), Keep: at(2000 + 28)})
	lost(t, &l, "0.m4s", at(2028))
}

// Section 6.2.2: a part is there for three target durations after its tag was removed.
func TestAPartIsKeptAfterItsTagIsRemoved(t *testing.T) {
	var l Live
	at := func(seconds int) time.Time { return liveStart.Add(time.Duration(seconds) * time.Second) }
	update(t, &l, lowList(0, 4, 0), at(0))
	got, ok := l.Find("1.3.m4s", at(0))
	if !ok || got.Kind != ItemPart || got.MSN != 1 || got.Part != 3 || !got.Listed || got.Keep.Before(at(12)) {
		t.Errorf("got %+v, %v", got, ok)
	}
	lost(t, &l, "0.0.m4s", at(0)) // its parts are listed no more
	for s := 4; s <= 60; s += 4 {
		update(t, &l, lowList(int64(s/4), 4, 0), at(s))
		removed := 4 // the second update lists parts of 2, 3 and 4
		if _, ok := l.Find("1.3.m4s", at(s)); ok != (s < removed+24) && s < removed+12 {
			t.Errorf("after %d s: %v", s, ok)
		}
	}
	lost(t, &l, "1.3.m4s", at(60))
}

// Section 6.2.6: a hinted name is known, and its request is held; a hint that is withdrawn
// is not, from then on.
func TestAHintIsKnownUntilItIsWithdrawn(t *testing.T) {
	var l Live
	update(t, &l, lowList(5, 4, 1), liveStart)
	find(t, &l, "9.1.m4s", liveStart, Item{Kind: ItemHint, Listed: true, MSN: 9, ListedAt: liveStart})
	// It becomes a part.
	next := liveStart.Add(time.Second)
	update(t, &l, lowList(5, 4, 2), next)
	got, ok := l.Find("9.1.m4s", next)
	if !ok || got.Kind != ItemPart || got.Part != 1 || got.ListedAt != next || got.Keep.IsZero() {
		t.Errorf("got %+v, %v", got, ok)
	}
	find(t, &l, "9.2.m4s", next, Item{Kind: ItemHint, Listed: true, MSN: 9, ListedAt: next})
	// The next one never comes: the segment ends early, as at the return from an ad.
	update(t, &l, with(lowList(5, 5, 0), func(m *m3u8.Media) { m.Segments[4].Parts = m.Segments[4].Parts[:2] }), next)
	lost(t, &l, "9.2.m4s", next)
	lost(t, &l, "9.3.m4s", next)
}

// Section 4.4.5.3: a hint may be a range of a file of which parts are listed; that stays a part.
func TestAHintOfAListedFileDoesNotMakeItAHint(t *testing.T) {
	var l Live
	update(t, &l, with(lowList(5, 4, 2), func(m *m3u8.Media) {
		for i := range m.Open.Parts {
			m.Open.Parts[i].URI, m.Open.Parts[i].Range = "9.m4s", m3u8.Range{Length: 100, Offset: int64(i) * 100}
		}
		m.Hints[0] = m3u8.Hint{URI: "9.m4s", Start: 200}
	}), liveStart)
	got, ok := l.Find("9.m4s", liveStart)
	if !ok || got.Kind != ItemPart {
		t.Errorf("got %+v, %v", got, ok)
	}
	whole := with(lowList(5, 5, 0), func(m *m3u8.Media) {
		for i := range m.Segments[4].Parts {
			m.Segments[4].Parts[i].URI, m.Segments[4].Parts[i].Range = "9.m4s", m3u8.Range{Length: 100, Offset: int64(i) * 100}
		}
	})
	update(t, &l, whole, liveStart.Add(time.Second))
	if got, ok := l.Find("9.m4s", liveStart.Add(time.Second)); !ok || got.Kind != ItemSegment || got.MSN != 9 {
		t.Errorf("got %+v, %v", got, ok)
	}
}

func TestAnInitialisationSectionIsKeptWithItsLastSegment(t *testing.T) {
	var l Live
	at := func(seconds int) time.Time { return liveStart.Add(time.Duration(seconds) * time.Second) }
	update(t, &l, plainList(0, 6), at(0))
	change := func(m *m3u8.Media) {
		for i := range m.Segments {
			if m.MediaSequence+int64(i) >= 6 {
				m.Segments[i].Map = &m3u8.Map{URI: "j.mp4"}
				m.Segments[i].Discontinuity = m.MediaSequence+int64(i) == 6
			}
		}
		m.Open.Map = &m3u8.Map{URI: "j.mp4"}
	}
	for msn := int64(1); msn <= 6; msn++ {
		update(t, &l, with(plainList(msn, 6), change), at(4*int(msn)))
		if got, ok := l.Find("init.mp4", at(4*int(msn))); !ok || got.Kind != ItemMap || got.Listed != (msn < 6) {
			t.Errorf("from segment %d: %+v, %v", msn, got, ok)
		}
	}
	// Segment 5, its last, left at 24 s.
	if _, ok := l.Find("init.mp4", at(24+27)); !ok {
		t.Error("it went before its last segment")
	}
	lost(t, &l, "init.mp4", at(24+28))
}

func TestAGapIsKnownAsSuch(t *testing.T) { // section 6.2.1
	var l Live
	update(t, &l, with(lowList(5, 4, 2), func(m *m3u8.Media) { m.Segments[1].Gap, m.Open.Parts[1].Gap = true, true }), liveStart)
	for name, want := range map[string]bool{"6.m4s": true, "7.m4s": false, "9.1.m4s": true, "9.0.m4s": false} {
		if got, ok := l.Find(name, liveStart); !ok || got.Gap != want {
			t.Errorf("%s: got %+v, %v", name, got, ok)
		}
	}
}

// An hour of a live stream, and a source that lists new names each time, cost a bounded memory.
func TestWhatIsRememberedOfNamesIsBounded(t *testing.T) {
	var l Live
	for i := range 900 {
		update(t, &l, lowList(int64(i), 6, 0), liveStart.Add(time.Duration(4*i)*time.Second))
	}
	if len(l.items) > 200 {
		t.Errorf("after an hour: %d names", len(l.items))
	}
	if testing.Short() {
		t.Skip("a source that lies is slow")
	}
	var liar Live
	for i := range 4 {
		m := plainList(int64(i)*m3u8.SegmentsMax, m3u8.SegmentsMax)
		for j := range m.Segments {
			m.Segments[j].URI = fmt.Sprintf("%d-%d", i, j)
		}
		update(t, &liar, m, liveStart)
		if n := len(liar.items); n > itemsMax+m3u8.SegmentsMax {
			t.Fatalf("%d names after %d lists", n, i+1)
		}
		if _, ok := liar.Find(fmt.Sprintf("%d-5", i), liveStart); !ok {
			t.Fatal("what is listed was forgotten")
		}
	}
}
