package hls

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"uproar/proto/m3u8"
)

var liveStart = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

// plainList is a live playlist without parts: segments of 4 s from first on.
func plainList(first int64, segments int) *m3u8.Media {
	m := &m3u8.Media{TargetDuration: 4 * time.Second, MediaSequence: first}
	init := &m3u8.Map{URI: "init.mp4"}
	for msn := first; msn < first+int64(segments); msn++ {
		m.Segments = append(m.Segments, m3u8.Segment{URI: fmt.Sprintf("%d.m4s", msn), Duration: 4 * time.Second, Map: init})
	}
	m.Open.Map = init
	return m
}

// lowList is a playlist of low latency: four parts of 1 s to a segment, those of the last three
// segments are listed, and open parts of the next, of which one more is hinted.
func lowList(first int64, segments, open int) *m3u8.Media {
	m := plainList(first, segments)
	m.PartTarget = time.Second
	m.Control = m3u8.Control{CanBlockReload: true, CanSkipUntil: 24 * time.Second, PartHoldBack: 3 * time.Second}
	for i := max(0, segments-3); i < segments; i++ {
		m.Segments[i].Parts = lowParts(first+int64(i), 4)
	}
	m.Open.Parts = lowParts(first+int64(segments), open)
	m.Hints = []m3u8.Hint{{URI: fmt.Sprintf("%d.%d.m4s", first+int64(segments), open)}}
	return m
}

func lowParts(msn int64, n int) (parts []m3u8.Part) {
	for i := range n {
		parts = append(parts, m3u8.Part{URI: fmt.Sprintf("%d.%d.m4s", msn, i), Duration: time.Second, Independent: i == 0})
	}
	return parts
}

func update(t *testing.T, l *Live, m *m3u8.Media, at time.Time) *Version {
	t.Helper()
	if err := l.Update(m, at); err != nil {
		t.Fatal(err)
	}
	return l.Version()
}

func TestAVersionIsThePlaylistAsItWasWritten(t *testing.T) {
	var l Live
	if l.Version() != nil {
		t.Fatal("a version before the first Update")
	}
	v := update(t, &l, plainList(5, 4), liveStart)
	if want := m3u8.AppendMedia(nil, plainList(5, 4)); string(v.Full.Bytes) != string(want) {
		t.Errorf("got\n%s", v.Full.Bytes)
	}
	if v.LastMSN() != 8 || v.Delta.Bytes != nil || v.Next() != NoReload {
		t.Errorf("got %+v", v)
	}
}

func TestAPlaylistThatSaysNothingNewIsTheSameVersion(t *testing.T) {
	var l Live
	v := update(t, &l, lowList(5, 4, 2), liveStart)
	if update(t, &l, lowList(5, 4, 2), liveStart.Add(time.Second)) != v {
		t.Error("another version")
	}
	next := update(t, &l, lowList(5, 4, 3), liveStart.Add(2*time.Second))
	if next == v || next.Full.ETag == v.Full.ETag {
		t.Error("a new part makes no new version, or has the old tag")
	}
}

func TestTheNextVersionIsDueByTheLengthOfTheLast(t *testing.T) { // section 6.2.1
	var l Live
	v := update(t, &l, plainList(5, 4), liveStart)
	if v.Due != liveStart.Add(4*time.Second) || v.Late != liveStart.Add(6*time.Second) {
		t.Errorf("due %v, late %v", v.Due, v.Late)
	}
	var low Live
	update(t, &low, lowList(5, 4, 2), liveStart)
	m := lowList(5, 4, 2)
	m.Reports = []m3u8.Report{{URI: "../other/index.m3u8", MSN: 9}}
	v = update(t, &low, m, liveStart.Add(300*time.Millisecond))
	if v.At != liveStart.Add(300*time.Millisecond) || v.EdgeAt != liveStart || v.Due != liveStart.Add(time.Second) || v.Late != v.Due {
		t.Errorf("a report moved the edge: at %v, edge %v, due %v, late %v", v.At, v.EdgeAt, v.Due, v.Late)
	}
	if want := (Reload{MSN: 9, Part: 2, Skip: SkipYes}); v.Next() != want {
		t.Errorf("asks above for %+v", v.Next())
	}
	end := plainList(5, 5)
	end.EndList = true
	if v = update(t, &l, end, liveStart.Add(4*time.Second)); !v.Due.IsZero() || !v.Late.IsZero() {
		t.Error("a playlist that has ended is due")
	}
}

