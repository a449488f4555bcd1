package m3u8

import (
	"slices"
	"strconv"
	"time"
)

// AppendMedia appends the text of a playlist. Equal values give equal text. It does not Check.
func AppendMedia(dst []byte, m *Media) []byte {
	return appendMedia(dst, m, 0, m.Skip, m.DateRanges)
}

// AppendDelta appends the delta update of a whole playlist that leaves its first segments out,
// section 4.4.5.2. skip.Segments is how many: at least 1, and no more than there are.
// ranges are the date ranges that stay.
func AppendDelta(dst []byte, m *Media, skip Skip, ranges []DateRange) []byte {
	return appendMedia(dst, m, int(skip.Segments), skip, ranges)
}

func appendMedia(dst []byte, m *Media, from int, skip Skip, ranges []DateRange) []byte {
	dst = appendHead(dst, m, skip)
	w := segmentWriter{b: dst}
	if from > 0 {
		last := &m.Segments[from-1]
		w.m, w.keys, w.bitrate = last.Map, last.Keys, last.Bitrate
	}
	if skip.Segments > 0 {
		w.skip(skip)
	}
	for i := from; i < len(m.Segments); i++ {
		w.segment(&m.Segments[i])
	}
	w.tags(&m.Open)
	dst = w.b
	for i := range ranges {
		dst = appendLine(dst, ranges[i].Line)
	}
	for i := range m.Hints {
		dst = appendHint(dst, &m.Hints[i])
	}
	for i := range m.Reports {
		dst = appendReport(dst, &m.Reports[i])
	}
	if m.EndList {
		dst = appendLine(dst, "#EXT-X-ENDLIST")
	}
	return dst
}

func appendHead(dst []byte, m *Media, skip Skip) []byte {
	dst = appendLine(dst, "#EXTM3U")
	if v := m.version(skip); v > 1 {
		dst = appendInt(dst, "#EXT-X-VERSION:", int64(v))
		dst = append(dst, '\n')
	}
	dst = appendInt(dst, "#EXT-X-TARGETDURATION:", int64(m.TargetDuration/time.Second))
	dst = append(dst, '\n')
	switch m.Type {
	case TypeEvent:
		dst = appendLine(dst, "#EXT-X-PLAYLIST-TYPE:EVENT")
	case TypeVOD:
		dst = appendLine(dst, "#EXT-X-PLAYLIST-TYPE:VOD")
	}
	dst = appendControl(dst, &m.Control)
	if m.PartTarget > 0 {
		dst = appendSeconds(dst, "#EXT-X-PART-INF:PART-TARGET=", m.PartTarget)
		dst = append(dst, '\n')
	}
	dst = appendInt(dst, "#EXT-X-MEDIA-SEQUENCE:", m.MediaSequence)
	dst = append(dst, '\n')
	if m.DiscontinuitySequence > 0 {
		dst = appendInt(dst, "#EXT-X-DISCONTINUITY-SEQUENCE:", m.DiscontinuitySequence)
		dst = append(dst, '\n')
	}
	if m.Independent {
		dst = appendLine(dst, "#EXT-X-INDEPENDENT-SEGMENTS")
	}
	if m.IFramesOnly {
		dst = appendLine(dst, "#EXT-X-I-FRAMES-ONLY")
	}
	for _, line := range m.Head {
		dst = appendLine(dst, line)
	}
	return dst
}

// version is what section 8 asks for, or what the playlist says where that is more.
func (m *Media) version(skip Skip) int {
	v := m.Version
	if v == 0 {
		v = 3
		for i := range m.Segments {
			s := &m.Segments[i]
			if s.Range.Length > 0 || m.IFramesOnly {
				v = max(v, 4)
			}
			if len(s.Keys) > 0 {
				v = max(v, 5)
			}
			if s.Map != nil {
				v = 6
				break
			}
		}
	}
	if skip.Segments > 0 {
		v = max(v, 9)
	}
	if skip.HasRemoved {
		v = max(v, 10)
	}
	return v
}

func appendControl(dst []byte, c *Control) []byte {
	if *c == (Control{}) {
		return dst
	}
	dst = append(dst, "#EXT-X-SERVER-CONTROL:"...)
	start := len(dst)
	if c.CanBlockReload {
		dst = append(dst, ",CAN-BLOCK-RELOAD=YES"...)
	}
	for _, a := range [...]struct {
		name string
		d    time.Duration
	}{{",CAN-SKIP-UNTIL=", c.CanSkipUntil}, {",HOLD-BACK=", c.HoldBack}, {",PART-HOLD-BACK=", c.PartHoldBack}} {
		if a.d > 0 {
			dst = appendSeconds(dst, a.name, a.d)
		}
	}
	if c.CanSkipDateRanges {
		dst = append(dst, ",CAN-SKIP-DATERANGES=YES"...)
	}
	return append(slices.Delete(dst, start, start+1), '\n')
}

// segmentWriter says what counts for a segment when it is not what counted for the one before.
type segmentWriter struct {
	b       []byte
	m       *Map
	keys    []Key
	bitrate int64
}

