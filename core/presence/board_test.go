package presence

import (
	"fmt"
	"math/rand/v2"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/VictoriaMetrics/metrics"

	"uproar/core/exchange"
)

func TestCountsAreExactAfterOneInterval(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFleet(t)
		a, b, c := f.edge(), f.edge(), f.edge()
		a.sit("one", "ann", "~")
		b.sit("one", "bob")
		b.sit("two", "bob", "~", "~")
		time.Sleep(250 * time.Millisecond) // first seats are told soon
		synctest.Wait()
		f.expect(a, "one", 1, "[bob]")
		f.expect(a, "two", 3, "[bob]")
		f.expect(b, "one", 2, "[ann]")
		f.expect(c, "one", 3, "[ann bob]")
		a.sit("one", "~", "cid", "cid", "ann")
		b.sit("two", "~")
		c.sit("one", "ann")
		time.Sleep(Interval + tick)
		synctest.Wait()
		f.expect(a, "one", 2, "[ann bob]")
		f.expect(a, "two", 1, "[]")
		f.expect(b, "one", 5, "[ann cid]") // ann is on two edges
		f.expect(c, "one", 5, "[ann bob cid]")
		f.expect(c, "two", 1, "[]")
	})
}

func TestLastSeatGivenUpIsToldSoon(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFleet(t)
		a, b := f.edge(), f.edge()
		a.sit("room", "ann")
		time.Sleep(10 * time.Second)
		a.sit("room")
		time.Sleep(250 * time.Millisecond)
		synctest.Wait()
		f.expect(b, "room", 0, "[]")
		time.Sleep(emptyTurns*Interval + Expiry + 2*sweepEvery) // what is over is forgotten
		a.stop()
		b.stop()
		if n := len(a.teller.mu.rooms[exchange.PartitionOf("room", testPartitions)]); n != 0 || a.teller.mu.count != 0 {
			t.Errorf("%d rooms are told of for ever, counted %d", n, a.teller.mu.count)
		}
		if b.Board.mu.rooms != 0 || len(b.Board.mu.edges) != 0 {
			t.Errorf("%d rooms of %d edges are kept for ever", b.Board.mu.rooms, len(b.Board.mu.edges))
		}
	})
}

func TestDeadEdgeIsGoneWithinTenSeconds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFleet(t)
		a, b, c := f.edge(), f.edge(), f.edge()
		a.sit("room", "ann", "cid")
		b.sit("room", "bob")
		c.sit("room", "cid")
		time.Sleep(Interval)
		synctest.Wait()
		f.expect(b, "room", 3, "[ann cid]")
		before := b.changes("room")
		a.kill()
		time.Sleep(Expiry - Interval - tick)
		synctest.Wait()
		f.expect(b, "room", 3, "[ann cid]")
		time.Sleep(10*time.Second - (Expiry - Interval - tick))
		synctest.Wait()
		f.expect(b, "room", 1, "[cid]")
		f.expect(c, "room", 1, "[bob]")
		if n := b.changes("room") - before; n != 1 {
			t.Errorf("its death was announced %d times", n)
		}
	})
}

func TestEdgeThatEndsSaysSo(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFleet(t)
		a, b := f.edge(), f.edge()
		a.sit("one", "ann")
		a.sit("two", "~")
		time.Sleep(Interval)
		a.stop()
		synctest.Wait()
		f.expect(b, "one", 0, "[]")
		f.expect(b, "two", 0, "[]")
	})
}

func TestLostAsidesAreHarmless(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFleet(t)
		a, b := f.edge(), f.edge()
		var n atomic.Int32
		b.lose(func(int) bool { return n.Add(1)%2 == 0 }) // every other one
		a.sit("room", "ann")
		time.Sleep(Expiry)
		for range 60 {
			time.Sleep(time.Second)
			synctest.Wait()
			f.expect(b, "room", 1, "[ann]")
		}
		if b.changes("room") != 1 {
			t.Errorf("%d changes were announced", b.changes("room"))
		}
		a.sit("room")
		time.Sleep(Expiry + sweepEvery)
		synctest.Wait()
		f.expect(b, "room", 0, "[]")
	})
}

func TestNamesGiveWayToCounts(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFleet(t)
		a, b := f.edge(), f.edge()
		step := func() {
			time.Sleep(Interval + tick)
			synctest.Wait()
		}
		a.sit("room", crowd(NamesMax)...)
		step()
		f.expect(b, "room", NamesMax, fmt.Sprint(crowd(NamesMax)))
		a.sit("room", crowd(NamesMax+1)...)
		step()
		f.expect(b, "room", NamesMax+1, "a crowd")
		a.sit("room", append(crowd(2), "room")...)
		step()
		f.expect(b, "room", 3, "[room user0000 user0001]")
		if o, _ := b.Others("room", 0); !o.Host {
			t.Error("nobody says that the broadcaster is there")
		}
		// On several edges together they are too many to be told of.
		c, d := f.edge(), f.edge()
		for _, s := range []*site{a, c, d} {
			s.sit("room", crowd(NamesMax)...)
		}
		step()
		step()
		f.expect(b, "room", 3*NamesMax, "a crowd")
		if n := b.Board.mu.names; n > listedMax {
			t.Errorf("%d names of a crowd are kept", n)
		}
	})
}