// ruleCase is a change from one playlist to the next, and the section that it breaks; empty:
// none.
type ruleCase struct {
	name    string
	section string
	old, to *m3u8.Media
}

func with(m *m3u8.Media, change func(m *m3u8.Media)) *m3u8.Media {
	change(m)
	return m
}

func (c ruleCase) check(t *testing.T) {
	var l Live
	before := update(t, &l, c.old, liveStart)
	err := l.Update(c.to, liveStart.Add(4*time.Second))
	if c.section == "" {
		if err != nil || l.Version() == before {
			t.Errorf("%s: %v, same version: %v", c.name, err, l.Version() == before)
		}
		return
	}
	var rule *RuleError
	if !errors.As(err, &rule) || rule.Section != c.section || l.Version() != before {
		t.Errorf("%s: got %v, want section %s; same version: %v", c.name, err, c.section, l.Version() == before)
	}
}

// Section 6.2.1: what may change in a playlist, and what must not.
func TestOnlyAllowedChangesAreTaken(t *testing.T) {
	ended := func(m *m3u8.Media) { m.EndList, m.Hints = true, nil }
	for _, c := range []ruleCase{
		{"a segment more", "", plainList(5, 4), plainList(5, 5)},
		{"a segment more, one less", "", plainList(5, 4), plainList(6, 4)},
		{"versions missed", "", plainList(5, 4), plainList(7, 4)},
		{"all new, after a long time", "", plainList(5, 4), plainList(50, 4)},
		{"a part more", "", lowList(5, 4, 0), lowList(5, 4, 1)},
		{"the open segment completes", "", lowList(5, 4, 4), lowList(5, 5, 0)},
		{"older parts go", "", lowList(5, 4, 2), lowList(5, 5, 1)},
		{"end", "", plainList(5, 4), with(plainList(5, 4), ended)},
		{"broken off in a segment", "", lowList(5, 4, 2), with(lowList(5, 4, 0), ended)},
		{"segments removed after the end", "", with(plainList(5, 4), ended), with(plainList(6, 3), ended)},

		{"target duration", "6.2.1", plainList(5, 4), with(plainList(5, 5), func(m *m3u8.Media) { m.TargetDuration = 5 * time.Second })},
		{"part target", "6.2.1", lowList(5, 4, 1), with(lowList(5, 4, 2), func(m *m3u8.Media) { m.PartTarget += time.Millisecond })},
		{"server control", "6.2.1", lowList(5, 4, 1), with(lowList(5, 4, 2), func(m *m3u8.Media) { m.Control.CanSkipUntil = 0 })},
		{"playlist type", "6.2.1", plainList(5, 4), with(plainList(5, 5), func(m *m3u8.Media) { m.Type = m3u8.TypeEvent })},
		{"independence", "6.2.1", plainList(5, 4), with(plainList(5, 5), func(m *m3u8.Media) { m.Independent = true })},
		{"start", "6.2.1", plainList(5, 4), with(plainList(5, 5), func(m *m3u8.Media) { m.Head = []string{"#EXT-X-START:TIME-OFFSET=1"} })},
		{"a segment more after the end", "4.4.3.4", with(plainList(5, 4), ended), with(plainList(5, 5), ended)},
		{"a segment more and no end after the end", "4.4.3.4", with(plainList(5, 4), ended), plainList(5, 5)},
	} {
		c.check(t)
	}
}

func TestAPlaylistOfTypeVODOrEventKeepsItsSegments(t *testing.T) { // section 6.2.1
	typed := func(k m3u8.Type, m *m3u8.Media) *m3u8.Media { m.Type = k; return m }
	for _, c := range []ruleCase{
		{"event grows", "", typed(m3u8.TypeEvent, plainList(5, 4)), typed(m3u8.TypeEvent, plainList(5, 5))},
		{"event loses a segment", "6.2.1", typed(m3u8.TypeEvent, plainList(5, 4)), typed(m3u8.TypeEvent, plainList(6, 4))},
		{"VOD grows", "6.2.1", typed(m3u8.TypeVOD, plainList(5, 4)), typed(m3u8.TypeVOD, plainList(5, 5))},
	} {
		c.check(t)
	}
}

