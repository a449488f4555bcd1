package hls

import (
	"fmt"
	"slices"
	"strings"

	"uproar/proto/m3u8"
)

func broken(section, format string, args ...any) error {
	return &RuleError{Section: section, Reason: fmt.Sprintf(format, args...)}
}

// checkNames refuses URIs that are no plain names of the playlist's own directory: nothing
// else can be asked for by a Path.
func checkNames(m *m3u8.Media) error {
	for i := range m.Segments {
		s := &m.Segments[i]
		if err := checkName(s.URI); err != nil {
			return err
		}
		if s.Map != nil && (i == 0 || s.Map != m.Segments[i-1].Map) {
			if err := checkName(s.Map.URI); err != nil {
				return err
			}
		}
		if err := checkParts(s.Parts); err != nil {
			return err
		}
	}
	if m.Open.Map != nil {
		if err := checkName(m.Open.Map.URI); err != nil {
			return err
		}
	}
	for _, h := range m.Hints {
		if err := checkName(h.URI); err != nil {
			return err
		}
	}
	for _, r := range m.Reports {
		for part := range strings.SplitSeq(r.URI, "/") {
			if part != ".." && !plain(part) {
				return broken("4.4.5.4", "rendition report of %q, which is not below the same broadcast", r.URI)
			}
		}
	}
	return checkParts(m.Open.Parts)
}

func checkParts(parts []m3u8.Part) error {
	for i := range parts {
		if err := checkName(parts[i].URI); err != nil {
			return err
		}
	}
	return nil
}

func checkName(uri string) error {
	if len(uri) > nameBytesMax || uri == Playlist || !plain(uri) {
		return broken("4.1", "%.150q is not a plain file name of up to %d bytes", uri, nameBytesMax)
	}
	return nil
}

// checkChange refuses a change from one whole version to another that sections 6.2.1 and
// 6.2.2 do not allow.
func checkChange(old, m *m3u8.Media) error {
	if err := checkHead(old, m); err != nil {
		return err
	}
	if older(old, m) {
		if err := checkSegments(m, old); err != nil {
			return err
		}
		return ErrOlder
	}
	if err := checkSegments(old, m); err != nil {
		return err
	}
	if old.EndList && m.LastMSN() > old.LastMSN() {
		return broken("4.4.3.4", "the playlist goes on after EXT-X-ENDLIST")
	}
	if m.DiscontinuitySequence < old.DiscontinuitySequence {
		return broken("6.2.2", "EXT-X-DISCONTINUITY-SEQUENCE went from %d down to %d", old.DiscontinuitySequence, m.DiscontinuitySequence)
	}
	removed := m.MediaSequence - old.MediaSequence
	if removed > 0 && (m.Type != m3u8.TypeLive || old.Type != m3u8.TypeLive) {
		return broken("6.2.1", "segments were removed from a playlist with EXT-X-PLAYLIST-TYPE")
	}
	if removed > 0 && !m.EndList && m.Duration() < 3*m.TargetDuration {
		return broken("6.2.2", "segments were removed and %v are left, less than 3 target durations", m.Duration())
	}
	return nil
}

// older says that by its numbers, m comes before old. A broadcast that is
// broken off may end without the segment of which it has listed parts.
func older(old, m *m3u8.Media) bool {
	if m.MediaSequence < old.MediaSequence || m.LastMSN() != old.LastMSN() {
		return m.MediaSequence < old.MediaSequence || m.LastMSN() < old.LastMSN()
	}
	if m.EndList != old.EndList {
		return old.EndList
	}
	return len(m.Open.Parts) < len(old.Open.Parts)
}

