package exchange

import "slices"

// Bounds of what a room remembers of who published its lines.
const (
	publishersMax = 16 // the one least recently heard is forgotten
	spansMax      = 8  // the oldest is forgotten: its lines may come twice, rather than never
)

// seen is which bodies of a room have come, so that one that is published again comes
// once. The numbers of a publisher grow in the order of the stream, but for what is
// published again. Its zero value has seen nothing.
type seen struct {
	last  []Stamp // of each publisher, the one most recently heard first
	own   uint64  // the publisher whose lines have come to Home
	spans []span  // what has come to Home and not yet by the Feed, in order
}

// span is the bodies of numbers from to to, both included.
type span struct{ from, to uint64 }

// take reports whether a body comes for the first time, now by the Feed.
func (s *seen) take(stamp Stamp) bool {
	if stamp == (Stamp{}) {
		return true
	}
	i := slices.IndexFunc(s.last, func(one Stamp) bool { return one.Publisher == stamp.Publisher })
	twice := i >= 0 && stamp.Number <= s.last[i].Number || s.atHome(stamp)
	switch {
	case i < 0 && len(s.last) < publishersMax:
		s.last = append(s.last, stamp)
		i = len(s.last) - 1
	case i < 0:
		i = publishersMax - 1
		s.last[i] = stamp
	}
	stamp.Number = max(stamp.Number, s.last[i].Number)
	copy(s.last[1:i+1], s.last[:i])
	s.last[0] = stamp
	if stamp.Publisher == s.own { // what is below comes no more, but for the second time
		s.spans = slices.DeleteFunc(s.spans, func(one span) bool { return one.to <= stamp.Number })
	}
	return !twice
}

// takeHome reports whether a body comes for the first time, now at home. All bodies of
// its publisher in the partition from number from on have come here before it.
func (s *seen) takeHome(from uint64, stamp Stamp) bool {
	if s.own != stamp.Publisher {
		s.own, s.spans = stamp.Publisher, nil
	}
	if s.has(stamp) {
		return false
	}
	if n := len(s.spans); n > 0 && s.spans[n-1].to >= from {
		s.spans[n-1].to = stamp.Number
		return true
	}
	if len(s.spans) == spansMax {
		s.spans = slices.Delete(s.spans, 0, 1)
	}
	s.spans = append(s.spans, span{from, stamp.Number})
	return true
}

// has reports whether a body has come, here or there.
func (s *seen) has(stamp Stamp) bool {
	return s.atHome(stamp) || slices.ContainsFunc(s.last, func(one Stamp) bool {
		return one.Publisher == stamp.Publisher && stamp.Number <= one.Number
	})
}

func (s *seen) atHome(stamp Stamp) bool {
	return stamp.Publisher == s.own && slices.ContainsFunc(s.spans, func(one span) bool {
		return one.from <= stamp.Number && stamp.Number <= one.to
	})
}
