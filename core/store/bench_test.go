package store

import (
	"fmt"
	"path/filepath"
	"testing"
	"time"

	"uproar/core/chat"
)

const batchLines = 256

// warmBatch asks what a batch of lines of distinct members of one room asks.
func warmBatch(tb testing.TB, e *Embedded) *Batch {
	tb.Helper()
	b := &Batch{}
	limits := []Limit{{"viewer", 1 << 30, 30 * time.Second}, {"anywhere", 1 << 30, 30 * time.Second}}
	for i := range batchLines {
		login := fmt.Sprint("m", i)
		k := Key{KindMember, "r", login}
		if err := e.Change(tb.Context(), k, Change{Grant: chat.Subscriber}); err != nil {
			tb.Fatal(err)
		}
		b.Reads = append(b.Reads, Read{Key: k})
		b.Draws = append(b.Draws, Draw{Room: "r", Login: login, Limits: limits, Text: uint64(i), Unique: true})
		b.Spoken = append(b.Spoken, Spoken{Room: "r", Login: login, Text: uint64(i), Unique: true})
	}
	e.Fetch(tb.Context(), b)
	return b
}

// BenchmarkFetch is of batches of 256 reads, 256 draws from two buckets each and 256
// lines told, warm; ns/line is what counts.
func BenchmarkFetch(b *testing.B) {
	e, err := Open("")
	if err != nil {
		b.Fatal(err)
	}
	batch := warmBatch(b, e)
	b.ReportAllocs()
	for b.Loop() {
		e.Fetch(b.Context(), batch)
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*batchLines), "ns/line")
}

// BenchmarkFetchParallel is the same from every core at once, on the same members.
func BenchmarkFetchParallel(b *testing.B) {
	e, err := Open("")
	if err != nil {
		b.Fatal(err)
	}
	warm := warmBatch(b, e)
	b.ReportAllocs()
	b.RunParallel(func(pb *testing.PB) {
		mine := Batch{append([]Read(nil), warm.Reads...), append([]Draw(nil), warm.Draws...), warm.Spoken}
		for pb.Next() {
			e.Fetch(b.Context(), &mine)
		}
	})
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*batchLines), "ns/line")
}

// BenchmarkChange is of bans that wait for the disk, one at a time and 64 together.
func BenchmarkChange(b *testing.B) {
	for _, writers := range []int{1, 64} {
		b.Run(fmt.Sprint("writers=", writers), func(b *testing.B) {
			e, err := Open(filepath.Join(b.TempDir(), "bench.db"))
			if err != nil {
				b.Fatal(err)
			}
			ctx, cancel := contextWithCancel(b)
			done := make(chan struct{})
			go func() { defer close(done); _ = e.Run(ctx) }()
			b.Cleanup(func() { cancel(); <-done; _ = e.Close() })
			b.SetParallelism(writers)
			b.RunParallel(func(pb *testing.PB) {
				for i := 0; pb.Next(); i++ {
					if err := e.Change(ctx, memberOf("r", i%1000), Change{Ban: &Ban{}}); err != nil {
						b.Error(err)
						return
					}
				}
			})
		})
	}
}

func TestBenchmarkBatchIsWarm(t *testing.T) {
	e := openBounded(t, defaultBounds())
	b := warmBatch(t, e)
	e.Fetch(t.Context(), b)
	for i := range b.Draws {
		if d := &b.Draws[i]; !d.Left || !d.Same || !d.Seen || b.Reads[i].Member.Roles != chat.Subscriber {
			t.Fatalf("line %d: %+v, %+v", i, d, b.Reads[i].Member)
		}
	}
}
