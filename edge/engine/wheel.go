package engine

import "math/bits"

// Timer is one deadline in a loop's wheel, embedded in what it belongs to. The
// zero Timer with an Owner is ready; it belongs to one loop.
type Timer struct {
	Owner Expirer

	next, prev *Timer
	when       int64 // ms of the loop's clock; 0 when not set
}

// Expirer is told, on the loop, that its timer is due. It may set it again.
type Expirer interface{ Expire(l *Loop) }

// IsSet reports whether t is waiting.
func (t *Timer) IsSet() bool { return t.when != 0 }

const (
	wheelBits   = 6
	wheelSlots  = 1 << wheelBits
	wheelLevels = 5

	// wheelMax is how far ahead a deadline may be, in ms (12 days; later ones are
	// cut): a full turn of the last level less one slot, so that a slot never holds
	// both the present and the next turn.
	wheelMax = (wheelSlots - 1) << (wheelBits * (wheelLevels - 1))
)

// wheel is a hierarchical timing wheel of 1 ms: set and stop are O(1), and moving
// on costs nothing for time in which nothing is due. A timer at level k shares all
// digits (base 64) above k with the present, so every timer of a lower level is
// due before any of a higher one.
type wheel struct {
	now   int64  // ms; every timer with when <= now has fired
	due   *Timer // taken out of its slot by the turnTo that is under way
	used  [wheelLevels]uint64
	slots [wheelLevels][wheelSlots]*Timer
}

// set moves t to fire at when, at the earliest in the next millisecond.
func (w *wheel) set(t *Timer, when int64) {
	if t.when != 0 {
		w.stop(t)
	}
	t.when = min(max(when, w.now+1), w.now+wheelMax)
	level, slot := w.place(t.when)
	t.prev, t.next = nil, w.slots[level][slot]
	if t.next != nil {
		t.next.prev = t
	}
	w.slots[level][slot] = t
	w.used[level] |= 1 << slot
}

// place finds where a deadline later than now belongs.
func (w *wheel) place(when int64) (level, slot int) {
	differ := uint64(when^w.now) | (wheelSlots - 1)
	level = min((63-bits.LeadingZeros64(differ))/wheelBits, wheelLevels-1)
	return level, int(when>>(wheelBits*level)) & (wheelSlots - 1)
}

// stop takes t out. A timer that is not set is left alone.
func (w *wheel) stop(t *Timer) {
	switch {
	case t.when == 0:
		return
	case t.prev != nil:
		t.prev.next = t.next
	case t == w.due:
		w.due = t.next
	default:
		level, slot := w.place(t.when)
		w.slots[level][slot] = t.next
		if t.next == nil {
			w.used[level] &^= 1 << slot
		}
	}
	if t.next != nil {
		t.next.prev = t.prev
	}
	t.next, t.prev, t.when = nil, nil, 0
}

// next is the time of the first slot that needs work, or 0 when the wheel is empty:
// the earliest deadline, or an earlier time at which a slot must be spread out.
func (w *wheel) next() int64 {
	for level := range w.used {
		if w.used[level] == 0 {
			continue
		}
		shift := wheelBits * level
		at := int(w.now>>shift) & (wheelSlots - 1)
		ahead := bits.TrailingZeros64(bits.RotateLeft64(w.used[level], -at))
		start := (w.now>>shift + int64(ahead)) << shift
		return max(start, w.now+1)
	}
	return 0
}

// advance moves the time to now and calls fire for each timer due, in order of
// their deadlines. fire may set and stop timers.
func (w *wheel) advance(now int64, fire func(*Timer)) {
	for {
		at := w.next()
		if at == 0 || at > now {
			break
		}
		w.turnTo(at, fire)
	}
	// Nothing is due in between, so every timer keeps its place.
	w.now = max(w.now, now)
}

// turnTo moves the time to at, where the first slot in use begins: its timers fire,
// or move to a lower level.
func (w *wheel) turnTo(at int64, fire func(*Timer)) {
	for level := range w.used {
		if w.used[level] != 0 {
			slot := int(at>>(wheelBits*level)) & (wheelSlots - 1)
			w.due = w.slots[level][slot]
			w.slots[level][slot] = nil
			w.used[level] &^= 1 << slot
			break
		}
	}
	w.now = at
	for w.due != nil {
		t, when := w.due, w.due.when
		w.stop(t)
		if when <= at {
			fire(t)
		} else {
			w.set(t, when)
		}
	}
}
