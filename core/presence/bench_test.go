package presence

import (
	"fmt"
	"runtime"
	"testing"

	"uproar/core/exchange"
)

// full is an aside's body, as full as it can be of rooms with a number of names each, and
// how many rooms those are.
func full(edge uint64, names int) ([]byte, int) {
	b := appendHead(nil, edge, 0)
	for n := 0; ; n++ {
		r := listed(roomsIn(0, n+1)[n], crowd(names)...)
		next := appendRoom(b, &r)
		if len(next) >= exchange.AsideBytesMax {
			return b, n
		}
		b = next
	}
}

// renumber gives an aside a number.
func renumber(b []byte, edge uint64, number int) {
	appendHead(b[:0], edge, uint32(number))
}

// BenchmarkHear takes full asides, of rooms that nobody came to or left: nearly all are so.
func BenchmarkHear(b *testing.B) {
	for _, names := range []int{1, 10, 1000} {
		b.Run(fmt.Sprintf("names=%d", names), func(b *testing.B) {
			for _, edges := range []int{1, 100} {
				b.Run(fmt.Sprintf("edges=%d", edges), func(b *testing.B) { benchmarkHear(b, edges, names) })
			}
		})
	}
}

func benchmarkHear(b *testing.B, edges, names int) {
	board := lone(b)
	body, rooms := full(2, names)
	n := 0
	hear := func() {
		renumber(body, uint64(2+n%edges), 1+n/edges)
		board.Hear(0, body)
		n++
	}
	for range edges {
		hear()
	}
	b.SetBytes(int64(len(body)))
	b.ReportAllocs()
	for b.Loop() {
		hear()
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(rooms), "ns/room")
}

// BenchmarkHearChanged takes asides of rooms that somebody has left or come to.
func BenchmarkHearChanged(b *testing.B) {
	for _, names := range []int{10, 1000} {
		b.Run(fmt.Sprintf("names=%d", names), func(b *testing.B) {
			board := lone(b)
			one, rooms := full(2, names)
			two, _ := full(2, names-1)
			n := 0
			b.ReportAllocs()
			for b.Loop() {
				body := one
				if n%2 == 1 {
					body = two
				}
				renumber(body, 2, 1+n)
				board.Hear(0, body)
				n++
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(rooms), "ns/room")
		})
	}
}

// BenchmarkTell makes the asides of 10,000 rooms with 10 names each.
func BenchmarkTell(b *testing.B) {
	const rooms = 10_000
	board := lone(b)
	asides, bytes := 0, 0
	board.cfg.Tell = func(_ int, aside []byte) { asides++; bytes += len(aside) }
	s := board.own.(*site)
	for i := range rooms {
		s.sit(fmt.Sprintf("room%d", i), crowd(10)...)
	}
	rounds := 0
	for b.Loop() {
		for p := range testPartitions {
			board.tell(p, board.teller.roomsOf(p), board.here)
		}
		rounds++
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(rounds)/rooms, "ns/room")
	b.ReportMetric(float64(asides)/float64(rounds), "asides")
	b.ReportMetric(float64(bytes)/float64(rounds)/rooms, "bytes/room")
}

// BenchmarkMemory fills Boards, and says what that takes.
func BenchmarkMemory(b *testing.B) {
	for _, c := range []struct {
		name                string
		edges, rooms, names int
	}{
		{"edges=1/rooms=10000/names=10", 1, 10_000, 10},
		{"edges=100/rooms=10000/names=1", 100, 10_000, 1},
		{"edges=1/rooms=1000/names=1000", 1, 1000, 1000},
	} {
		b.Run(c.name, func(b *testing.B) {
			for b.Loop() {
				before := heap()
				board := lone(b)
				for edge := range c.edges {
					for i := range c.rooms {
						r := listed(fmt.Sprintf("room%d", i), crowd(c.names)...)
						board.Hear(exchange.PartitionOf(r.Name, testPartitions), body(uint64(2+edge), 1, r))
					}
				}
				used := float64(heap() - before)
				b.ReportMetric(used/float64(c.edges*c.rooms), "B/entry")
				b.ReportMetric(used/float64(c.edges*c.rooms*c.names), "B/name")
				began := board.now()
				board.sweep(began)
				b.ReportMetric(float64((board.now() - began).Microseconds()), "µs/sweep")
				runtime.KeepAlive(board)
			}
		})
	}
}

func heap() uint64 {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.HeapAlloc
}
