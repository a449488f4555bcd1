package hls

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"slices"
	"sync"
	"time"

	"github.com/klauspost/compress/gzip"

	"uproar/proto/m3u8"
)

// Version is one version of a playlist, rendered once. It does not change, its Media
// included; any number of goroutines read it.
type Version struct {
	Media *m3u8.Media
	At    time.Time // when it came

	Full    Text
	Delta   Text // for SkipYes; empty when there is nothing to skip
	DeltaV2 Text // for SkipV2; empty when there is nothing to skip

	// EdgeAt is when the last part was added, or the last segment where there are no parts.
	EdgeAt time.Time
	// Due is when the next part or segment can be there at the earliest by the length of the
	// last; zero after the end.
	Due time.Time
	// Late is when section 6.2.1 wants the next part or segment to be there; zero after the
	// end. A source that lets it pass is in trouble.
	Late time.Time
}

// Text is one rendering, identity and gzip. The tags are strong, and tell the two apart
// (RFC 9110, section 8.8.3).
type Text struct {
	Bytes    []byte
	Gzip     []byte
	ETag     string // of Bytes, in quotes
	ETagGzip string // of Gzip, in quotes
}

// LastMSN is the media sequence number of the last complete segment; one below the playlist's
// first when there is none.
func (v *Version) LastMSN() int64 { return v.Media.LastMSN() }

// Next is the blocking reload that waits for the version after this one, to be asked of a
// source above; NoReload where the playlist does not offer it.
func (v *Version) Next() Reload {
	m := v.Media
	if !m.Control.CanBlockReload || m.EndList {
		return NoReload
	}
	r := Reload{MSN: v.LastMSN() + 1, Part: -1}
	if m.PartTarget > 0 {
		r.Part = int64(len(m.Open.Parts))
	}
	if m.Control.CanSkipUntil > 0 {
		r.Skip = SkipYes
	}
	return r
}

func newVersion(before *Version, m *m3u8.Media, text []byte, ranges *rangeLog, now time.Time) *Version {
	v := &Version{Media: m, At: now, EdgeAt: now}
	if before != nil && before.LastMSN() == m.LastMSN() && len(before.Media.Open.Parts) == len(m.Open.Parts) {
		v.EdgeAt = before.EdgeAt
	}
	if !m.EndList {
		step, late := edgeSteps(m)
		v.Due, v.Late = v.EdgeAt.Add(step), v.EdgeAt.Add(late)
	}
	v.Full = newText(text)
	skip := m3u8.Skip{Segments: skippable(m)}
	if skip.Segments == 0 {
		return v
	}
	v.Delta = newText(m3u8.AppendDelta(nil, m, skip, m.DateRanges))
	if m.Control.CanSkipDateRanges {
		kept, removed := ranges.recent(m, now)
		skip.HasRemoved, skip.Removed = true, removed
		v.DeltaV2 = newText(m3u8.AppendDelta(nil, m, skip, kept))
	}
	return v
}

// edgeSteps are when the next part or segment is expected after the last, and when it must be
// there (section 6.2.1).
func edgeSteps(m *m3u8.Media) (due, late time.Duration) {
	if m.PartTarget > 0 && len(m.Open.Parts) > 0 {
		return m.Open.Parts[len(m.Open.Parts)-1].Duration, m.PartTarget
	}
	if m.PartTarget > 0 && len(m.Segments) > 0 && len(m.Segments[len(m.Segments)-1].Parts) > 0 {
		return m.PartTarget, m.PartTarget
	}
	due = m.TargetDuration
	if n := len(m.Segments); n > 0 {
		due = m.Segments[n-1].Duration
	}
	return due, m.TargetDuration * 3 / 2
}

// skippable is how many segments lie wholly further from the end of the last one than the
// Skip Boundary, section 6.2.5.1.
func skippable(m *m3u8.Media) int64 {
	if m.Control.CanSkipUntil == 0 || m.EndList {
		return 0
	}
	var after time.Duration // from the end of segment i to the end of the last
	for i := len(m.Segments) - 1; i >= 0; i-- {
		if after > m.Control.CanSkipUntil {
			return int64(i) + 1
		}
		after += m.Segments[i].Duration
	}
	return 0
}

// gzipWriters are kept because making one costs more than all else of a Version.
var gzipWriters = sync.Pool{New: func() any { return gzip.NewWriter(nil) }}

// newText renders b, which belongs to the Text from now on.
func newText(b []byte) Text {
	t := Text{Bytes: slices.Clip(b)}
	var out bytes.Buffer
	w := gzipWriters.Get().(*gzip.Writer)
	w.Reset(&out)
	w.Write(b) // a Buffer takes everything
	w.Close()
	gzipWriters.Put(w)
	t.Gzip = bytes.Clone(out.Bytes())
	sum := sha256.Sum256(b)
	tag := hex.EncodeToString(sum[:12])
	t.ETag, t.ETagGzip = `"`+tag+`"`, `"`+tag+`-gzip"`
	return t
}
