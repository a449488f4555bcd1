package link

import (
	"slices"
	"sync"
	"sync/atomic"

	"uproar/core/exchange"
	"uproar/edge/engine"
)

// interest is which loops have children for which partition, and so what the relay wants of the Feed.
//
// It is written under a lock and read without: whoever feeds a relay may hold locks of its own when it calls the
// relay, and takes them in Want.
//
// Lock order: interest.mu -> those of the Feed's Want.
type interest struct {
	mu         sync.Mutex
	feed       exchange.Feed
	partitions []partition
	kept       []bool // by partition: wanted of the Feed though no loop is in; while cutOff
	cutOff     bool
}

// partition is what all loops know of one.
type partition struct {
	loops atomic.Pointer[[]*engine.Loop] // replaced, never modified; nil for none
	live  atomic.Bool                    // Subscribed has come since it was wanted
}

func (x *interest) init(feed exchange.Feed, partitions int) {
	x.feed, x.partitions, x.kept = feed, make([]partition, partitions), make([]bool, partitions)
}

// loopsOf are the loops with children for a partition. Any goroutine may call it; the slice must not be modified.
func (x *interest) loopsOf(p int) []*engine.Loop {
	if loops := x.partitions[p].loops.Load(); loops != nil {
		return *loops
	}
	return nil
}

// subscribed notes that payloads of a partition come. It is called before loopsOf, as join writes the loops before
// it reads live: so either the one sees the loop, or the other that it is live.
func (x *interest) subscribed(p int) { x.partitions[p].live.Store(true) }

// join adds a loop, which must not be in, and reports whether payloads of the partition come already. If not,
// Subscribed will be called.
func (x *interest) join(p int, l *engine.Loop) (live bool) {
	x.mu.Lock()
	defer x.mu.Unlock()
	part, loops := &x.partitions[p], x.loopsOf(p)
	if len(loops) == 0 {
		part.live.Store(false)
	}
	more := append(slices.Clone(loops), l)
	part.loops.Store(&more)
	if len(loops) == 0 {
		if x.kept[p] {
			x.kept[p] = false
			x.feed.Want(p, false)
		}
		x.feed.Want(p, true)
	}
	return part.live.Load()
}

// live reports whether payloads of a partition come.
func (x *interest) live(p int) bool { return x.partitions[p].live.Load() }

// leave takes a loop out.
func (x *interest) leave(p int, l *engine.Loop) {
	x.mu.Lock()
	defer x.mu.Unlock()
	rest := slices.DeleteFunc(slices.Clone(x.loopsOf(p)), func(o *engine.Loop) bool { return o == l })
	x.partitions[p].loops.Store(&rest)
	switch {
	case len(rest) > 0:
	case x.cutOff:
		x.kept[p] = true
	default:
		x.feed.Want(p, false)
	}
}

// keep says whether what is wanted goes on being wanted when the last loop leaves, so that the Feed finds out when it
// can have it again.
func (x *interest) keep(cutOff bool) {
	x.mu.Lock()
	defer x.mu.Unlock()
	x.cutOff = cutOff
	if cutOff {
		return
	}
	for p := range x.kept {
		if x.kept[p] {
			x.kept[p] = false
			x.feed.Want(p, false)
		}
	}
}
