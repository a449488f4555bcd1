package exchange

import (
	"cmp"
	"slices"
	"sync/atomic"
	"time"

	"uproar/core/chat"
)

// Bounds of what is held of events that came before their predecessors.
const (
	aheadBatchesMax = 1024     // of one room
	aheadBytesMax   = 1 << 20  // of one room
	heldBytesMax    = 64 << 20 // of all rooms of an Inbox
	eventBytes      = 512      // about what an event takes beside its texts
)

// pastMax is how many epochs of a room are remembered, so that what comes late of one is
// not taken for the next.
const pastMax = 4

// idleMax is how long the counter of a room is kept after its last event: when nothing
// was heard for longer, a new epoch is no loss.
const idleMax = 24 * time.Hour

// batch is some events of one room as they came.
type batch struct {
	first    Position
	stamp    Stamp
	events   []chat.Event
	bytes    int
	round    uint32 // of the track, when it came
	repaired bool   // it was asked for
	answered bool   // it came by itself, and was in an answer too
}

func (b *batch) last() uint64 { return b.first.Seq + uint64(len(b.events)) - 1 }

// track is how far a room has come, and what is held because something before it is
// missing. It knows no lock: an Inbox guards it. Its methods neither wait nor call.
type track struct {
	known bool      // last means something
	fresh bool      // nothing has been delivered since it does
	last  Position  // of what members were sent; the zero Position if nothing was ever said
	heard time.Time // when something was last delivered or asked
	past  []uint64  // the last epochs before this one, at most pastMax
	seen  seen

	ahead []batch   // ordered by epoch and seq
	since time.Time // when the first of these came
	bytes int       // of these
	round uint32    // how often the stream was asked
	held  *atomic.Int64
}

// sent reports whether members were sent all of these.
func (t *track) sent(first Position, last uint64) bool {
	return t.known && first.Epoch == t.last.Epoch && last <= t.last.Seq
}

// covers reports whether these would come twice. What comes first after a room was
// joined is taken even if it was published before the stream was asked.
func (t *track) covers(first Position, last uint64) bool {
	return !t.fresh && t.sent(first, last)
}

// put takes b until its turn comes. It returns how many events are dropped: those of b
// that are there already, or, with shed, everything held that was in no answer of the
// stream, because it is too much. What is missing of an answer would count as lost.
func (t *track) put(b batch, now time.Time) (dropped int, shed bool) {
	if slices.Contains(t.past, b.first.Epoch) || t.covers(b.first, b.last()) || b.repaired && t.sent(b.first, b.last()) {
		return len(b.events), false
	}
	if t.fresh && !b.repaired && b.first.Epoch == t.last.Epoch {
		t.last.Seq = min(t.last.Seq, b.first.Seq-1)
	}
	at, found := slices.BinarySearchFunc(t.ahead, b.first, func(a batch, p Position) int {
		return cmp.Or(cmp.Compare(a.first.Epoch, p.Epoch), cmp.Compare(a.first.Seq, p.Seq))
	})
	if found && t.ahead[at].last() >= b.last() {
		t.ahead[at].answered = t.ahead[at].answered || b.repaired
		return len(b.events), false
	}
	b.round = t.round
	if len(t.ahead) == 0 {
		t.since = now
	}
	t.ahead = slices.Insert(t.ahead, at, b)
	t.grow(b.bytes)
	if b.repaired || len(t.ahead) <= aheadBatchesMax && t.bytes <= aheadBytesMax && t.held.Load() <= heldBytesMax {
		return 0, false
	}
	return t.drop(func(b *batch) bool { return !b.repaired && !b.answered }), true
}

// step is what is to be done for a room's members: deliver events, or tell of a gap.
type step struct {
	events   []chat.Event
	twice    bool // these are not to be delivered: they have been, under another position
	repaired bool
	gap      bool
	missed   uint64 // events; 0: nobody knows
}

