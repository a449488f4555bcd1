package load

import (
	"bytes"
	"fmt"
	"hash/fnv"
	"sort"
)

// transcript is what a room said, as the members of one swarm saw it: the bytes of each
// line, once, in the order in which it first came. A member is a place in it, so that a
// read whose bytes stand there is checked by one comparison, however many lines it holds;
// what does not stand there is taken apart line by line. It costs nothing per member and
// publisher.
//
// A line of the transcript is in disorder when its publisher had been heard with a later
// one; a member that gets lines in another order than the first one is found by book.
type transcript struct {
	name  string // of the room
	sent  int64  // lines, when somebody has asked what is lost
	bytes []byte // from place base on
	base  int64
	lines []entry
	index map[delivery]int32 // where in lines
	last  []uint32           // by publisher: the highest number so far
	holes map[int]*hole      // by member, of those that miss something
	spans int                // in all holes

	memo [2]memo // the last answers of count, the latest first
}

// memo is an answer of count: lines end at or before place at.
type memo struct {
	at    int64
	lines int
}

// entry is one line.
type entry struct {
	end int64 // the place behind it
	due int64
	delivery
	disorder uint32 // how many lines up to this one are in disorder
	burst    bool
}

// delivery names a line. Publishers number theirs 1, 2, 3...
type delivery struct {
	publisher int32
	seq       uint32
}

// hole is what a member misses before its place.
type hole struct {
	lines int64
	spans []span // ascending
}

// span is lines from up to before to, by their number in the transcript.
type span struct{ from, to int32 }

// verdict is what one delivery was.
type verdict uint8

const (
	inOrder verdict = iota
	ahead           // some lines before it have not come
	late            // it was missing, and came after its successors
	again           // it had come before
)

const (
	// spansMax bounds the spans that are remembered. Beyond it a line that comes late
	// counts as duplicated instead of reordered.
	spansMax = 1 << 20
	// transcriptBytesMax bounds the bytes that are kept. Members that are farther behind
	// are checked line by line.
	transcriptBytesMax = 64 << 20
)

func newTranscript(name string, publishers int) *transcript {
	return &transcript{name: name, index: map[delivery]int32{}, last: make([]uint32, publishers), holes: map[int]*hole{}}
}

// end is the place behind the last line.
func (t *transcript) end() int64 { return t.base + int64(len(t.bytes)) }

// stands reports whether b stands at place at.
func (t *transcript) stands(at int64, b []byte) bool {
	return at >= t.base && at+int64(len(b)) <= t.end() && bytes.Equal(t.bytes[at-t.base:][:len(b)], b)
}

// common returns how many of the leading bytes of b can be compared at place at: those
// for which the transcript has any.
func (t *transcript) common(at int64, b []byte) []byte {
	return b[:max(0, min(int64(len(b)), t.end()-at))]
}

// count returns how many lines end at or before place at.
func (t *transcript) count(at int64) int {
	for _, m := range t.memo {
		if m.at == at {
			return m.lines
		}
	}
	n := len(t.lines)
	if n > 0 && at < t.lines[n-1].end {
		n = sort.Search(n, func(i int) bool { return t.lines[i].end > at })
	}
	t.memo[0], t.memo[1] = memo{at, n}, t.memo[0]
	return n
}

// begin is the place of line n.
func (t *transcript) begin(n int) int64 {
	if n == 0 {
		return 0
	}
	return t.lines[n-1].end
}

// disorder returns how many of the lines from up to before to are in disorder.
func (t *transcript) disorder(from, to int) int64 {
	n := t.lines[to-1].disorder
	if from > 0 {
		n -= t.lines[from-1].disorder
	}
	return int64(n)
}

// enter appends a line of which raw, with CR LF, are the bytes.
func (t *transcript) enter(d delivery, due int64, burst bool, raw []byte) {
	e := entry{end: t.end() + int64(len(raw)), due: due, delivery: d, burst: burst}
	if n := len(t.lines); n > 0 {
		e.disorder = t.lines[n-1].disorder
	}
	if d.seq < t.last[d.publisher] {
		e.disorder++
	}
	t.last[d.publisher] = max(t.last[d.publisher], d.seq)
	t.index[d] = int32(len(t.lines))
	t.lines = append(t.lines, e)
	t.bytes = append(t.bytes, raw...)
	t.memo = [2]memo{{at: -1}, {at: -1}}
}

// trim forgets the older half of the bytes.
func (t *transcript) trim() {
	half := len(t.bytes) / 2
	t.base += int64(half)
	t.bytes = append([]byte(nil), t.bytes[half:]...)
}

// book enters that member, whose place is at, got line d, which is in the transcript. It
// returns the line's number there and the member's new place.
func (t *transcript) book(member int, at int64, d delivery) (v verdict, line int, place int64) {
	line = int(t.index[d])
	next := t.count(at)
	switch {
	case line == next:
		return inOrder, line, t.lines[line].end
	case line > next:
		t.miss(member, next, line)
		return ahead, line, t.lines[line].end
	case t.fill(member, int32(line)):
		return late, line, at
	}
	return again, line, at
}

// order is a hash of which lines came, one after the other.
func (t *transcript) order() string {
	sum := fnv.New64a()
	for i := range t.lines {
		e := &t.lines[i]
		fmt.Fprintln(sum, e.publisher, e.seq)
	}
	return fmt.Sprintf("%d lines, %x", len(t.lines), sum.Sum64())
}

// miss enters that member has not got the lines from up to before to.
func (t *transcript) miss(member, from, to int) {
	h := t.holes[member]
	if h == nil {
		h = &hole{}
		t.holes[member] = h
	}
	h.lines += int64(to - from)
	if t.spans < spansMax {
		h.spans = append(h.spans, span{int32(from), int32(to)})
		t.spans++
	}
}

// fill enters that member has got a line after all, if it missed it.
func (t *transcript) fill(member int, line int32) bool {
	h := t.holes[member]
	if h == nil {
		return false
	}
	i := sort.Search(len(h.spans), func(i int) bool { return h.spans[i].to > line })
	if i == len(h.spans) || line < h.spans[i].from {
		return false
	}
	s := h.spans[i]
	h.lines--
	switch {
	case s.to-s.from == 1:
		h.spans = append(h.spans[:i], h.spans[i+1:]...)
		t.spans--
	case line == s.from:
		h.spans[i].from++
	case line == s.to-1:
		h.spans[i].to--
	default:
		h.spans = append(h.spans[:i+1], h.spans[i:]...)
		h.spans[i].to, h.spans[i+1].from = line, line+1
		t.spans++
	}
	return true
}

// lost returns how many of sent lines in all a member, whose place is at, has not seen.
func (t *transcript) lost(member int, at, sent int64) int64 {
	n := sent - int64(t.count(at))
	if h := t.holes[member]; h != nil {
		n += h.lines
	}
	return n
}
