package hls

import (
	"bytes"
	"compress/gzip"
	"io"
	"strings"
	"testing"
	"time"

	"uproar/proto/m3u8"
)

// Section 6.2.5.1: a playlist with CAN-SKIP-UNTIL and no ENDLIST is answered by its delta
// update; in any other case the directive is ignored.
func TestDeltaUpdate(t *testing.T) {
	ended := with(lowList(5, 20, 0), func(m *m3u8.Media) { m.EndList, m.Hints = true, nil })
	closed := with(lowList(5, 20, 2), func(m *m3u8.Media) { m.Control.CanSkipUntil = 0 })
	for _, c := range []struct {
		name string
		m    *m3u8.Media
		skip Skip
		want bool
	}{
		{"not asked for", lowList(5, 20, 2), SkipNo, false},
		{"asked for", lowList(5, 20, 2), SkipYes, true},
		{"v2 where date ranges cannot be skipped", lowList(5, 20, 2), SkipV2, true},
		{"CAN-SKIP-UNTIL is not there", closed, SkipYes, false},
		{"the playlist has ended", ended, SkipYes, false},
		{"nothing is beyond the skip boundary", lowList(5, 7, 2), SkipYes, false},
	} {
		v := versionOf(t, c.m)
		got := v.Decide(Reload{MSN: -1, Part: -1, Skip: c.skip}, liveStart, liveStart)
		if got.Verdict != VerdictAnswer || (got.Text == &v.Delta) != c.want || (got.Text == &v.Full) == c.want {
			t.Errorf("%s: %+v", c.name, got)
		}
	}
}

// Sections 6.2.5.1 and 4.4.5.2: what lies further from the end than the skip boundary is
// replaced, what is not stays, and the sequence numbers do not change.
func TestADeltaUpdateSkipsWhatIsBeyondTheBoundary(t *testing.T) {
	m := lowList(5, 20, 2)
	m.DiscontinuitySequence = 3
	m.Segments[2].Discontinuity = true
	m.DateRanges = []m3u8.DateRange{{ID: "x", Line: `#EXT-X-DATERANGE:ID="x"`}}
	v := versionOf(t, m)
	text := string(v.Delta.Bytes)
	// 24 s are six segments of 4 s: 13 of the 20 end before them.
	if !strings.Contains(text, "#EXT-X-SKIP:SKIPPED-SEGMENTS=13\n") || strings.Count(text, "#EXT-X-SKIP") != 1 {
		t.Errorf("got\n%s", text)
	}
	delta, err := m3u8.ParseMedia(v.Delta.Bytes)
	if err != nil {
		t.Fatal(err)
	}
	if delta.MediaSequence != 5 || delta.DiscontinuitySequence != 3 || delta.Version < 9 ||
		delta.Segments[0].URI != "18.m4s" || len(delta.Segments) != 7 || len(delta.DateRanges) != 1 || len(delta.Hints) != 1 {
		t.Errorf("got %+v", delta)
	}
	whole, ok := delta.Whole(m)
	if !ok || whole.DiscontinuitySequence != 3 || len(whole.Segments) != 20 {
		t.Errorf("got %+v, %v", whole, ok)
	}
	if got := m3u8.AppendMedia(nil, whole); string(got) != string(v.Full.Bytes) {
		t.Errorf("a player that has the playlist makes of it\n%s\nwant\n%s", got, v.Full.Bytes)
	}
}

// Section 6.2.5.1: v2 leaves out date ranges that were added longer ago than the boundary,
// and names those that were removed within it.
func TestADeltaUpdateSkipsOldDateRanges(t *testing.T) {
	list := func(first int64, ids ...string) *m3u8.Media {
		m := lowList(first, 20, 0)
		m.Control.CanSkipDateRanges = true
		for _, id := range ids {
			m.DateRanges = append(m.DateRanges, m3u8.DateRange{ID: id, Line: `#EXT-X-DATERANGE:ID="` + id + `"`})
		}
		return m
	}
	var l Live
	update(t, &l, list(0, "old", "gone", "long-gone"), liveStart)
	update(t, &l, list(1, "old", "gone"), liveStart.Add(4*time.Second))
	update(t, &l, list(5, "old", "new"), liveStart.Add(20*time.Second))
	v := update(t, &l, list(8, "old", "new"), liveStart.Add(32*time.Second))
	got := v.Decide(Reload{MSN: -1, Part: -1, Skip: SkipV2}, liveStart, liveStart)
	if got.Text != &v.DeltaV2 {
		t.Fatalf("got %+v", got)
	}
	text := string(v.DeltaV2.Bytes)
	for want, in := range map[string]bool{
		`#EXT-X-SKIP:SKIPPED-SEGMENTS=13,RECENTLY-REMOVED-DATERANGES="gone"` + "\n": true,
		"#EXT-X-VERSION:10\n":              true,
		`#EXT-X-DATERANGE:ID="new"` + "\n": true,
		`#EXT-X-DATERANGE:ID="old"` + "\n": false,
	} {
		if strings.Contains(text, want) != in {
			t.Errorf("%q, want %v, in\n%s", want, in, text)
		}
	}
	if yes := string(v.Delta.Bytes); !strings.Contains(yes, `ID="old"`) || strings.Contains(yes, "RECENTLY") {
		t.Errorf("YES skips date ranges:\n%s", yes)
	}
}

func TestWhatIsRememberedOfDateRangesIsBounded(t *testing.T) {
	var log rangeLog
	for i := range 3 * removedMax {
		m := &m3u8.Media{DateRanges: []m3u8.DateRange{{ID: time.Duration(i).String()}}}
		log.update(m, liveStart)
	}
	if len(log.removed) != removedMax || len(log.added) != 1 {
		t.Errorf("%d removed, %d listed", len(log.removed), len(log.added))
	}
	if want := time.Duration(3*removedMax - 2).String(); log.removed[removedMax-1].id != want {
		t.Errorf("the last is %s, want %s", log.removed[removedMax-1].id, want)
	}
}

// Section 6.2.1: playlists are sent with gzip to whom takes it. RFC 9110, section 8.8.3: each
// rendering has a tag of its own, the same from every node.
func TestEachRenderingHasItsBytesAndItsTag(t *testing.T) {
	v, again := versionOf(t, lowList(5, 20, 2)), versionOf(t, lowList(5, 20, 2))
	tags := make(map[string]bool)
	for _, c := range []struct{ text, other *Text }{{&v.Full, &again.Full}, {&v.Delta, &again.Delta}} {
		r, err := gzip.NewReader(bytes.NewReader(c.text.Gzip))
		if err != nil {
			t.Fatal(err)
		}
		plain, err := io.ReadAll(r)
		if err != nil || !bytes.Equal(plain, c.text.Bytes) {
			t.Errorf("gzip of\n%s\nis\n%s, %v", c.text.Bytes, plain, err)
		}
		if len(c.text.Gzip) >= len(c.text.Bytes) {
			t.Errorf("gzip has %d bytes, identity %d", len(c.text.Gzip), len(c.text.Bytes))
		}
		for _, tag := range []string{c.text.ETag, c.text.ETagGzip} {
			if len(tag) < 10 || tag[0] != '"' || tag[len(tag)-1] != '"' || tags[tag] {
				t.Errorf("tag %q is not strong, or there twice", tag)
			}
			tags[tag] = true
		}
		if c.text.ETag != c.other.ETag || c.text.ETagGzip != c.other.ETagGzip {
			t.Error("another node has other tags")
		}
	}
}
