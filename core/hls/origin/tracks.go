package origin

import (
	"bytes"
	"fmt"
	"strings"

	"github.com/bluenviron/mediacommon/v2/pkg/codecs/h264"
	"github.com/bluenviron/mediacommon/v2/pkg/formats/fmp4"
	"github.com/bluenviron/mediacommon/v2/pkg/formats/mp4/codecs"
)

// tracks is what an initialisation section says.
type tracks struct {
	codecs     string // RFC 6381; empty when one of them is not known here
	resolution string // as 1280x720; empty: not known
}

// tracksLocked reads the initialisation section of a rendition, once.
func (r *rendition) tracksLocked() tracks {
	if r.tracks != nil {
		return *r.tracks
	}
	if r.media == nil {
		return tracks{}
	}
	section := r.media.Open.Map
	if len(r.media.Segments) > 0 {
		section = r.media.Segments[0].Map
	}
	if section == nil {
		return tracks{}
	}
	name := section.URI
	f := r.files[name]
	var b []byte
	if f != nil && f.blob.state() == blobWhole {
		b = f.blob.bytes()
	} else if b, _ = r.b.c.o.disk.read(r.b, r.name, name); b == nil {
		return tracks{}
	}
	t := readTracks(b)
	r.tracks = &t
	return t
}

func readTracks(b []byte) tracks {
	var init fmp4.Init
	if err := init.Unmarshal(bytes.NewReader(b)); err != nil {
		return tracks{}
	}
	var t tracks
	var names []string
	for _, track := range init.Tracks {
		switch c := track.Codec.(type) {
		case *codecs.H264:
			var sps h264.SPS
			if len(c.SPS) < 4 || sps.Unmarshal(c.SPS) != nil {
				return tracks{}
			}
			names = append(names, fmt.Sprintf("avc1.%02x%02x%02x", c.SPS[1], c.SPS[2], c.SPS[3]))
			t.resolution = fmt.Sprintf("%dx%d", sps.Width(), sps.Height())
		case *codecs.MPEG4Audio:
			names = append(names, fmt.Sprintf("mp4a.40.%d", c.Config.Type))
		case *codecs.Opus:
			names = append(names, "opus")
		default:
			return tracks{}
		}
	}
	t.codecs = strings.Join(names, ",")
	return t
}
