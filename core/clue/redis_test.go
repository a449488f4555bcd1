package clue

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"testing"
	"time"

	"uproar/core/store/redisstore"
	"uproar/core/store/redistest"
)

// BenchmarkClueRedis is 200 rooms over one Redis: paced at 50,000 lines a second, which
// is what a site's evening looks like, and as fast as it goes. It tells what a line
// costs Redis.
func BenchmarkClueRedis(b *testing.B) {
	for _, pace := range []int{50_000, 0} {
		name := "flat out"
		if pace > 0 {
			name = fmt.Sprint(pace, " lines a second")
		}
		b.Run(name, func(b *testing.B) { benchRedis(b, pace) })
	}
}

func benchRedis(b *testing.B, pace int) {
	server := redistest.Start(b)
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	st, err := redisstore.Open(ctx, redisstore.Config{Addrs: redistest.Addrs([]*redistest.Server{server}), Env: "test"})
	if err != nil {
		b.Fatal(err)
	}
	defer st.Close()
	var out sink
	cfg := roomy()
	cfg.Shards, cfg.Store, cfg.StoreTimeout = 0, st, 10*time.Second
	c := New(cfg, &out, &out)
	ended := make(chan error, 1)
	go func() { ended <- c.Run(ctx) }()
	defer func() { cancel(); <-ended }()

	users := crowd(20_000)
	names := make([]string, 200)
	for i := range names {
		names[i] = fmt.Sprint("room", i)
	}
	run := func(lines, pace int) {
		began, before := time.Now(), out.decided.Load()
		for i := range lines {
			if pace > 0 && i%100 == 0 {
				time.Sleep(time.Until(began.Add(time.Duration(i) * time.Second / time.Duration(pace))))
			}
			sub := Submission{Room: names[i%len(names)], User: users[i%len(users)], Text: texts[i/len(users)%2]}
			for errors.Is(c.Submit(sub), ErrBusy) {
				time.Sleep(time.Millisecond)
			}
		}
		for out.decided.Load()-before < int64(lines) {
			time.Sleep(time.Millisecond)
		}
	}
	run(len(users), 0) // everybody is known to the cache
	m := c.meters
	trips, misses, cpu, decided := m.trips.Get(), m.misses.Get(), redisCPU(b, server), out.decided.Load()
	b.ResetTimer()
	run(b.N, pace)
	b.StopTimer()
	lines := float64(out.decided.Load() - decided)
	if m.storeFailed.Get() > 0 {
		b.Fatalf("Redis failed %d times", m.storeFailed.Get())
	}
	took := redisCPU(b, server) - cpu
	b.ReportMetric(lines/b.Elapsed().Seconds(), "lines/s")
	b.ReportMetric(100*took.Seconds()/b.Elapsed().Seconds(), "redis-cpu-%")
	b.ReportMetric(float64(took.Microseconds())/lines, "redis-µs/line")
	b.ReportMetric(float64(m.trips.Get()-trips)/lines, "trips/line")
	b.ReportMetric(float64(m.misses.Get()-misses)/lines, "reads/line")
}

// redisCPU is the processor time that a server has used.
func redisCPU(b *testing.B, s *redistest.Server) (used time.Duration) {
	b.Helper()
	for line := range strings.SplitSeq(s.CLI("INFO", "cpu"), "\n") {
		name, value, _ := strings.Cut(strings.TrimSpace(line), ":")
		if name != "used_cpu_sys" && name != "used_cpu_user" {
			continue
		}
		seconds, err := strconv.ParseFloat(value, 64)
		if err != nil {
			b.Fatal(err)
		}
		used += time.Duration(seconds * float64(time.Second))
	}
	return used
}
