package load

// missingMax bounds how many single lost lines the ledger remembers. Beyond it a
// line that comes late counts as duplicated instead of reordered.
const missingMax = 1 << 20

// ledger holds, for every member, the number that is expected next from every
// publisher: four bytes each. Publishers number their lines 1, 2, 3...
type ledger struct {
	publishers int
	next       []uint32 // [member*publishers+publisher]

	missing map[delivery]struct{} // skipped and not seen since
	gaps    map[int]int64         // by member: how many are missing; absent means none
}

type delivery struct {
	member, publisher int32
	seq               uint32
}

// verdict is what one delivery was.
type verdict uint8

const (
	inOrder verdict = iota
	ahead           // some lines before it have not come
	late            // it was missing, and came after its successors
	again           // it had come before
)

func newLedger(publishers int) *ledger {
	return &ledger{publishers: publishers, missing: map[delivery]struct{}{}, gaps: map[int]int64{}}
}

// add makes room for one more member; its number is the count of those before it.
func (l *ledger) add() {
	for range l.publishers {
		l.next = append(l.next, 1)
	}
}

// book enters one delivery.
func (l *ledger) book(member, publisher int, seq uint32) verdict {
	next := &l.next[member*l.publishers+publisher]
	if seq == *next { // Fast path
		*next++
		return inOrder
	}
	d := delivery{int32(member), int32(publisher), seq}
	if seq < *next {
		if _, ok := l.missing[d]; !ok {
			return again
		}
		delete(l.missing, d)
		l.gaps[member]--
		return late
	}
	l.gaps[member] += int64(seq - *next)
	for s := *next; s < seq && len(l.missing) < missingMax; s++ {
		d.seq = s
		l.missing[d] = struct{}{}
	}
	*next = seq + 1
	return ahead
}

// lost returns how many of the lines that the publishers sent (sent[p] each) the
// member has not seen.
func (l *ledger) lost(member int, sent []uint32) int64 {
	n := l.gaps[member]
	for p, s := range sent {
		n += int64(s) - int64(l.next[member*l.publishers+p]-1)
	}
	return n
}
