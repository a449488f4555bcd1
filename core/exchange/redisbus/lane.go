package redisbus

import (
	"context"
	"sync"
	"unsafe"

	"uproar/core/exchange"
)

// itemBytes is what an item takes besides its payload, about.
const itemBytes = 64

// lane holds what came for some partitions until the sink has taken it. Whoever reads a
// connection never waits for it.
//
// A partition may fill as much as is still free, so that a busy one alone gets half. What
// is beyond is dropped, and from then on everything of that partition until the sink has
// been told so.
type lane struct {
	max  int // bytes
	wake chan struct{}
	mu   struct {
		sync.Mutex
		items []item
		bytes int
		of    map[int]int  // bytes, by partition
		lost  map[int]bool // partitions of which something was dropped
	}
}

// item is a payload, or that the partition is subscribed to.
type item struct {
	partition  int
	payload    string
	subscribed bool
}

func newLane(bytesMax int) *lane {
	l := &lane{max: bytesMax, wake: make(chan struct{}, 1)}
	l.mu.of, l.mu.lost = map[int]int{}, map[int]bool{}
	return l
}

// put takes a payload, and returns whether there was room for it. It never waits.
func (l *lane) put(partition int, payload string) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.mu.lost[partition] {
		return false
	}
	size := len(payload) + itemBytes
	if l.mu.of[partition]+size > l.max-l.mu.bytes {
		l.mu.lost[partition] = true
		l.add(item{partition: partition, subscribed: true}, itemBytes)
		return false
	}
	l.add(item{partition: partition, payload: payload}, size)
	return true
}

// mark takes that a partition is subscribed to. Where something is dropped already, that
// will be said anyway.
func (l *lane) mark(partition int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.mu.lost[partition] {
		return
	}
	if l.mu.bytes+itemBytes > l.max { // at most one of each partition beyond the bound
		l.mu.lost[partition] = true
	}
	l.add(item{partition: partition, subscribed: true}, itemBytes)
}

// add wants the lock.
func (l *lane) add(i item, size int) {
	l.mu.items = append(l.mu.items, i)
	l.mu.bytes += size
	l.mu.of[i.partition] += size
	select {
	case l.wake <- struct{}{}:
	default:
	}
}

// take takes everything. Nothing is dropped between then and what comes next.
func (l *lane) take(into []item) []item {
	l.mu.Lock()
	defer l.mu.Unlock()
	all := l.mu.items
	l.mu.items, l.mu.bytes = into[:0], 0
	clear(l.mu.of)
	clear(l.mu.lost)
	return all
}

// run hands everything to the sink until ctx ends.
func (l *lane) run(ctx context.Context, sink exchange.Sink) {
	var all []item
	for {
		select {
		case <-l.wake:
		case <-ctx.Done():
			return
		}
		clear(all)
		all = l.take(all)
		for _, i := range all {
			if i.subscribed {
				sink.Subscribed(i.partition)
			} else {
				sink.Payload(i.partition, unsafe.Slice(unsafe.StringData(i.payload), len(i.payload)))
			}
		}
	}
}