func TestWhatWasOvertakenDoesNotCount(t *testing.T) {
	b := lone(t)
	room := roomsIn(0, 1)[0]
	for _, c := range []struct {
		number uint32
		room   Room
		seats  int
	}{
		{1<<32 - 1, listed(room, "ann"), 1},
		{1, listed(room, "ann", "bob"), 2},
		{0, Room{Name: room}, 2}, // late
		{3, Room{Name: room}, 0},
		{2, listed(room, "ann"), 0}, // late
		{4, listed(room, "ann"), 1},
	} {
		b.Hear(0, body(2, c.number, c.room))
		if n := b.Count(room); n != c.seats {
			t.Errorf("aside %d: %d seats, want %d", c.number, n, c.seats)
		}
	}
}

func TestOthersAreAskedForByVersion(t *testing.T) {
	b := lone(t)
	room := roomsIn(0, 1)[0]
	if o, changed := b.Others(room, 0); changed || !o.Whole {
		t.Fatalf("%+v, changed %v", o, changed)
	}
	b.Hear(0, body(2, 1, listed(room, "ann")))
	o, changed := b.Others(room, 0)
	if !changed || fmt.Sprint(o.Names) != "[ann]" {
		t.Fatalf("%+v, changed %v", o, changed)
	}
	b.Hear(0, body(2, 2, Room{Name: room, Seats: 9, Named: 1, Names: []string{"ann"}})) // readers have come
	if _, changed = b.Others(room, o.Version); changed || b.Count(room) != 9 {
		t.Fatalf("changed %v, %d seats", changed, b.Count(room))
	}
	b.Hear(0, body(3, 1, listed(room, "bob")))
	if o, changed = b.Others(room, o.Version); !changed || fmt.Sprint(o.Names) != "[ann bob]" {
		t.Fatalf("%+v, changed %v", o, changed)
	}
	b.sweep(b.now() + Expiry)
	if o, changed = b.Others(room, o.Version); !changed || len(o.Names) != 0 || o.Version != 0 {
		t.Fatalf("%+v, changed %v", o, changed)
	}
}

// TestBrokenWayKeepsEveryone: an edge that hears not even itself cannot tell who is dead.
func TestBrokenWayKeepsEveryone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFleet(t)
		a, b := f.edge(), f.edge()
		a.sit("room", "ann")
		b.sit("room", "bob")
		time.Sleep(2 * Interval)
		b.lose(func(int) bool { return true })
		for range 30 {
			time.Sleep(time.Second)
			f.expect(b, "room", 1, "[ann]")
		}
		b.lose(nil)
		for range 15 {
			time.Sleep(time.Second)
			f.expect(b, "room", 1, "[ann]")
		}
		b.lose(func(int) bool { return true })
		time.Sleep(BlindMax + Expiry)
		f.expect(b, "room", 0, "[]")
	})
}

func TestWhoHasStoodStillForgivesSilence(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFleet(t)
		a, b := f.edge(), f.edge()
		a.sit("room", "ann")
		b.sit("room", "bob")
		time.Sleep(2 * Interval)
		b.mu.Lock()
		b.mu.stall = 20 * time.Second
		b.mu.Unlock()
		time.Sleep(Interval) // it stands
		b.lose(func(int) bool { return true })
		time.Sleep(20*time.Second - Interval)
		b.lose(nil)
		for range 12 {
			time.Sleep(time.Second)
			synctest.Wait()
			f.expect(b, "room", 1, "[ann]")
		}
	})
}

// lone is a Board of edge 1 whose Run does not run, and that is told by hand.
func lone(t testing.TB) *Board {
	s := &site{}
	s.mu.seats, s.mu.changes = map[string][]string{}, map[string]int{}
	s.Board = NewBoard(Config{Edge: 1, Partitions: testPartitions, Tell: func(int, []byte) {}, Metrics: metrics.NewSet()})
	s.Attach(s)
	return s.Board
}

// roomsIn are n rooms of a partition.
func roomsIn(partition, n int) (names []string) {
	for i := 0; len(names) < n; i++ {
		if name := fmt.Sprintf("room%d", i); exchange.PartitionOf(name, testPartitions) == partition {
			names = append(names, name)
		}
	}
	return names
}

