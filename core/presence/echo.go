package presence

import "time"

// blindAfter is how long a report of this edge may take to come back.
const blindAfter = 2 * time.Second

// echo tells whether this edge hears itself in a partition: if not, that it hears nothing
// of others says nothing about them.
type echo struct {
	awaits bool          // something was told, and has not come back,
	since  time.Duration // from then on
	floor  time.Duration // everybody counts as heard then
}

// heardSelf notes that a report of this edge has come back.
func (b *Board) heardSelf(partition int, now time.Duration) {
	b.mu.Lock()
	defer b.mu.Unlock()
	e := &b.mu.partitions[partition].echo
	if e.blind(now) {
		e.floor = now
	}
	e.awaits = false
}

// awaitSelf notes that this edge tells what is to come back: it has members there.
func (b *Board) awaitSelf(partition int) {
	now := b.now()
	b.mu.Lock()
	defer b.mu.Unlock()
	if e := &b.mu.partitions[partition].echo; !e.awaits {
		e.awaits, e.since = true, now
	}
}

// awaitNothing notes that this edge has no members there: then nothing comes.
func (b *Board) awaitNothing(partition int) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.mu.partitions[partition].echo.awaits = false
}

func (e *echo) blind(now time.Duration) bool { return e.awaits && now-e.since > blindAfter }

// holds reports whether what was heard at a time is still true.
func (e *echo) holds(heard, now time.Duration) bool {
	return now-max(heard, e.floor) < Expiry || e.blind(now) && now-e.since < BlindMax
}