// Section 6.2.2: a media sequence number is one segment's for ever, and numbers never go down.
func TestASequenceNumberStandsForOneSegment(t *testing.T) {
	segment := func(i int, change func(s *m3u8.Segment)) func(m *m3u8.Media) {
		return func(m *m3u8.Media) { change(&m.Segments[i]) }
	}
	discontinuity := segment(1, func(s *m3u8.Segment) { s.Discontinuity = true })
	next := func(m *m3u8.Media) { m.DiscontinuitySequence++ }
	for _, c := range []ruleCase{
		{"another URI", "6.2.2", plainList(5, 4), with(plainList(6, 4), segment(0, func(s *m3u8.Segment) { s.URI = "x.m4s" }))},
		{"shifted by one", "6.2.2", plainList(5, 4), with(plainList(5, 5), func(m *m3u8.Media) { m.MediaSequence = 6 })},
		{"restarted under other names", "6.2.2", plainList(0, 4), with(plainList(0, 1), segment(0, func(s *m3u8.Segment) { s.URI = "b-0.m4s" }))},
		{"another duration", "6.2.2", plainList(5, 4), with(plainList(6, 4), segment(0, func(s *m3u8.Segment) { s.Duration-- }))},
		{"another byte range", "6.2.2", plainList(5, 4), with(plainList(6, 4), segment(0, func(s *m3u8.Segment) { s.Range.Length = 5 }))},
		{"a gap now", "6.2.2", plainList(5, 4), with(plainList(6, 4), segment(0, func(s *m3u8.Segment) { s.Gap = true }))},
		{"another initialisation section", "6.2.2", plainList(5, 4), with(plainList(6, 4), segment(0, func(s *m3u8.Segment) { s.Map = &m3u8.Map{URI: "j.mp4"} }))},
		{"another part", "6.2.2", lowList(5, 4, 2), with(lowList(5, 4, 3), func(m *m3u8.Media) { m.Open.Parts[1].URI = "x.m4s" })},
		{"a complete segment lost a part", "6.2.2", lowList(5, 4, 2), with(lowList(5, 5, 0), segment(4, func(s *m3u8.Segment) { s.Parts = s.Parts[1:] }))},
		{"the last segment lost a part", "6.2.2", lowList(5, 4, 2), with(lowList(5, 4, 3), segment(3, func(s *m3u8.Segment) { s.Parts = s.Parts[1:] }))},
		{"parts added to a complete segment", "6.2.2", lowList(5, 4, 2), with(lowList(5, 4, 3), segment(0, func(s *m3u8.Segment) { s.Parts = lowParts(5, 2) }))},
		{"too little left", "6.2.2", plainList(5, 4), plainList(7, 2)},

		{"a discontinuity leaves and is counted", "", with(plainList(5, 4), discontinuity), with(plainList(7, 3), next)},
		{"a discontinuity leaves and is not counted", "6.2.2", with(plainList(5, 4), discontinuity), plainList(7, 3)},
		{"a discontinuity is counted twice", "6.2.2", with(plainList(5, 4), discontinuity), with(with(plainList(5, 5), discontinuity), next)},
		{"a discontinuity comes afterwards", "6.2.2", plainList(5, 4), with(plainList(5, 5), discontinuity)},
		{"discontinuity sequence goes down", "6.2.2", with(plainList(5, 4), next), plainList(50, 4)},
	} {
		c.check(t)
	}
}

// A node that lags behind, as after a failover, is told from one that contradicts.
func TestAnOlderVersionIsToldFromABrokenOne(t *testing.T) { // section 6.2.2
	ended := with(plainList(5, 4), func(m *m3u8.Media) { m.EndList = true })
	for name, c := range map[string]struct{ old, to *m3u8.Media }{
		"a segment back":         {plainList(6, 4), plainList(5, 4)},
		"the last segment lacks": {plainList(5, 5), plainList(5, 4)},
		"a part lacks":           {lowList(5, 4, 2), lowList(5, 4, 1)},
		"all before":             {plainList(50, 4), plainList(5, 4)},
		"parts that went since":  {lowList(5, 6, 2), lowList(5, 4, 2)},
		"the end lacks":          {ended, plainList(5, 4)},
	} {
		var l Live
		before := update(t, &l, c.old, liveStart)
		if err := l.Update(c.to, liveStart.Add(time.Second)); !errors.Is(err, ErrOlder) || l.Version() != before {
			t.Errorf("%s: got %v", name, err)
		}
	}
}

