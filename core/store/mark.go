package store

import (
	"math"
	"time"
)

// MarkEvery is how old Member.Last gets before another line need be marked: what is told
// by it are days. MarkFor is for how long after the last marked line a store knows that
// a member has spoken, at least, unless it is full.
const (
	MarkEvery = time.Hour
	MarkFor   = 90 * 24 * time.Hour
)

// LongAgo is First and Last of a member of whom an older version of this program has
// kept that it has spoken, and not when.
var LongAgo = time.Unix(1, 0).UTC()

// mark is First and Last of a member, in Unix seconds from 1. Zero: it never spoke.
type mark struct{ first, last uint32 }

func markSecond(t time.Time) uint32 {
	if t.IsZero() {
		return 0
	}
	return uint32(min(max(t.Unix(), 1), math.MaxUint32))
}

func (m *Member) mark() mark { return mark{markSecond(m.First), markSecond(m.Last)} }

// with is m with First and Last as k has them.
func (k mark) with(m Member) Member {
	m.First, m.Last = time.Time{}, time.Time{}
	if k != (mark{}) {
		m.First, m.Last = time.Unix(int64(k.first), 0).UTC(), time.Unix(int64(k.last), 0).UTC()
	}
	return m
}

// Marked is m after a line at a time, which need not be its latest. First and Last are to
// the second.
func (m Member) Marked(at time.Time) Member {
	k, second := m.mark(), markSecond(at)
	if k.first == 0 || second < k.first {
		k.first = second
	}
	k.last = max(k.last, second)
	return k.with(m)
}

// onlySpoke reports whether nothing else is known of m.
func (m *Member) onlySpoke() bool {
	return !m.First.IsZero() && *m == Member{First: m.First, Last: m.Last}
}
