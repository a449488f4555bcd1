// Package recall holds a table that remembers values for a while, in bounded memory
// and without a sweep.
package recall

// Table is two generations of a map. Everything is written to the young one; when that
// is as old as the lifetime, or full, it becomes the old one, and the old one is
// emptied.
//
// An entry therefore lives for at least one lifetime after it was last put, unless
// more than half of the bound was put meanwhile: then those silent longest go first.
// Values carry their own time when more precision is needed. Keys are hashes with a
// secret seed: no client can aim two keys at one entry, and the garbage collector
// has no pointers to follow.
//
// A Table is not safe for concurrent use.
type Table[V any] struct {
	young, old map[uint64]V
	max        int   // entries of one generation
	life       int64 // nanoseconds
	turnAt     int64 // tick at which the young generation grows old
}

// New bounds the entries of both generations together. life is in nanoseconds, as are
// the ticks that Put is told.
func New[V any](entriesMax int, life int64) *Table[V] {
	return &Table[V]{
		young: make(map[uint64]V),
		old:   make(map[uint64]V),
		max:   max(1, entriesMax/2),
		life:  life,
	}
}

// Get returns the value that was last put for key.
func (t *Table[V]) Get(key uint64) (V, bool) {
	if v, ok := t.young[key]; ok {
		return v, true
	}
	v, ok := t.old[key]
	return v, ok
}

// Put stores v and returns how many entries were forgotten before their time.
func (t *Table[V]) Put(key uint64, v V, now int64) (forgotten int) {
	if now >= t.turnAt {
		t.turn(now)
	}
	if _, known := t.young[key]; !known && len(t.young) >= t.max {
		forgotten = len(t.old)
		t.turn(now)
	}
	t.young[key] = v
	return forgotten
}

// Keep makes what is put from now on live for at least life nanoseconds.
func (t *Table[V]) Keep(life int64) { t.life = max(t.life, life) }

// Drop forgets key.
func (t *Table[V]) Drop(key uint64) {
	delete(t.young, key)
	delete(t.old, key)
}

// Len is the number of entries; one that lies in both generations counts twice.
func (t *Table[V]) Len() int { return len(t.young) + len(t.old) }

func (t *Table[V]) turn(now int64) {
	clear(t.old)
	t.young, t.old = t.old, t.young
	t.turnAt = now + t.life
}
