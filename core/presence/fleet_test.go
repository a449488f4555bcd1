package presence

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/VictoriaMetrics/metrics"

	"uproar/core/exchange"
	"uproar/core/exchange/exchangetest"
)

const testPartitions = 4

// fleet is edges that share an exchange, within a bubble of testing/synctest.
type fleet struct {
	t      *testing.T
	memory *exchangetest.Memory
	next   uint64
}

func newFleet(t *testing.T) *fleet {
	return &fleet{t: t, memory: exchangetest.NewMemory(testPartitions)}
}

// site is an edge of a fleet: its seats are names, those of anonymous readers begin with
// "~", and a name may sit there twice.
type site struct {
	*Board
	feed exchange.Feed
	stop func() // ends it, with a word to the others
	kill func() // without
	mu   struct {
		sync.Mutex
		seats   map[string][]string
		changes map[string]int
		lose    func(partition int) bool // what comes
		mute    bool                     // what goes
		stall   time.Duration            // the next Here takes this long
	}
}

func (f *fleet) edge() *site {
	f.next++
	s := &site{feed: f.memory.Feed()}
	s.mu.seats, s.mu.changes = map[string][]string{}, map[string]int{}
	s.Board = NewBoard(Config{Edge: f.next, Partitions: testPartitions, Tell: s.tell, Metrics: metrics.NewSet()})
	s.Attach(s)
	for p := range testPartitions {
		s.feed.Want(p, true)
	}
	ctx, cancel := context.WithCancel(context.Background())
	var running sync.WaitGroup
	running.Go(func() { _ = s.feed.Run(ctx, s) })
	board, end := context.WithCancel(ctx)
	var telling sync.WaitGroup
	telling.Go(func() { _ = s.Run(board) })
	s.stop = func() { end(); telling.Wait(); cancel(); running.Wait() }
	s.kill = func() { s.shut(); s.stop() }
	f.t.Cleanup(s.stop)
	return s
}

func (s *site) shut() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.mu.mute = true
}

func (s *site) tell(partition int, aside []byte) {
	s.mu.Lock()
	mute := s.mu.mute
	s.mu.Unlock()
	if !mute {
		s.feed.Tell(partition, aside)
	}
}

// Payload implements exchange.Sink.
func (s *site) Payload(partition int, payload []byte) {
	s.mu.Lock()
	lose := s.mu.lose
	s.mu.Unlock()
	if lose == nil || !lose(partition) {
		s.Hear(partition, payload[1:])
	}
}

// Subscribed implements exchange.Sink.
func (s *site) Subscribed(int) {}

func (s *site) lose(lose func(partition int) bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.mu.lose = lose
}

// sit makes names all that sit in a room.
func (s *site) sit(room string, names ...string) {
	s.mu.Lock()
	before := len(s.mu.seats[room])
	s.mu.seats[room] = names
	s.mu.Unlock()
	if (before == 0) != (len(names) == 0) {
		s.Touch(room)
	}
}

// Here implements Own.
func (s *site) Here(room string, namesMax int, names []string) Room {
	s.mu.Lock()
	stall := s.mu.stall
	s.mu.stall = 0
	s.mu.Unlock()
	time.Sleep(stall)
	s.mu.Lock()
	defer s.mu.Unlock()
	r := Room{Seats: len(s.mu.seats[room])}
	logins := map[string]bool{}
	for _, name := range s.mu.seats[room] {
		if name[0] != '~' {
			logins[name] = true
		}
	}
	r.Named, r.Host = len(logins), logins[room]
	if r.Named <= namesMax {
		r.Names = slices.AppendSeq(names, maps.Keys(logins))
	}
	return r
}

// OthersChanged implements Own.
func (s *site) OthersChanged(room string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.mu.changes[room]++
}

func (s *site) changes(room string) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.mu.changes[room]
}

// expect compares what an edge knows of a room on others.
func (f *fleet) expect(s *site, room string, count int, names string) {
	f.t.Helper()
	o, _ := s.Others(room, 0)
	got := fmt.Sprint(o.Names)
	if !o.Whole {
		got = "a crowd"
	}
	if n := s.Count(room); n != count || got != names {
		f.t.Errorf("room %s on others: %d seats and %s, want %d and %s", room, n, got, count, names)
	}
	if err := s.check(); err != nil {
		f.t.Error(err)
	}
}

// check holds the sums of a Board against its entries.
func (b *Board) check() error {
	b.mu.Lock()
	defer b.mu.Unlock()
	rooms, names, entries, byEdge := 0, 0, 0, map[uint64]int{}
	for p := range b.mu.partitions {
		rooms += len(b.mu.partitions[p].rooms)
		for name, r := range b.mu.partitions[p].rooms {
			sum := room{name: name, entries: r.entries, version: r.version}
			for i := range r.entries {
				e := &r.entries[i]
				sum.seats += int(e.seats)
				sum.named += int(e.named)
				sum.names += len(appendNames(nil, e.names))
				if e.hidden() {
					sum.hidden++
				}
				if e.flags&flagHost != 0 {
					sum.hosts++
				}
				byEdge[e.edge]++
			}
			if len(r.entries) == 0 || fmt.Sprint(sum) != fmt.Sprint(*r) {
				return fmt.Errorf("room %+v has the sums of %+v", *r, sum)
			}
			names += sum.names
			entries += len(r.entries)
		}
	}
	if rooms != b.mu.rooms || names != b.mu.names || entries != b.mu.entries {
		return fmt.Errorf("%d rooms, %d entries, %d names, counted %d, %d and %d", rooms, entries, names, b.mu.rooms, b.mu.entries, b.mu.names)
	}
	for id, n := range byEdge {
		if e := b.mu.edges[id]; e == nil || e.entries != n {
			return fmt.Errorf("edge %d has %d entries, counted %+v", id, n, e)
		}
	}
	return nil
}
