package m3u8

import "slices"

// Whole is the playlist that a delta update stands for, given the whole one that the caller
// holds (section 6.3.7). It is false when the held one lacks a segment that the update
// skips: the whole playlist must be asked for.
// The result shares memory with both, which must not change any more.
func (m *Media) Whole(held *Media) (*Media, bool) {
	if m.Skip.Segments == 0 {
		return m, true
	}
	from := m.MediaSequence - held.MediaSequence
	if held.Skip.Segments > 0 || from < 0 || from+m.Skip.Segments > int64(len(held.Segments)) {
		return nil, false
	}
	skipped := held.Segments[from : from+m.Skip.Segments]
	whole := *m
	whole.Skip = Skip{}
	whole.Version = held.Version
	whole.Segments = make([]Segment, 0, len(skipped)+len(m.Segments))
	for i := range skipped {
		s := skipped[i]
		s.Parts = nil // they were skipped with it
		whole.Segments = append(whole.Segments, s)
	}
	last := &skipped[len(skipped)-1]
	for i := range m.Segments {
		whole.Segments = append(whole.Segments, inherit(m.Segments[i], last))
	}
	whole.Open = inherit(m.Open, last)
	if m.Skip.HasRemoved {
		whole.DateRanges = mergeRanges(held.DateRanges, m)
	}
	return &whole, true
}

// inherit gives a segment of an update what counts for the last skipped one.
func inherit(s Segment, last *Segment) Segment {
	if s.Map == nil {
		s.Map = last.Map
	} else if s.Map.Keys == nil && last.Keys != nil {
		m := *s.Map
		m.Keys = last.Keys
		s.Map = &m
	}
	if s.Keys == nil {
		s.Keys = last.Keys
	}
	if s.Bitrate == 0 {
		s.Bitrate = last.Bitrate
	}
	return s
}

func mergeRanges(held []DateRange, m *Media) []DateRange {
	out := make([]DateRange, 0, len(held)+len(m.DateRanges))
	for _, r := range held {
		if !slices.Contains(m.Skip.Removed, r.ID) && !slices.Contains(m.DateRanges, r) {
			out = append(out, r)
		}
	}
	return append(out, m.DateRanges...)
}
