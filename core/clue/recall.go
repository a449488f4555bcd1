package clue

// recall remembers values for a while, in bounded memory and without a sweep: two
// generations of a map. Everything is written to the young one; when that is as old
// as the lifetime, or full, it becomes the old one, and the old one is emptied.
//
// An entry therefore lives for at least one lifetime after it was last put, unless
// more than half of the bound was put meanwhile: then those silent longest go first.
// Values carry their own time when more precision is needed. Keys are hashes with a
// secret seed: no client can aim two keys at one entry, and the garbage collector
// has no pointers to follow.
//
// recall is not safe for concurrent use.
type recall[V any] struct {
	young, old map[uint64]V
	max        int   // entries of one generation
	life       int64 // nanoseconds
	turnAt     int64 // tick at which the young generation grows old
}

// newRecall bounds the entries of both generations together.
func newRecall[V any](entriesMax int, life int64) *recall[V] {
	return &recall[V]{
		young: make(map[uint64]V),
		old:   make(map[uint64]V),
		max:   max(1, entriesMax/2),
		life:  life,
	}
}

// get returns the value that was last put for key.
func (r *recall[V]) get(key uint64) (V, bool) {
	if v, ok := r.young[key]; ok {
		return v, true
	}
	v, ok := r.old[key]
	return v, ok
}

// put stores v and returns how many entries were forgotten before their time.
func (r *recall[V]) put(key uint64, v V, now int64) (forgotten int) {
	if now >= r.turnAt {
		r.turn(now)
	}
	if _, known := r.young[key]; !known && len(r.young) >= r.max {
		forgotten = len(r.old)
		r.turn(now)
	}
	r.young[key] = v
	return forgotten
}

// drop forgets key.
func (r *recall[V]) drop(key uint64) {
	delete(r.young, key)
	delete(r.old, key)
}

func (r *recall[V]) turn(now int64) {
	clear(r.old)
	r.young, r.old = r.old, r.young
	r.turnAt = now + r.life
}

func (r *recall[V]) len() int { return len(r.young) + len(r.old) }
