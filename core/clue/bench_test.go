package clue

import (
	"context"
	"fmt"
	"sync/atomic"
	"testing"
	"time"

	"uproar/core/chat"
	"uproar/core/store"
)

// crowd is n accounts with two texts to say in turn, so that no line is a duplicate.
func crowd(n int) []*chat.User {
	users := make([]*chat.User, n)
	for i := range users {
		users[i] = user(fmt.Sprintf("viewer%06d", i))
	}
	return users
}

// sink takes lines and answers and keeps nothing.
type sink struct{ lines, decided atomic.Int64 }

func (s *sink) Publish(_ string, lines []chat.Event, done func(error)) error {
	s.lines.Add(int64(len(lines)))
	done(nil)
	return nil
}

func (s *sink) Decided(ds []Decision) { s.decided.Add(int64(len(ds))) }

// roomy is Twitch's rules with a rate that nobody reaches: every rule works, every
// line is accepted.
func roomy() Config {
	cfg := classic()
	cfg.Shards = 1
	cfg.RateLimit, cfg.RateLimitModerator = Rate{RateLinesMax, halfMinute}, Rate{RateLinesMax, halfMinute}
	cfg.Deadline = time.Hour
	return cfg
}

var texts = [2]string{"left, left, up and then start", "no: right, and never start again"}

// BenchmarkClueCore is what one core decides with a warm cache: it submits and decides
// on the same goroutine, in full batches, so ns/op is the whole cost of a line, what the
// embedded store does with it included.
func BenchmarkClueCore(b *testing.B) {
	for _, shape := range []struct {
		name        string
		rooms, size int
	}{{"hot room", 1, 20_000}, {"10,000 rooms", 10_000, 50_000}} {
		b.Run(shape.name, func(b *testing.B) {
			var out sink
			c := New(roomy(), &out, &out)
			s := c.shards[0]
			users := crowd(shape.size)
			names := make([]string, shape.rooms)
			for i := range names {
				names[i] = fmt.Sprint("room", i)
			}
			i, batches := 0, 0
			say := func() {
				sub := Submission{Room: names[i%len(names)], User: users[i%len(users)], Text: texts[i/len(users)%2]}
				if err := c.Submit(sub); err != nil {
					b.Fatal(err)
				}
				if i++; i%batchLinesMax == 0 {
					s.decideBatch(s.queue.take(s.batch[:]))
					batches++
				}
			}
			for range shape.size { // everybody is known to the cache
				say()
			}
			warm, trips, misses := out.decided.Load(), c.meters.trips.Get(), c.meters.misses.Get()
			batches = 0
			b.ReportAllocs()
			b.ResetTimer()
			for range b.N {
				say()
			}
			b.StopTimer()
			lines := float64(out.decided.Load() - warm)
			if out.lines.Load() != out.decided.Load() {
				b.Fatalf("%d accepted of %d", out.lines.Load(), out.decided.Load())
			}
			b.ReportMetric(lines/b.Elapsed().Seconds(), "decisions/s")
			b.ReportMetric(float64(c.meters.trips.Get()-trips)/float64(max(1, batches)), "trips/batch")
			b.ReportMetric(float64(c.meters.misses.Get()-misses)/float64(b.N), "misses/op")
		})
	}
}

// BenchmarkCacheHit is one record of a line: it allocates nothing.
func BenchmarkCacheHit(b *testing.B) {
	cfg := roomy()
	c := newCache(&cfg, time.Now())
	keys := make([]store.Key, 4096)
	for i := range keys {
		keys[i] = memberKey("room", fmt.Sprint("user", i))
		c.put(&store.Read{Key: keys[i], Member: &store.Member{}}, c.stamp(keys[i]), 0)
	}
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		if _, fresh := c.get(keys[i%len(keys)], 1); !fresh {
			b.Fatal("a miss")
		}
	}
}

// BenchmarkClueRun submits from every core to running shards, over many rooms.
func BenchmarkClueRun(b *testing.B) {
	var out sink
	cfg := roomy()
	cfg.Shards = 0
	c := New(cfg, &out, &out)
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- c.Run(ctx) }()
	users := crowd(20_000)
	names := make([]string, 1000)
	for i := range names {
		names[i] = fmt.Sprint("room", i)
	}
	var next, busy atomic.Int64
	b.ReportAllocs()
	b.RunParallel(func(pb *testing.PB) {
		i := int(next.Add(7919))
		for pb.Next() {
			i++
			sub := Submission{Room: names[i%len(names)], User: users[i%len(users)], Text: texts[i/len(users)%2]}
			if c.Submit(sub) != nil {
				busy.Add(1)
			}
		}
	})
	cancel()
	<-ended
	b.ReportMetric(float64(out.decided.Load())/b.Elapsed().Seconds(), "decisions/s")
	b.ReportMetric(float64(busy.Load())/float64(b.N), "refused/op")
}

// BenchmarkSubmit is the part of a line that an event loop pays for.
func BenchmarkSubmit(b *testing.B) {
	var out sink
	c := New(roomy(), &out, &out)
	q := c.shards[0].queue
	sub := Submission{Room: "room", User: user("ann"), Text: texts[0]}
	into := c.shards[0].batch[:]
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		_ = c.Submit(sub)
		if i%batchLinesMax == batchLinesMax-1 {
			q.take(into)
		}
	}
}
