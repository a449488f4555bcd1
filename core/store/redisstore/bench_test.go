package redisstore

import (
	"fmt"
	"regexp"
	"strconv"
	"testing"
	"time"

	"uproar/core/store"
	"uproar/core/store/redistest"
)

// BenchmarkFetch is a batch of 250 lines in 200 rooms whose records are in the cache of
// clue: their limits are drawn, and the batch before is told of.
func BenchmarkFetch(b *testing.B) {
	const lines = 250
	server := redistest.Start(b)
	s, err := Open(b.Context(), Config{Addrs: []string{server.Addr}})
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(s.Close)
	batch := &store.Batch{}
	for i := range lines {
		room, login := fmt.Sprintf("room%d", i%200), fmt.Sprintf("user%d", i)
		limits := []store.Limit{{Name: "lines", N: 1 << 30, Per: 30 * time.Second}}
		batch.Draws = append(batch.Draws, store.Draw{Room: room, Login: login, Limits: limits, Text: uint64(i)})
		batch.Spoken = append(batch.Spoken, store.Spoken{Room: room, Login: login, Text: uint64(i)})
	}
	busy := cpuSeconds(b, server)
	trips := roundTrips(s)
	b.ReportAllocs()
	for b.Loop() {
		s.Fetch(b.Context(), batch)
		if err := batch.Draws[0].Err; err != nil {
			b.Fatal(err)
		}
	}
	n := float64(b.N) * lines
	b.ReportMetric(n/b.Elapsed().Seconds(), "lines/s")
	b.ReportMetric((cpuSeconds(b, server)-busy)/n*1e6, "redis-µs/line")
	b.ReportMetric(float64(roundTrips(s)-trips)/float64(b.N), "trips/batch")
}

var usedCPU = regexp.MustCompile(`used_cpu_(?:sys|user):([0-9.]+)`)

func cpuSeconds(b *testing.B, server *redistest.Server) (sum float64) {
	b.Helper()
	for _, match := range usedCPU.FindAllStringSubmatch(server.CLI("INFO", "cpu"), -1) {
		seconds, err := strconv.ParseFloat(match[1], 64)
		if err != nil {
			b.Fatal(err)
		}
		sum += seconds
	}
	return sum
}