func (w *segmentWriter) skip(skip Skip) {
	w.b = appendInt(w.b, "#EXT-X-SKIP:SKIPPED-SEGMENTS=", skip.Segments)
	if skip.HasRemoved {
		w.b = append(w.b, `,RECENTLY-REMOVED-DATERANGES="`...)
		for i, id := range skip.Removed {
			if i > 0 {
				w.b = append(w.b, '\t')
			}
			w.b = append(w.b, id...)
		}
		w.b = append(w.b, '"')
	}
	w.b = append(w.b, '\n')
}

func (w *segmentWriter) segment(s *Segment) {
	w.tags(s)
	w.b = appendSeconds(w.b, "#EXTINF:", s.Duration)
	w.b = append(append(append(w.b, ','), s.Title...), '\n')
	if s.Range.Length > 0 {
		w.b = append(appendRange(append(w.b, "#EXT-X-BYTERANGE:"...), s.Range), '\n')
	}
	w.b = appendLine(w.b, s.URI)
}

// tags writes what stands before EXTINF: parts last, for the other tags count for them too
// (section 4.4.4.9).
func (w *segmentWriter) tags(s *Segment) {
	if s.Discontinuity {
		w.b = appendLine(w.b, "#EXT-X-DISCONTINUITY")
	}
	if s.Map != nil && !w.m.equal(s.Map) {
		w.setKeys(s.Map.Keys)
		w.b = append(append(append(w.b, `#EXT-X-MAP:URI="`...), s.Map.URI...), '"')
		if s.Map.Range.Length > 0 {
			w.b = append(appendRange(append(w.b, `,BYTERANGE="`...), s.Map.Range), '"')
		}
		w.b = append(w.b, '\n')
		w.m = s.Map
	}
	w.setKeys(s.Keys)
	if s.Bitrate > 0 && s.Bitrate != w.bitrate {
		w.b = append(appendInt(w.b, "#EXT-X-BITRATE:", s.Bitrate), '\n')
		w.bitrate = s.Bitrate
	}
	if s.DateTime != "" {
		w.b = append(w.b, "#EXT-X-PROGRAM-DATE-TIME:"...)
		w.b = appendLine(w.b, s.DateTime)
	}
	if s.Gap {
		w.b = appendLine(w.b, "#EXT-X-GAP")
	}
	for _, line := range s.Tags {
		w.b = appendLine(w.b, line)
	}
	for i := range s.Parts {
		w.b = appendPart(w.b, &s.Parts[i])
	}
}

func (w *segmentWriter) setKeys(keys []Key) {
	if len(keys) == 0 || slices.Equal(keys, w.keys) {
		return
	}
	for _, old := range w.keys {
		if !slices.ContainsFunc(keys, func(k Key) bool { return k.Format == "" || k.Format == old.Format }) {
			w.b = appendLine(w.b, "#EXT-X-KEY:METHOD=NONE") // a key goes only with all others (section 4.4.4.4)
			break
		}
	}
	for i := range keys {
		w.b = appendLine(w.b, keys[i].Line)
	}
	w.keys = keys
}

func appendPart(dst []byte, p *Part) []byte {
	dst = appendSeconds(dst, "#EXT-X-PART:DURATION=", p.Duration)
	dst = append(append(append(dst, `,URI="`...), p.URI...), '"')
	if p.Range.Length > 0 {
		dst = append(appendRange(append(dst, `,BYTERANGE="`...), p.Range), '"')
	}
	if p.Independent {
		dst = append(dst, ",INDEPENDENT=YES"...)
	}
	if p.Gap {
		dst = append(dst, ",GAP=YES"...)
	}
	return append(dst, '\n')
}

func appendHint(dst []byte, h *Hint) []byte {
	kind := "PART"
	if h.Type == HintMap {
		kind = "MAP"
	}
	dst = append(append(append(dst, "#EXT-X-PRELOAD-HINT:TYPE="...), kind...), `,URI="`...)
	dst = append(append(dst, h.URI...), '"')
	if h.Start > 0 {
		dst = appendInt(dst, ",BYTERANGE-START=", h.Start)
	}
	if h.Length > 0 {
		dst = appendInt(dst, ",BYTERANGE-LENGTH=", h.Length)
	}
	return append(dst, '\n')
}

func appendReport(dst []byte, r *Report) []byte {
	dst = append(append(append(dst, `#EXT-X-RENDITION-REPORT:URI="`...), r.URI...), '"')
	dst = appendInt(dst, ",LAST-MSN=", r.MSN)
	if r.Part >= 0 {
		dst = appendInt(dst, ",LAST-PART=", r.Part)
	}
	return append(dst, '\n')
}

func appendRange(dst []byte, r Range) []byte {
	return appendInt(strconv.AppendInt(dst, r.Length, 10), "@", r.Offset)
}

func appendLine(dst []byte, line string) []byte { return append(append(dst, line...), '\n') }

func appendInt(dst []byte, before string, n int64) []byte {
	return strconv.AppendInt(append(dst, before...), n, 10)
}

// appendSeconds writes a duration exactly, without zeros at its end.
func appendSeconds(dst []byte, before string, d time.Duration) []byte {
	dst = appendInt(dst, before, int64(d/time.Second))
	if d %= time.Second; d == 0 {
		return dst
	}
	dst = append(dst, '.')
	for unit := time.Second / 10; d > 0; unit /= 10 {
		dst = append(dst, byte('0'+d/unit))
		d %= unit
	}
	return dst
}
