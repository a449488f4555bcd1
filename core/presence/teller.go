package presence

import (
	"context"
	"math/rand/v2"
	"sync"
	"time"

	"uproar/core/exchange"
)

const (
	// listedMax is how many names a room may have on all edges, those on two of them
	// counted twice, for any of them to be told: twice what is listed, so that a name may
	// be on two edges.
	listedMax = 2 * NamesMax

	tick      = 25 * time.Millisecond
	soonEvery = 200 * time.Millisecond

	// emptyTurns is how often it is told that a room is empty, besides at once.
	emptyTurns = 2
)

// teller knows the rooms of this edge.
type teller struct {
	mu struct {
		sync.Mutex
		rooms   []map[string]uint8  // by partition; how often told of as empty
		touched map[string]struct{} // to be told of soon
		count   int                 // rooms
	}

	// What follows is of Run's goroutine.
	number uint32
	turn   int           // partitions that have had their turn
	began  time.Duration // when turn was 0
	batch  []string
	names  []string
	aside  []byte
	spill  []byte // a room that did not fit
}

func (t *teller) init(partitions int) {
	t.mu.rooms = make([]map[string]uint8, partitions)
	for i := range t.mu.rooms {
		t.mu.rooms[i] = map[string]uint8{}
	}
	t.mu.touched = map[string]struct{}{}
	t.aside = make([]byte, 0, exchange.AsideBytesMax+roomBytesMax)
}

// Touch says that a room's first seat on this edge is taken, or its last was given up. It
// never blocks, and may be called under the lock that Here takes.
func (b *Board) Touch(name string) {
	t := &b.teller
	t.mu.Lock()
	defer t.mu.Unlock()
	rooms := t.mu.rooms[exchange.PartitionOf(name, len(t.mu.rooms))]
	if _, known := rooms[name]; !known {
		if t.mu.count >= b.bounds.ownRooms {
			b.meters.untold.Inc()
			return
		}
		t.mu.count++
	}
	rooms[name] = 0
	t.mu.touched[name] = struct{}{}
}

// Run tells the others, and forgets those that tell nothing, until ctx ends. Then it tells
// that nobody is here any more, and returns nil: Tell must still work.
func (b *Board) Run(ctx context.Context) error {
	ticker := time.NewTicker(tick)
	defer ticker.Stop()
	b.teller.start(b.now())
	soonAt, sweptAt := b.now(), b.now()
	for {
		select {
		case <-ticker.C:
		case <-ctx.Done():
			b.farewell()
			return nil
		}
		now := b.now()
		b.takeTurns(now)
		if now-soonAt >= soonEvery {
			soonAt = now
			b.tellTouched()
		}
		if late := now - sweptAt; late >= sweepEvery {
			if late > 2*sweepEvery {
				b.forgive(now)
			}
			sweptAt = now
			b.sweep(now)
		}
	}
}

// start begins at any partition, so that edges that start together do not keep step.
func (t *teller) start(now time.Duration) {
	t.turn = rand.IntN(len(t.mu.rooms))
	t.began = now - time.Duration(t.turn)*(Interval/time.Duration(len(t.mu.rooms)))
	t.number = rand.Uint32()
}

// takeTurns tells all of those partitions whose turn it is by now, none twice.
func (b *Board) takeTurns(now time.Duration) {
	t := &b.teller
	n := len(t.mu.rooms)
	due := int((now - t.began) / (Interval / time.Duration(n)))
	for t.turn = max(t.turn, due-n); t.turn < due; t.turn++ {
		p := t.turn % n
		if !b.tell(p, t.roomsOf(p), b.here) {
			b.awaitNothing(p)
		}
	}
}

// roomsOf returns the rooms of a partition, until it is called again.
func (t *teller) roomsOf(partition int) []string {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.batch = t.batch[:0]
	for name := range t.mu.rooms[partition] {
		t.batch = append(t.batch, name)
	}
	return t.batch
}

// tellTouched tells of those rooms that are to be told of soon.
func (b *Board) tellTouched() {
	for p, names := range b.teller.takeTouched() {
		b.tell(p, names, b.here)
	}
}

// takeTouched returns the rooms that are to be told of soon, by partition.
func (t *teller) takeTouched() map[int][]string {
	t.mu.Lock()
	defer t.mu.Unlock()
	if len(t.mu.touched) == 0 {
		return nil
	}
	names := map[int][]string{}
	for name := range t.mu.touched {
		p := exchange.PartitionOf(name, len(t.mu.rooms))
		names[p] = append(names[p], name)
	}
	t.mu.touched = map[string]struct{}{}
	return names
}

// farewell tells that nobody is here.
func (b *Board) farewell() {
	for p := range b.teller.mu.rooms {
		b.tell(p, b.teller.roomsOf(p), func(name string) Room { return Room{Name: name} })
	}
}

// here is what this edge tells of a room.
func (b *Board) here(name string) Room {
	t := &b.teller
	r := b.own.Here(name, min(NamesMax, listedMax-b.named(name)), t.names[:0])
	r.Name = name
	if cap(r.Names) > cap(t.names) {
		t.names = r.Names
	}
	if r.Seats == 0 {
		t.empty(name)
	}
	return r
}

// empty forgets a room that has been told of as empty often enough. If it was touched
// since, it has not.
func (t *teller) empty(name string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	rooms := t.mu.rooms[exchange.PartitionOf(name, len(t.mu.rooms))]
	told, known := rooms[name]
	switch {
	case !known:
	case told < emptyTurns:
		rooms[name]++
	default:
		delete(rooms, name)
		t.mu.count--
	}
}

// tell tells the others of rooms of one partition, in as many asides as it takes, and
// reports whether any of them has seats here.
func (b *Board) tell(partition int, names []string, of func(name string) Room) (seated bool) {
	t := &b.teller
	t.begin(b.cfg.Edge)
	for _, name := range names {
		r := of(name)
		seated = seated || r.Seats > 0
		end := len(t.aside)
		t.aside = appendRoom(t.aside, &r)
		if len(t.aside) > exchange.AsideBytesMax {
			t.spill = append(t.spill[:0], t.aside[end:]...)
			b.send(partition, t.aside[:end], seated)
			t.begin(b.cfg.Edge)
			t.aside = append(t.aside, t.spill...)
		}
	}
	if len(names) > 0 {
		b.send(partition, t.aside, seated)
	}
	return seated
}

// begin begins an aside.
func (t *teller) begin(edge uint64) {
	t.number++
	t.aside = appendHead(exchange.AppendAside(t.aside[:0], nil), edge, t.number)
}

func (b *Board) send(partition int, aside []byte, seated bool) {
	if seated {
		b.awaitSelf(partition) // before it can come back
	}
	b.cfg.Tell(partition, aside)
	b.meters.told.Inc()
}