func TestWhatIsBeyondTheBoundsIsDroppedAndCounted(t *testing.T) {
	b := lone(t)
	b.bounds = bounds{edges: 3, roomsPerEdge: 4, entries: 9, names: 6, ownRooms: 2}
	names := roomsIn(0, 6)
	for edge := uint64(2); edge <= 5; edge++ {
		for i, name := range names {
			b.Hear(0, body(edge, uint32(i), Room{Name: name, Seats: 1}))
		}
	}
	if len(b.mu.edges) != 3 || b.mu.entries != 9 || b.mu.rooms != 4 {
		t.Errorf("%d edges, %d entries, %d rooms", len(b.mu.edges), b.mu.entries, b.mu.rooms)
	}
	if b.meters.edgesOver.Get() != 6 || b.meters.roomsOver.Get() != 2+2+5 {
		t.Errorf("dropped %d of edges, %d of rooms", b.meters.edgesOver.Get(), b.meters.roomsOver.Get())
	}
	b.Hear(0, body(2, 10, listed(names[0], "ann", "bob", "cid", "dan")))
	b.Hear(0, body(3, 10, listed(names[0], "eve", "fay", "gus"))) // one too many
	o, _ := b.Others(names[0], 0)
	if o.Whole || b.mu.names != 4 || b.meters.namesOver.Get() != 1 || b.Count(names[0]) != 4+3+1 {
		t.Errorf("%+v, %d names, %d dropped, %d seats", o, b.mu.names, b.meters.namesOver.Get(), b.Count(names[0]))
	}
	b.Hear(0, body(2, 11, listed(names[0], "ann")))
	b.Hear(0, body(3, 11, listed(names[0], "eve", "fay", "gus"))) // now there is space
	if o, _ = b.Others(names[0], 0); fmt.Sprint(o.Names) != "[ann eve fay gus]" {
		t.Errorf("%+v", o)
	}
	for _, name := range names[:3] {
		b.Touch(name)
	}
	if b.meters.untold.Get() != 1 || b.teller.mu.count != 2 {
		t.Errorf("%d own rooms are not told of, %d are", b.meters.untold.Get(), b.teller.mu.count)
	}
	if err := b.check(); err != nil {
		t.Error(err)
	}
}

func TestUnreadableReportsAreCounted(t *testing.T) {
	b := lone(t)
	room := roomsIn(0, 1)[0]
	b.Hear(-1, body(2, 1))
	b.Hear(testPartitions, body(2, 1))
	b.Hear(0, nil)
	b.Hear(0, body(2, 1, Room{Name: roomsIn(1, 1)[0], Seats: 1}))                 // of another partition
	b.Hear(0, append(body(2, 2, Room{Name: room, Seats: 1}), 9))                  // the room counts
	b.Hear(0, body(2, 3, listed(room, "ann", "ann")))                             // its seats count
	b.Hear(0, append([]byte{9}, body(2, 4, Room{Name: room, Seats: 100})[1:]...)) // of a newer program
	if n, m := b.meters.unreadable.Get(), b.meters.otherVersion.Get(); n != 6 || m != 1 || b.Count(room) != 2 {
		t.Errorf("%d unreadable, %d of another version, %d seats", n, m, b.Count(room))
	}
	if err := b.check(); err != nil {
		t.Error(err)
	}
}

// TestManyRoomsGoIntoSeveralAsides tells more than one aside holds.
func TestManyRoomsGoIntoSeveralAsides(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFleet(t)
		a, b := f.edge(), f.edge()
		names := roomsIn(0, 50)
		for i, name := range names {
			a.sit(name, crowd(10*i)...)
		}
		time.Sleep(Interval + tick)
		synctest.Wait()
		for i, name := range names {
			f.expect(b, name, 10*i, fmt.Sprint(crowd(10*i)))
		}
		if n := b.meters.heard.Get(); n < 3 {
			t.Errorf("all that in %d asides", n)
		}
	})
}

// TestSumsStayRight tells at random, and compares with who told what last.
func TestSumsStayRight(t *testing.T) {
	b := lone(t)
	random := rand.New(rand.NewPCG(3, 4))
	names := roomsIn(2, 5)
	seats := map[string]map[uint64]int{}
	for _, name := range names {
		seats[name] = map[uint64]int{}
	}
	for step := range 2000 {
		edge := uint64(2 + random.IntN(6))
		r := Room{Name: names[random.IntN(len(names))], Host: random.IntN(9) == 0}
		r.Names = crowd(random.IntN(5))
		if r.Named = len(r.Names); random.IntN(4) == 0 {
			r.Named, r.Names = 2000+random.IntN(2), nil
		}
		r.Seats = r.Named + random.IntN(3)
		if random.IntN(5) == 0 {
			r = Room{Name: r.Name}
		}
		b.Hear(2, body(edge, uint32(step), r))
		seats[r.Name][edge] = r.Seats
		if random.IntN(200) == 0 {
			b.sweep(b.now() + Expiry)
			for _, name := range names {
				clear(seats[name])
			}
		}
		want := 0
		for _, n := range seats[r.Name] {
			want += n
		}
		if got := b.Count(r.Name); got != want {
			t.Fatalf("step %d: %d seats, want %d", step, got, want)
		}
		if err := b.check(); err != nil {
			t.Fatalf("step %d: %v", step, err)
		}
	}
}
