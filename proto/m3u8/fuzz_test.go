package m3u8

import (
	"bytes"
	"errors"
	"reflect"
	"testing"
)

// FuzzMedia: what is taken is written so that it reads the same, and every window and delta
// update of it too; what is refused is refused with an *Error.
func FuzzMedia(f *testing.F) {
	for _, name := range mediaFiles(f) {
		f.Add(read(f, name))
	}
	f.Add([]byte("#EXTM3U\n#EXT-X-TARGETDURATION:4\n#EXT-X-SKIP:SKIPPED-SEGMENTS=2,RECENTLY-REMOVED-DATERANGES=\"a\tb\"\n#EXTINF:4,\nx\n"))
	f.Fuzz(func(t *testing.T, in []byte) {
		before := bytes.Clone(in)
		m, err := ParseMedia(in)
		if !bytes.Equal(in, before) {
			t.Fatal("ParseMedia wrote to its input")
		}
		var fault *Error
		if err != nil {
			if !errors.As(err, &fault) {
				t.Fatalf("refused with %T", err)
			}
			return
		}
		text := AppendMedia(nil, m)
		again, err := ParseMedia(text)
		if err != nil {
			t.Fatalf("%v, of what was written:\n%s", err, text)
		}
		if again.Version = m.Version; !reflect.DeepEqual(again, m) {
			t.Fatalf("got %+v, want %+v, from\n%s", again, m, text)
		}
		if m.Skip.Segments == 0 && len(m.Segments) > 0 && !m.EndList {
			checkDelta(t, m)
		}
	})
}

func checkDelta(t *testing.T, m *Media) {
	t.Helper()
	n := (len(m.Segments) + 1) / 2
	text := AppendDelta(nil, m, Skip{Segments: int64(n)}, m.DateRanges)
	delta, err := ParseMedia(text)
	if err != nil {
		t.Fatalf("%v, of a delta update:\n%s", err, text)
	}
	whole, ok := delta.Whole(m)
	if !ok {
		t.Fatalf("not whole:\n%s", text)
	}
	got, want := AppendMedia(nil, whole), *m
	want.Segments = append([]Segment(nil), m.Segments...)
	for i := range want.Segments[:n] {
		want.Segments[i].Parts = nil
	}
	if !bytes.Equal(got, AppendMedia(nil, &want)) {
		t.Fatalf("got\n%s\nfrom\n%s", got, text)
	}
}

func FuzzMaster(f *testing.F) {
	f.Add(read(f, "multivariant.m3u8"))
	f.Add(read(f, "ffmpeg-multivariant.m3u8"))
	f.Fuzz(func(t *testing.T, in []byte) {
		m, err := ParseMaster(in)
		if err != nil {
			return
		}
		text := AppendMaster(nil, m)
		again, err := ParseMaster(text)
		if err != nil || !reflect.DeepEqual(again, m) {
			t.Fatalf("got %+v, %v, want %+v, from\n%s", again, err, m, text)
		}
	})
}
