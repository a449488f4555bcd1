package link

import (
	"iter"
	"math/bits"
)

// Set is a set of partitions, 512 bytes. The zero value is empty. Two are equal if == says so.
type Set struct{ words [PartitionsMax / 64]uint64 }

// Add puts a partition in, and reports whether it was not there. Partitions are from 0 to PartitionsMax-1.
func (s *Set) Add(partition int) bool {
	was := s.Has(partition)
	s.words[partition/64] |= 1 << (partition % 64)
	return !was
}

// Remove takes a partition out.
func (s *Set) Remove(partition int) { s.words[partition/64] &^= 1 << (partition % 64) }

// Has reports whether a partition is in.
func (s *Set) Has(partition int) bool { return s.words[partition/64]>>(partition%64)&1 != 0 }

// Without are the partitions of s that are not in t.
func (s Set) Without(t *Set) Set {
	for i := range s.words {
		s.words[i] &^= t.words[i]
	}
	return s
}

// All yields the partitions in rising order.
func (s *Set) All() iter.Seq[int] {
	return func(yield func(int) bool) {
		for i, word := range s.words {
			for ; word != 0; word &= word - 1 {
				if !yield(64*i + bits.TrailingZeros64(word)) {
					return
				}
			}
		}
	}
}

// AppendWant appends a want frame: all partitions whose payloads are to come from now on, and no other. Each that was not
// in the one before is answered with subscribed, so whoever wants a partition again sends one frame without it first.
func AppendWant(dst []byte, s *Set) []byte { return appendSet(dst, KindWant, s) }

// AppendSubscribed appends a subscribed frame: of these partitions payloads come from now on; what was published before
// may have been missed.
func AppendSubscribed(dst []byte, s *Set) []byte { return appendSet(dst, KindSubscribed, s) }

// appendSet writes a bitmap, partition 0 in the lowest bit of the first byte, up to its last byte that is not 0.
func appendSet(dst []byte, k Kind, s *Set) []byte {
	from := len(dst)
	dst = begin(dst, k)
	used := len(dst)
	for i, word := range s.words {
		for b := range 8 {
			dst = append(dst, byte(word>>(8*b)))
		}
		if word != 0 {
			used = len(dst) - bits.LeadingZeros64(s.words[i])/8
		}
	}
	return end(dst[:used], from)
}

// ParseSet reads the body of a want or subscribed frame into s. Partitions from limit on, the number of the
// fleet's, are an error.
func ParseSet(f Frame, s *Set, limit int) error {
	*s = Set{}
	for i, b := range f.Body {
		if 8*i+bits.Len8(b) > limit {
			return &FrameError{f.Kind, "partition out of range"}
		}
		s.words[i/8] |= uint64(b) << (8 * (i % 8))
	}
	if n := len(f.Body); n > 0 && f.Body[n-1] == 0 {
		return &FrameError{f.Kind, "zero at the end of a set"}
	}
	return nil
}