func TestNamesThatCannotBeAskedForAreRefused(t *testing.T) {
	for _, uri := range []string{
		"../1.m4s", "/1.m4s", "a/1.m4s", "1.m4s?x=1", "http://example.com/1.m4s", "%2e%2e", ".hidden", "index.m3u8",
		"1.m4s#x", strings.Repeat("a", nameBytesMax+1), "//example.com", "ä.m4s",
	} {
		for where, m := range map[string]*m3u8.Media{
			"segment": with(plainList(5, 4), func(m *m3u8.Media) { m.Segments[2].URI = uri }),
			"map":     with(plainList(5, 4), func(m *m3u8.Media) { m.Segments[2].Map = &m3u8.Map{URI: uri} }),
			"next":    with(plainList(5, 4), func(m *m3u8.Media) { m.Open.Map = &m3u8.Map{URI: uri} }),
			"part":    with(lowList(5, 4, 2), func(m *m3u8.Media) { m.Open.Parts[0].URI = uri }),
			"old":     with(lowList(5, 4, 2), func(m *m3u8.Media) { m.Segments[3].Parts[0].URI = uri }),
			"hint":    with(lowList(5, 4, 2), func(m *m3u8.Media) { m.Hints[0].URI = uri }),
		} {
			var l Live
			var rule *RuleError
			if err := l.Update(m, liveStart); !errors.As(err, &rule) || l.Version() != nil {
				t.Errorf("%s %q: %v", where, uri, err)
			}
		}
	}
	for uri, ok := range map[string]bool{
		"../720p/index.m3u8": true, "index.m3u8": true, "http://example.com/index.m3u8": false, "/index.m3u8": false, "../a?b": false,
	} {
		var l Live
		m := with(lowList(5, 4, 2), func(m *m3u8.Media) { m.Reports = []m3u8.Report{{URI: uri}} })
		if err := l.Update(m, liveStart); (err == nil) != ok {
			t.Errorf("report of %q: %v", uri, err)
		}
	}
}

func TestAPlaylistThatBreaksSection4IsRefused(t *testing.T) {
	var l Live
	m := with(plainList(5, 4), func(m *m3u8.Media) { m.Segments[1].Duration = 5 * time.Second })
	var fault *m3u8.Error
	if err := l.Update(m, liveStart); !errors.As(err, &fault) || l.Version() != nil {
		t.Errorf("got %v", err)
	}
}

// A Live that takes a delta update each time says what its source says.
func TestDeltaUpdatesMakeTheSameVersions(t *testing.T) { // section 6.2.5.1
	var above, below Live
	update(t, &above, lowList(0, 20, 0), liveStart)
	update(t, &below, lowList(0, 20, 0), liveStart)
	at := liveStart
	for open := 1; open < 40; open++ {
		at = at.Add(time.Second)
		done := open / 4
		v := update(t, &above, lowList(int64(done), 20, open%4), at)
		delta, err := m3u8.ParseMedia(v.Delta.Bytes)
		if err != nil || delta.Skip.Segments == 0 {
			t.Fatalf("%v, of %s", err, v.Delta.Bytes)
		}
		if got := update(t, &below, delta, at); got.Full.ETag != v.Full.ETag {
			t.Fatalf("got\n%s\nwant\n%s", got.Full.Bytes, v.Full.Bytes)
		}
	}
	late := lowList(100, 20, 0)
	var l Live
	delta, err := m3u8.ParseMedia(m3u8.AppendDelta(nil, late, m3u8.Skip{Segments: 5}, nil))
	if err != nil {
		t.Fatal(err)
	}
	if err := l.Update(delta, at); !errors.Is(err, ErrDelta) {
		t.Errorf("a delta update before the first version: %v", err)
	}
	if err := below.Update(delta, at); !errors.Is(err, ErrDelta) {
		t.Errorf("a delta update of what is not held: %v", err)
	}
}
