package m3u8

import (
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"
)

func read(t testing.TB, name string) []byte {
	t.Helper()
	b, err := os.ReadFile(filepath.Join("testdata", name))
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func parse(t testing.TB, text string) *Media {
	t.Helper()
	m, err := ParseMedia([]byte(text))
	if err != nil {
		t.Fatalf("%v, of\n%s", err, text)
	}
	return m
}

func mediaFiles(t testing.TB) (names []string) {
	t.Helper()
	all, err := filepath.Glob("testdata/*.m3u8")
	if err != nil || len(all) == 0 {
		t.Fatal("no playlists in testdata", err)
	}
	for _, name := range all {
		if !strings.Contains(name, "multivariant") {
			names = append(names, filepath.Base(name))
		}
	}
	return names
}

func TestMediaPlaylistsAreWrittenAsTheyWereRead(t *testing.T) {
	for _, name := range mediaFiles(t) {
		m := parse(t, string(read(t, name)))
		text := AppendMedia(nil, m)
		again := parse(t, string(text))
		if !reflect.DeepEqual(m, again) {
			t.Errorf("%s: got %+v, want %+v, from\n%s", name, again, m, text)
		}
	}
	// One that is written in the order of AppendMedia comes out the same to the byte.
	in := read(t, "low-latency.m3u8")
	if out := AppendMedia(nil, parse(t, string(in))); string(out) != string(in) {
		t.Errorf("got\n%s", out)
	}
}

func TestLowLatencyTagsAreRead(t *testing.T) {
	m := parse(t, string(read(t, "low-latency.m3u8")))
	want := Media{
		Version: 9, TargetDuration: 4 * time.Second, PartTarget: 333340 * time.Microsecond,
		MediaSequence: 266, DiscontinuitySequence: 2, Independent: true,
		Control: Control{CanBlockReload: true, CanSkipUntil: 24 * time.Second, PartHoldBack: 1002 * time.Millisecond},
		Head:    []string{"#EXT-X-START:TIME-OFFSET=-4"},
		Hints:   []Hint{{HintPart, "f270.mp4", 3000, 0}, {HintMap, "init3.mp4", 0, 720}},
		Reports: []Report{{"../1M/index.m3u8", 270, 1}, {"../4M/index.m3u8", 269, -1}},
	}
	got := *m
	got.Segments, got.Open, got.DateRanges = nil, Segment{}, nil
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got  %+v\nwant %+v", got, want)
	}
	if m.LastMSN() != 269 || len(m.Segments) != 4 || m.DateRanges[0].ID != "ad" {
		t.Fatalf("got %+v", m)
	}
	second := m.Segments[1]
	if second.Map.URI != "init2.mp4" || second.Map.Range != (Range{720, 0}) || len(second.Map.Keys) != 1 ||
		!second.Discontinuity || !second.Gap || second.Bitrate != 1200 || second.Title != "a title" || len(second.Tags) != 1 {
		t.Errorf("segment 267: %+v", second)
	}
	if last := m.Segments[3]; last.Map != second.Map || last.Keys[0].Line != "#EXT-X-KEY:METHOD=NONE" || last.Bitrate != 1200 || last.DateTime != "" {
		t.Errorf("what counts for segment 269: %+v", last)
	}
	parts := []Part{
		{URI: "f270.mp4", Duration: 333340 * time.Microsecond, Independent: true, Range: Range{2000, 0}},
		{URI: "f270.mp4", Duration: 333340 * time.Microsecond, Range: Range{1000, 2000}},
	}
	if !reflect.DeepEqual(m.Open.Parts, parts) || m.Open.DateTime == "" || m.Open.URI != "" {
		t.Errorf("open segment: %+v", m.Open)
	}
}

// A window that starts later must say again what its first segment needs.
func TestEveryWindowSaysWhatItsFirstSegmentNeeds(t *testing.T) {
	m := parse(t, string(read(t, "low-latency.m3u8")))
	for from := range m.Segments {
		part := *m
		part.MediaSequence += int64(from)
		part.Segments = m.Segments[from:]
		got := parse(t, string(AppendMedia(nil, &part)))
		if !reflect.DeepEqual(got.Segments, part.Segments) || !reflect.DeepEqual(got.Open, part.Open) {
			t.Errorf("from segment %d: got %+v", from, got.Segments)
		}
	}
}