// next takes the next step: events that are next in order, or else a gap if what comes
// next is missing and at most final, a number up to which the stream has been asked. It
// reports whether there was one.
func (t *track) next(final uint64, now time.Time) (step, bool) {
	if !t.known {
		return step{}, false
	}
	if t.last.Epoch == 0 && len(t.ahead) > 0 { // the first words ever
		t.last.Epoch = t.newest().first.Epoch
	}
	t.drop(func(b *batch) bool { return t.sent(b.first, b.last()) })
	t.fresh = t.fresh && len(t.ahead) == 0
	at := slices.IndexFunc(t.ahead, func(b batch) bool { return b.first.Epoch == t.last.Epoch })
	if at >= 0 && t.ahead[at].first.Seq <= t.last.Seq+1 {
		b := t.ahead[at]
		t.ahead = slices.Delete(t.ahead, at, at+1)
		t.grow(-b.bytes)
		s := step{events: b.events[t.last.Seq+1-b.first.Seq:], repaired: b.repaired, twice: !t.seen.take(b.stamp)}
		t.last.Seq, t.heard = b.last(), now
		return s, true
	}
	upTo := final
	if at >= 0 {
		upTo = min(final, t.ahead[at].first.Seq-1)
	}
	if upTo <= t.last.Seq {
		return step{}, false
	}
	s := step{gap: true, missed: upTo - t.last.Seq}
	t.last.Seq = upTo
	return s, true
}

// settle takes note of the head of the stream, which was asked in this round. It reports
// whether members are to be told that events are missing which nobody can count: the
// room's counter was lost.
func (t *track) settle(head Position, now time.Time) (gap bool) {
	silent, before := now.Sub(t.heard), t.last
	t.heard = now
	behind := head.Epoch == t.last.Epoch && head.Seq < t.last.Seq
	switch {
	case !t.known:
		t.known, t.fresh, t.last = true, true, head
		for i := range t.ahead { // they came since the room was joined, so they count
			if b := &t.ahead[i]; b.first.Epoch == head.Epoch && b.first.Seq <= head.Seq {
				t.last.Seq = b.first.Seq - 1
				break
			}
		}
	case behind:
		t.drop(func(b *batch) bool { return b.first.Epoch == head.Epoch && b.round < t.round && !b.repaired })
		t.last, gap = head, silent < idleMax
	case head.Epoch != t.last.Epoch:
		gap = t.last.Epoch != 0 && silent < idleMax
		t.begin(Position{Epoch: head.Epoch})
	}
	// What came before the question and is of another epoch than the answer is older.
	dropped := t.drop(func(b *batch) bool { return b.first.Epoch != head.Epoch && b.round < t.round })
	return gap || dropped > 0 && before.Epoch == 0
}

// giveUp goes on without what is missing. It returns the final number for next, and
// whether members are to be told of a gap that nobody can count.
func (t *track) giveUp(now time.Time) (final uint64, gap bool) {
	if len(t.ahead) == 0 {
		return 0, false
	}
	epoch := t.newest().first.Epoch
	t.drop(func(b *batch) bool { return b.first.Epoch != epoch })
	if !t.known || epoch != t.last.Epoch {
		gap = t.known && t.last.Epoch != 0 && now.Sub(t.heard) < idleMax
		t.known = true
		t.begin(Position{epoch, t.ahead[0].first.Seq - 1})
	}
	return t.ahead[len(t.ahead)-1].first.Seq, gap
}

// begin goes on in another epoch.
func (t *track) begin(at Position) {
	if t.last.Epoch != 0 {
		t.past = append(t.past[max(0, len(t.past)+1-pastMax):], t.last.Epoch)
	}
	t.past = slices.DeleteFunc(t.past, func(epoch uint64) bool { return epoch == at.Epoch })
	t.last = at
}

// newest is what came last, as far as rounds tell.
func (t *track) newest() *batch {
	newest := &t.ahead[0]
	for i := range t.ahead {
		if t.ahead[i].round >= newest.round {
			newest = &t.ahead[i]
		}
	}
	return newest
}

// reset forgets everything.
func (t *track) reset() {
	t.drop(func(*batch) bool { return true })
	t.known, t.fresh, t.last, t.past, t.seen = false, false, Position{}, nil, seen{}
}

// drop forgets those held batches that match, and returns how many events they had.
func (t *track) drop(match func(*batch) bool) (events int) {
	kept := t.ahead[:0]
	for i := range t.ahead {
		b := &t.ahead[i]
		if match(b) {
			events += len(b.events)
			t.grow(-b.bytes)
		} else {
			kept = append(kept, *b)
		}
	}
	clear(t.ahead[len(kept):])
	t.ahead = kept
	if len(t.ahead) == 0 && cap(t.ahead) > 16 {
		t.ahead = nil
	}
	return events
}

func (t *track) grow(bytes int) {
	t.bytes += bytes
	t.held.Add(int64(bytes))
}
