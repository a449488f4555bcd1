package hlstest

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"uproar/proto/m3u8"
)

func list(first int64, segments, open int) *m3u8.Media {
	m := &m3u8.Media{
		TargetDuration: 4 * time.Second, PartTarget: time.Second, MediaSequence: first,
		Control: m3u8.Control{CanSkipUntil: 24 * time.Second, PartHoldBack: 3 * time.Second},
	}
	for msn := first; msn < first+int64(segments); msn++ {
		m.Segments = append(m.Segments, m3u8.Segment{URI: fmt.Sprintf("%d.m4s", msn), Duration: 4 * time.Second})
	}
	for i := range open {
		m.Open.Parts = append(m.Open.Parts, m3u8.Part{URI: fmt.Sprintf("%d.%d", first+int64(segments), i), Duration: time.Second})
	}
	return m
}

func text(m *m3u8.Media) []byte { return m3u8.AppendMedia(nil, m) }

func TestALogTakesAStreamThatKeepsTheRules(t *testing.T) {
	var l Log
	for i := range 40 {
		m := list(int64(i/4), 10, i%4)
		b := text(m)
		if i%3 == 1 {
			b = m3u8.AppendDelta(nil, m, m3u8.Skip{Segments: 3}, nil)
		}
		if err := l.Add(b); err != nil {
			t.Fatal(i, err)
		}
	}
	if uris := l.URIs(); l.Playlists() != 40 || len(uris) != 19 || uris[18] != "18.m4s" || l.Last().LastMSN() != 18 {
		t.Errorf("%d playlists, %v", l.Playlists(), l.URIs())
	}
}

func TestALogFindsWhatBreaksTheRules(t *testing.T) {
	change := func(m *m3u8.Media, f func(m *m3u8.Media)) []byte { f(m); return text(m) }
	for says, next := range map[string][]byte{
		"playlist, line 1":            []byte("<html>"),
		"media sequence went":         text(list(4, 11, 2)),
		"the last segment went":       text(list(5, 9, 2)),
		"had 2 parts and has 1":       text(list(5, 10, 1)),
		"segment 7 was":               change(list(6, 10, 2), func(m *m3u8.Media) { m.Segments[1].URI = "x" }),
		"part 1 of segment 15":        change(list(5, 10, 3), func(m *m3u8.Media) { m.Open.Parts[1].URI = "x" }),
		"target duration":             change(list(5, 10, 2), func(m *m3u8.Media) { m.TargetDuration += time.Second; m.Control.CanSkipUntil *= 2 }),
		"server control":              change(list(5, 10, 2), func(m *m3u8.Media) { m.Control.CanSkipUntil = 0 }),
		"discontinuity sequence went": change(list(5, 10, 2), func(m *m3u8.Media) { m.DiscontinuitySequence = 0 }),
		"discontinuity sequence num":  change(list(5, 10, 2), func(m *m3u8.Media) { m.DiscontinuitySequence = 2 }),
		"delta update from 50":        m3u8.AppendDelta(nil, list(50, 10, 2), m3u8.Skip{Segments: 3}, nil),
	} {
		var l Log
		first := list(5, 10, 2)
		if strings.HasPrefix(says, "discontinuity") {
			first.DiscontinuitySequence = 1
		}
		if err := l.Add(text(first)); err != nil {
			t.Fatal(err)
		}
		if err := l.Add(next); err == nil || !strings.Contains(err.Error(), says) {
			t.Errorf("%s: got %v", says, err)
		}
		// What was refused is forgotten.
		if err := l.Add(text(first)); err != nil {
			t.Errorf("%s: the playlist before is refused then: %v", says, err)
		}
	}
}

func TestALogNeedsAWholePlaylistFirstAndNoneAfterTheEnd(t *testing.T) {
	var l Log
	if err := l.Add(m3u8.AppendDelta(nil, list(5, 10, 2), m3u8.Skip{Segments: 3}, nil)); err == nil {
		t.Error("a delta update was taken first")
	}
	end := list(5, 10, 0)
	end.EndList = true
	for _, m := range []*m3u8.Media{list(5, 10, 2), end} {
		if err := l.Add(text(m)); err != nil {
			t.Fatal(err)
		}
	}
	if err := l.Add(text(list(5, 11, 0))); err == nil || !strings.Contains(err.Error(), "after its end") {
		t.Errorf("got %v", err)
	}
}
