package origin

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math"
	"time"

	"github.com/abema/go-mp4"
)

// Bounds of what is read of a stream of fragments.
const (
	initBytesMax    = 1 << 20
	samplesMax      = 120 * 60 // of one run of one fragment: 60 s at 120 frames a second
	streamTracksMax = 8
)

// nonSync is the flag of a sample that decoding cannot begin at (ISO/IEC 14496-12, 8.8.3.1).
const nonSync = 1 << 16

// box is one box of the top level: its type and all of its bytes.
type box struct {
	kind  string
	bytes []byte
}

// readBox reads one box of at most max bytes. io.EOF stands between boxes alone.
func readBox(r io.Reader, max int64) (box, error) {
	var head [8]byte
	if _, err := io.ReadFull(r, head[:]); err != nil {
		return box{}, err
	}
	size := int64(binary.BigEndian.Uint32(head[:4]))
	kind := string(head[4:])
	if size < 8 || size > max {
		return box{}, fmt.Errorf("a box %q of %d bytes is not 8 to %d", kind, size, max)
	}
	b := make([]byte, 0, min(size, readChunkBytes))
	b = append(b, head[:]...)
	for int64(len(b)) < size { // memory grows with what came, not with what was said
		n := min(size-int64(len(b)), readChunkBytes)
		at := len(b)
		b = append(b, make([]byte, n)...)
		if _, err := io.ReadFull(r, b[at:]); err != nil {
			return box{}, errors.Join(io.ErrUnexpectedEOF, err)
		}
	}
	return box{kind, b}, nil
}

// mediaTrack is what a fragment must be read by.
type mediaTrack struct {
	scale    uint32 // units a second
	video    bool
	duration uint32 // of a sample where a fragment does not say
	flags    uint32 // likewise
}

// readMoov finds the tracks of an initialisation section, and the one that segments are cut
// by: the first of video, or else the first.
func readMoov(moov []byte) (tracks map[uint32]*mediaTrack, lead uint32, err error) {
	tracks = map[uint32]*mediaTrack{}
	var id uint32
	_, err = mp4.ReadBoxStructure(bytes.NewReader(moov), func(h *mp4.ReadHandle) (any, error) {
		switch h.BoxInfo.Type.String() {
		case "moov", "trak", "mdia", "mvex":
			return h.Expand()
		case "tkhd", "mdhd", "hdlr", "trex":
		default:
			return nil, nil
		}
		payload, _, err := h.ReadPayload()
		if err != nil {
			return nil, err
		}
		switch x := payload.(type) {
		case *mp4.Tkhd:
			if id = x.TrackID; len(tracks) == streamTracksMax {
				return nil, fmt.Errorf("more than %d tracks", streamTracksMax)
			}
			tracks[id] = &mediaTrack{}
		case *mp4.Mdhd:
			if t := tracks[id]; t != nil {
				t.scale = x.Timescale
			}
		case *mp4.Hdlr:
			if t := tracks[id]; t != nil {
				t.video = string(x.HandlerType[:]) == "vide"
				if lead == 0 || t.video && !tracks[lead].video {
					lead = id
				}
			}
		case *mp4.Trex:
			if t := tracks[x.TrackID]; t != nil {
				t.duration, t.flags = x.DefaultSampleDuration, x.DefaultSampleFlags
			}
		}
		return nil, nil
	})
	if err == nil && (lead == 0 || tracks[lead].scale == 0) {
		err = errors.New("no track that can be played")
	}
	return tracks, lead, err
}

// fragment is what one moof says of the lead track.
type fragment struct {
	at       time.Duration // decode time of its first sample
	duration time.Duration
	key      bool // it begins with a sample that decoding can begin at
}

// readMoof reads the times of the lead track. ok is false when it has no sample of it.
func readMoof(moof []byte, lead uint32, t *mediaTrack) (f fragment, ok bool, err error) {
	var head *mp4.Tfhd
	var units uint64
	_, err = mp4.ReadBoxStructure(bytes.NewReader(moof), func(h *mp4.ReadHandle) (any, error) {
		switch h.BoxInfo.Type.String() {
		case "moof", "traf":
			return h.Expand()
		case "tfhd", "tfdt":
		case "trun":
			// The count is believed only as far as it is plausible: it costs memory.
			if at := h.BoxInfo.Offset + h.BoxInfo.HeaderSize + 4; at+4 > uint64(len(moof)) || binary.BigEndian.Uint32(moof[at:]) > samplesMax {
				return nil, fmt.Errorf("a run of more than %d samples", samplesMax)
			}
		default:
			return nil, nil
		}
		payload, _, err := h.ReadPayload()
		if err != nil {
			return nil, err
		}
		switch x := payload.(type) {
		case *mp4.Tfhd:
			head = x
		case *mp4.Tfdt:
			if head != nil && head.TrackID == lead {
				f.at = span(x.GetBaseMediaDecodeTime(), t.scale)
			}
		case *mp4.Trun:
			if head != nil && head.TrackID == lead && len(x.Entries) > 0 {
				if !ok {
					f.key, ok = firstFlags(x, head, t)&nonSync == 0, true
				}
				units += runUnits(x, head, t)
			}
		}
		return nil, nil
	})
	f.duration = span(units, t.scale)
	return f, ok, err
}

// span is so many units of time.
func span(units uint64, scale uint32) time.Duration {
	whole := units / uint64(scale)
	if whole > math.MaxInt64/uint64(2*time.Second) {
		return 0
	}
	return time.Duration(whole)*time.Second + time.Duration(units%uint64(scale)*uint64(time.Second)/uint64(scale))
}

// firstFlags are the flags of the first sample, wherever they stand.
func firstFlags(x *mp4.Trun, head *mp4.Tfhd, t *mediaTrack) uint32 {
	switch {
	case x.GetFlags()&0x4 != 0:
		return x.FirstSampleFlags
	case x.GetFlags()&0x400 != 0:
		return x.Entries[0].SampleFlags
	case head.GetFlags()&mp4.TfhdDefaultSampleFlagsPresent != 0:
		return head.DefaultSampleFlags
	}
	return t.flags
}

// runUnits is the duration of a run in units of its track.
func runUnits(x *mp4.Trun, head *mp4.Tfhd, t *mediaTrack) (sum uint64) {
	each := t.duration
	if head.GetFlags()&mp4.TfhdDefaultSampleDurationPresent != 0 {
		each = head.DefaultSampleDuration
	}
	for i := range x.Entries {
		if x.GetFlags()&0x100 != 0 {
			each = x.Entries[i].SampleDuration
		}
		sum += uint64(each)
	}
	return sum
}
