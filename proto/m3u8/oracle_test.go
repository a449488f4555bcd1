package m3u8

import (
	"bytes"
	"math"
	"testing"

	oracle "github.com/Eyevinn/hls-m3u8/m3u8"
)

// Eyevinn's parser reads the same from ffmpeg's playlists, and from what is written here.
func TestAnotherParserReadsTheSame(t *testing.T) {
	for _, name := range mediaFiles(t) {
		m := parse(t, string(read(t, name)))
		for what, text := range map[string][]byte{"read": read(t, name), "written": AppendMedia(nil, m)} {
			list, kind, err := oracle.DecodeFrom(bytes.NewReader(text), true)
			if err != nil || kind != oracle.MEDIA {
				t.Errorf("%s, %s: kind %v, %v", name, what, kind, err)
				continue
			}
			compareMedia(t, name+", "+what, m, list.(*oracle.MediaPlaylist))
		}
	}
}

func compareMedia(t *testing.T, name string, m *Media, o *oracle.MediaPlaylist) {
	t.Helper()
	if int64(o.SeqNo) != m.MediaSequence || int64(o.DiscontinuitySeq) != m.DiscontinuitySequence || o.Closed != m.EndList ||
		float64(o.TargetDuration) != m.TargetDuration.Seconds() || o.Iframe != m.IFramesOnly || int(o.Version()) != m.Version {
		t.Errorf("%s: got %+v, the other %+v", name, m, o)
	}
	if int(o.Count()) != len(m.Segments) {
		t.Fatalf("%s: %d segments, the other has %d", name, len(m.Segments), o.Count())
	}
	for i, s := range m.Segments {
		want := o.Segments[i]
		if s.URI != want.URI || math.Abs(s.Duration.Seconds()-want.Duration) > 1e-6 || s.Discontinuity != want.Discontinuity ||
			s.Range.Length != want.Limit || s.Range.Offset != want.Offset || s.Gap != want.Gap || s.Title != want.Title {
			t.Errorf("%s, segment %d: got %+v, the other %+v", name, i, s, want)
		}
	}
	open := len(o.PartialSegments) - len(m.Open.Parts)
	if open < 0 {
		t.Fatalf("%s: %d parts, the other has %d", name, len(m.Open.Parts), len(o.PartialSegments))
	}
	for i, p := range m.Open.Parts {
		want := o.PartialSegments[open+i]
		if p.URI != want.URI || math.Abs(p.Duration.Seconds()-want.Duration) > 1e-6 || p.Independent != want.Independent ||
			p.Range.Length != want.Limit || p.Range.Offset != want.Offset || p.Gap != want.Gap {
			t.Errorf("%s, part %d: got %+v, the other %+v", name, i, p, want)
		}
	}
}

func TestAnotherParserReadsTheSameMultivariantPlaylists(t *testing.T) {
	for _, name := range []string{"ffmpeg-multivariant.m3u8", "multivariant.m3u8"} {
		m, err := ParseMaster(read(t, name))
		if err != nil {
			t.Fatal(err)
		}
		list, kind, err := oracle.DecodeFrom(bytes.NewReader(AppendMaster(nil, m)), true)
		if err != nil || kind != oracle.MASTER {
			t.Fatalf("%s: kind %v, %v", name, kind, err)
		}
		var variants []*oracle.Variant
		for _, v := range list.(*oracle.MasterPlaylist).Variants {
			if !v.Iframe {
				variants = append(variants, v)
			}
		}
		if len(variants) != len(m.Variants) {
			t.Fatalf("%s: %d variants, the other has %d", name, len(m.Variants), len(variants))
		}
		for i, v := range m.Variants {
			want := variants[i]
			if v.URI != want.URI || v.Bandwidth() != int64(want.Bandwidth) || v.Attrs.Get("CODECS") != want.Codecs ||
				v.Attrs.Get("RESOLUTION") != want.Resolution || v.Attrs.Get("AUDIO") != want.Audio {
				t.Errorf("%s: got %+v, the other %+v", name, v, want)
			}
		}
	}
}
