package presence

import (
	"slices"
	"time"
)

const sweepEvery = time.Second

// sweep forgets what has not been told again in time.
func (b *Board) sweep(now time.Duration) {
	for i := range b.mu.partitions {
		for _, name := range b.sweepPartition(i, now) {
			b.own.OthersChanged(name)
		}
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	for id, e := range b.mu.edges {
		if e.entries == 0 && now-e.heard >= Expiry {
			delete(b.mu.edges, id)
		}
	}
}

// sweepPartition returns the rooms of which Others has something new to say.
func (b *Board) sweepPartition(i int, now time.Duration) (changed []string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	p := &b.mu.partitions[i]
	for _, r := range p.rooms {
		n, version := len(r.entries), r.version
		r.entries = slices.DeleteFunc(r.entries, func(e entry) bool {
			if p.echo.holds(e.heard, now) {
				return false
			}
			b.forget(r, &e)
			return true
		})
		if len(r.entries) == n {
			continue
		}
		if r.version != version {
			changed = append(changed, r.name)
		}
		b.dropIfEmpty(p, r)
	}
	return changed
}

// forget takes an entry out of all sums.
func (b *Board) forget(r *room, e *entry) {
	b.count(r, e, -1)
	b.mu.entries--
	b.mu.edges[e.edge].entries--
	if e.names != "" || e.hidden() || e.flags&flagHost != 0 {
		b.mu.version++
		r.version = b.mu.version
	}
}

// forgive gives everybody another Expiry: this process itself has stood still.
func (b *Board) forgive(now time.Duration) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for i := range b.mu.partitions {
		b.mu.partitions[i].echo.floor = now
	}
}