// checkHead compares what must not change.
func checkHead(old, m *m3u8.Media) error {
	switch {
	case m.TargetDuration != old.TargetDuration:
		return broken("6.2.1", "EXT-X-TARGETDURATION changed from %v to %v", old.TargetDuration, m.TargetDuration)
	case m.PartTarget != old.PartTarget:
		return broken("6.2.1", "PART-TARGET changed from %v to %v", old.PartTarget, m.PartTarget)
	case m.Control != old.Control:
		return broken("6.2.1", "EXT-X-SERVER-CONTROL changed")
	case m.Type != old.Type:
		return broken("6.2.1", "EXT-X-PLAYLIST-TYPE changed")
	case m.IFramesOnly != old.IFramesOnly || m.Independent != old.Independent:
		return broken("6.2.1", "EXT-X-I-FRAMES-ONLY or EXT-X-INDEPENDENT-SEGMENTS changed")
	case !slices.Equal(m.Head, old.Head):
		return broken("6.2.1", "EXT-X-START or EXT-X-DEFINE changed")
	case m.Type == m3u8.TypeVOD && (m.MediaSequence != old.MediaSequence || m.LastMSN() != old.LastMSN()):
		return broken("6.2.1", "a playlist of type VOD changed")
	}
	return nil
}

// checkSegments compares what both versions list: a media sequence number stands for the same
// segment, with the same discontinuity sequence number.
func checkSegments(old, m *m3u8.Media) error {
	first := max(old.MediaSequence, m.MediaSequence)
	last := min(old.LastMSN(), m.LastMSN())
	if first > last+1 {
		return nil // nothing is in both
	}
	wantGap, gap := discontinuities(old, first), discontinuities(m, first)
	for msn := first; msn <= last; msn++ {
		a, b := &old.Segments[msn-old.MediaSequence], &m.Segments[msn-m.MediaSequence]
		if what := difference(a, b); what != "" {
			return broken("6.2.2", "segment %d had %s", msn, what)
		}
		if msn == m.LastMSN() && len(a.Parts) != len(b.Parts) {
			return broken("6.2.2", "segment %d is the last and lost parts", msn)
		}
		if a.Discontinuity {
			wantGap++
		}
		if b.Discontinuity {
			gap++
		}
		if wantGap != gap {
			return broken("6.2.2", "the discontinuity sequence number of segment %d went from %d to %d", msn, wantGap, gap)
		}
	}
	return checkOpen(old, m)
}

// discontinuities is the discontinuity sequence number before the segment msn.
func discontinuities(m *m3u8.Media, msn int64) int64 {
	n := m.DiscontinuitySequence
	for i := range m.Segments[:msn-m.MediaSequence] {
		if m.Segments[i].Discontinuity {
			n++
		}
	}
	return n
}

// difference says in words what changed in a segment, or nothing.
func difference(a, b *m3u8.Segment) string {
	switch {
	case a.URI != b.URI:
		return fmt.Sprintf("the URI %q and has %q", a.URI, b.URI)
	case a.Range != b.Range:
		return "another byte range"
	case a.Duration != b.Duration:
		return fmt.Sprintf("the duration %v and has %v", a.Duration, b.Duration)
	case a.Gap != b.Gap:
		return "another EXT-X-GAP"
	case (a.Map == nil) != (b.Map == nil) || a.Map != nil && (a.Map.URI != b.Map.URI || a.Map.Range != b.Map.Range):
		return "another EXT-X-MAP"
	}
	return suffix(a.Parts, b.Parts)
}

// suffix checks that the parts of a complete segment only go, the first of them first.
func suffix(a, b []m3u8.Part) string {
	if len(b) > len(a) || !slices.Equal(a[len(a)-len(b):], b) {
		return "other parts"
	}
	return ""
}

// checkOpen compares the parts of the segment that the older version had not complete.
func checkOpen(old, m *m3u8.Media) error {
	a, msn := old.Open.Parts, old.LastMSN()+1
	var b []m3u8.Part
	switch {
	case m.LastMSN() == old.LastMSN():
		b = m.Open.Parts
	case msn >= m.MediaSequence && msn == m.LastMSN():
		b = m.Segments[msn-m.MediaSequence].Parts
		if len(b) < len(a) {
			return broken("6.2.2", "segment %d, complete now, lost parts", msn)
		}
	default:
		return nil // too long ago: its parts may be gone
	}
	n := min(len(a), len(b))
	if !slices.Equal(a[:n], b[:n]) {
		return broken("6.2.2", "the parts of segment %d changed", msn)
	}
	return nil
}
