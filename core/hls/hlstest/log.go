// Package hlstest checks what viewers are given against the specification,
// draft-pantos-hls-rfc8216bis-22. It is for tests.
package hlstest

import (
	"fmt"
	"maps"

	"uproar/proto/m3u8"
)

// Log is all media playlists of one rendition that one viewer was given, in order, whichever
// node gave them. It keeps every segment's name for ever, and is not safe for several
// goroutines.
type Log struct {
	held     *m3u8.Media
	texts    int
	segments map[int64]segment
	parts    map[part]m3u8.Part
}

type segment struct {
	m3u8.Segment
	discontinuity int64 // its discontinuity sequence number
}

type part struct {
	msn   int64
	index int
}

// Add checks the next playlist, whole or a delta update, against all before, and says what is
// wrong with it. Then the playlist before counts on.
func (l *Log) Add(text []byte) error {
	m, err := m3u8.ParseMedia(text)
	if err != nil {
		return err
	}
	if l.held == nil {
		if m.Skip.Segments > 0 {
			return fmt.Errorf("the first playlist is a delta update")
		}
		l.held, l.segments, l.parts = m, make(map[int64]segment), make(map[part]m3u8.Part)
	}
	whole, ok := m.Whole(l.held)
	if !ok {
		return fmt.Errorf("delta update from %d skips %d segments, and segments from %d to %d are held (section 6.2.5.1)",
			m.MediaSequence, m.Skip.Segments, l.held.MediaSequence, l.held.LastMSN())
	}
	if err := l.order(whole); err != nil {
		return err
	}
	segments, err := l.segmentsOf(whole)
	if err != nil {
		return err
	}
	parts, err := l.partsOf(whole)
	if err != nil {
		return err
	}
	maps.Copy(l.segments, segments)
	maps.Copy(l.parts, parts)
	l.held = whole
	l.texts++
	return nil
}

// Playlists is how many were added.
func (l *Log) Playlists() int { return l.texts }

// Last is the last playlist, whole; nil before the first.
func (l *Log) Last() *m3u8.Media { return l.held }

// URIs are the names of all segments seen, by media sequence number.
func (l *Log) URIs() map[int64]string {
	uris := make(map[int64]string, len(l.segments))
	for msn, s := range l.segments {
		uris[msn] = s.URI
	}
	return uris
}

// order checks what never goes back or changes, sections 6.2.1 and 6.2.2.
func (l *Log) order(m *m3u8.Media) error {
	old := l.held
	last, oldLast := m.LastMSN(), old.LastMSN()
	switch {
	case m.TargetDuration != old.TargetDuration:
		return fmt.Errorf("target duration went from %v to %v (section 6.2.1)", old.TargetDuration, m.TargetDuration)
	case m.Control != old.Control || m.PartTarget != old.PartTarget:
		return fmt.Errorf("server control or part target changed (section 6.2.1)")
	case m.MediaSequence < old.MediaSequence:
		return fmt.Errorf("media sequence went from %d down to %d (section 6.2.2)", old.MediaSequence, m.MediaSequence)
	case m.DiscontinuitySequence < old.DiscontinuitySequence:
		return fmt.Errorf("discontinuity sequence went from %d down to %d (section 6.2.2)", old.DiscontinuitySequence, m.DiscontinuitySequence)
	case last < oldLast:
		return fmt.Errorf("the last segment went from %d back to %d (section 6.2.1)", oldLast, last)
	case last == oldLast && len(m.Open.Parts) < len(old.Open.Parts) && !m.EndList:
		return fmt.Errorf("segment %d had %d parts and has %d (section 6.2.1)", last+1, len(old.Open.Parts), len(m.Open.Parts))
	case old.EndList && (!m.EndList || last > oldLast):
		return fmt.Errorf("the playlist goes on after its end (section 4.4.3.4)")
	}
	return nil
}

// segmentsOf checks what a media sequence number stands for (section 6.2.2).
func (l *Log) segmentsOf(m *m3u8.Media) (map[int64]segment, error) {
	all := make(map[int64]segment, len(m.Segments))
	number := m.DiscontinuitySequence
	for i := range m.Segments {
		msn := m.MediaSequence + int64(i)
		now := segment{Segment: m.Segments[i]}
		if now.Discontinuity {
			number++
		}
		now.discontinuity = number
		was, seen := l.segments[msn]
		switch {
		case seen && (was.URI != now.URI || was.Range != now.Range || was.Duration != now.Duration):
			return nil, fmt.Errorf("segment %d was %q of %v and is %q of %v (section 6.2.2)", msn, was.URI, was.Duration, now.URI, now.Duration)
		case seen && was.discontinuity != now.discontinuity:
			return nil, fmt.Errorf("segment %d had discontinuity sequence number %d and has %d (section 6.2.2)", msn, was.discontinuity, now.discontinuity)
		}
		all[msn] = now
	}
	return all, nil
}

// partsOf does the same for the parts whose index is certain: those of the last segment and of
// the one that is open.
func (l *Log) partsOf(m *m3u8.Media) (map[part]m3u8.Part, error) {
	all := make(map[part]m3u8.Part)
	note := func(msn int64, list []m3u8.Part) error {
		for i, now := range list {
			if was, seen := l.parts[part{msn, i}]; seen && was != now {
				return fmt.Errorf("part %d of segment %d was %q and is %q (section 6.2.2)", i, msn, was.URI, now.URI)
			}
			all[part{msn, i}] = now
		}
		return nil
	}
	if n := len(m.Segments); n > 0 {
		if err := note(m.LastMSN(), m.Segments[n-1].Parts); err != nil {
			return nil, err
		}
	}
	return all, note(m.LastMSN()+1, m.Open.Parts)
}