// Section 4.4.4.4: a key counts until one of its format comes, or NONE.
func TestAKeyThatIsGoneStaysGone(t *testing.T) {
	const a, b = `#EXT-X-KEY:METHOD=SAMPLE-AES,URI="a",KEYFORMAT="x"`, `#EXT-X-KEY:METHOD=SAMPLE-AES,URI="b",KEYFORMAT="y"`
	const segment = "\n#EXTINF:4,\ns\n"
	m := parse(t, mediaHead+a+"\n"+b+segment+"#EXT-X-KEY:METHOD=NONE\n"+a+segment+b+segment+"#EXT-X-KEY:METHOD=NONE"+segment)
	again := parse(t, string(AppendMedia(nil, m)))
	m.Version = again.Version
	if !reflect.DeepEqual(again, m) {
		t.Errorf("got %+v, want %+v", again, m)
	}
	for i, want := range []int{2, 1, 2, 1} {
		if got := len(m.Segments[i].Keys); got != want {
			t.Errorf("segment %d has %d keys, want %d", i, got, want)
		}
	}
}

// Section 6.3.7: a delta update and the playlist held give the whole one.
func TestADeltaUpdateMakesTheWholePlaylist(t *testing.T) {
	m := parse(t, string(read(t, "low-latency.m3u8")))
	for n := 1; n <= len(m.Segments); n++ {
		text := AppendDelta(nil, m, Skip{Segments: int64(n)}, m.DateRanges)
		delta := parse(t, string(text))
		if delta.Skip.Segments != int64(n) || delta.LastMSN() != m.LastMSN() || delta.DiscontinuitySequence != m.DiscontinuitySequence {
			t.Fatalf("got %+v", delta)
		}
		whole, ok := delta.Whole(m)
		want := *m
		want.Segments = append([]Segment(nil), m.Segments...)
		for i := range want.Segments[:n] {
			want.Segments[i].Parts = nil // skipped
		}
		if !ok || !reflect.DeepEqual(whole, &want) {
			t.Errorf("without %d segments:\n%s\ngives %+v", n, text, whole)
		}
	}
}

func TestADeltaUpdateThatSkipsWhatIsNotHeldIsNotWhole(t *testing.T) {
	m := parse(t, string(read(t, "low-latency.m3u8")))
	delta := parse(t, string(AppendDelta(nil, m, Skip{Segments: 3}, nil)))
	for from := range int64(3) {
		held := *m
		held.MediaSequence += from - 1
		if _, ok := delta.Whole(&held); ok != (from >= 0 && from <= 1 && delta.MediaSequence >= held.MediaSequence) {
			t.Errorf("held from %d: %v", held.MediaSequence, ok)
		}
	}
	held := *m
	held.Segments = m.Segments[:2]
	if _, ok := delta.Whole(&held); ok {
		t.Error("made whole from two of the three segments that it skips")
	}
}

func TestRemovedDateRangesGoFromTheWholePlaylist(t *testing.T) {
	const head = "#EXTM3U\n#EXT-X-TARGETDURATION:4\n"
	const segments = "#EXTINF:4,\na\n#EXTINF:4,\nb\n"
	held := parse(t, head+segments+"#EXT-X-DATERANGE:ID=\"x\"\n#EXT-X-DATERANGE:ID=\"y\"\n#EXT-X-DATERANGE:ID=\"z\"\n")
	delta := parse(t, head+"#EXT-X-SKIP:SKIPPED-SEGMENTS=1,RECENTLY-REMOVED-DATERANGES=\"x\tz\"\n#EXTINF:4,\nb\n#EXT-X-DATERANGE:ID=\"new\"\n")
	whole, ok := delta.Whole(held)
	if !ok || len(whole.DateRanges) != 2 || whole.DateRanges[0].ID != "y" || whole.DateRanges[1].ID != "new" {
		t.Errorf("got %v %+v", ok, whole)
	}
}

func TestDurationsAreExact(t *testing.T) {
	for text, want := range map[string]time.Duration{
		"4": 4 * time.Second, "4.0": 4 * time.Second, "3.003": 3003 * time.Millisecond, "0.33334": 333340 * time.Microsecond,
		"1.0000000019": time.Second + 1, "0": 0, "86400": DurationMax,
	} {
		if got, ok := parseSeconds(text); !ok || got != want {
			t.Errorf("%s: got %v, %v", text, got, ok)
		}
	}
	for _, text := range []string{"", ".5", "1.", "-1", "+1", "1e3", "1.2.3", "86400.1", "99999999999999999999", " 1", "1 ", "0x1", "Inf"} {
		if got, ok := parseSeconds(text); ok {
			t.Errorf("%q was read as %v", text, got)
		}
	}
}
