package redisbus

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"uproar/core/exchange"
	"uproar/core/store/redistest"
)

// BenchmarkPublish publishes b.N lines of 200 bytes over some rooms through one server with
// one subscriber, as fast as it takes them. It reports the server's own time and what it
// sends for each line.
func BenchmarkPublish(b *testing.B) {
	for _, rooms := range []int{1, 50, 2000} {
		b.Run(fmt.Sprintf("rooms=%d", rooms), func(b *testing.B) { benchPublish(b, rooms, 0) })
	}
}

// BenchmarkPublishPaced publishes b.N lines at a rate over 200 rooms, some every
// millisecond, and reports how long a line waits for its answer.
func BenchmarkPublishPaced(b *testing.B) {
	for _, rate := range []int{1000, 10_000, 50_000} {
		b.Run(fmt.Sprintf("rate=%d", rate), func(b *testing.B) { benchPublish(b, 200, rate) })
	}
}

func benchPublish(b *testing.B, rooms, rate int) {
	server := redistest.Start(b)
	bus := openBus(b, []*redistest.Server{server}, nil)
	f := startFeed(b, bus, newRecorder())
	for p := range bus.config.Partitions {
		f.Want(p, true)
	}
	p := startPublisher(b, bus)
	names := make([]string, rooms)
	for i := range names {
		names[i] = fmt.Sprintf("room%d", i)
		say(b, p, names[i], "first")
	}
	body := []byte("room\n" + strings.Repeat("x", 195))
	before := readInfo(server)
	var waiting sync.WaitGroup
	waiting.Add(b.N)
	waits := make([]time.Duration, b.N)
	b.ResetTimer()
	began := time.Now()
	for i := range b.N {
		if rate > 0 {
			time.Sleep((time.Duration(i) * time.Second / time.Duration(rate)).Truncate(time.Millisecond) - time.Since(began))
		}
		l := &exchange.Lines{Room: names[rand.IntN(rooms)], Body: body, Count: 1}
		since := time.Now()
		l.Done = func(err error) {
			if err != nil {
				b.Error(err)
			}
			waits[i] = time.Since(since)
			waiting.Done()
		}
		for p.Publish(l) != nil {
			time.Sleep(100 * time.Microsecond)
		}
	}
	waiting.Wait()
	b.StopTimer()
	after := readInfo(server)
	n := float64(b.N)
	slices.Sort(waits)
	b.ReportMetric(float64(waits[b.N/2].Microseconds()), "p50-us")
	b.ReportMetric(float64(waits[b.N*99/100].Microseconds()), "p99-us")
	b.ReportMetric(n/b.Elapsed().Seconds(), "lines/s")
	b.ReportMetric((after["used_cpu_user"]-before["used_cpu_user"]+after["used_cpu_sys"]-before["used_cpu_sys"])*1e6/n, "redis-us/line")
	b.ReportMetric((after["total_net_output_bytes"]-before["total_net_output_bytes"])/n, "out-B/line")
	b.ReportMetric((after["publishes"]-before["publishes"])/n, "publishes/line")
}

// readInfo reads the numbers of INFO; publishes is how many PUBLISHes there were.
func readInfo(s *redistest.Server) map[string]float64 {
	all := map[string]float64{}
	for _, section := range []string{"cpu", "stats", "commandstats"} {
		for row := range strings.Lines(s.CLI("INFO", section)) {
			name, value, _ := strings.Cut(strings.TrimSpace(row), ":")
			if name == "cmdstat_publish" {
				name = "publishes"
				value, _, _ = strings.Cut(strings.TrimPrefix(value, "calls="), ",")
			}
			if number, err := strconv.ParseFloat(value, 64); err == nil {
				all[name] = number
			}
		}
	}
	return all
}

// BenchmarkPublishAlone publishes one line after the other: what a quiet fleet waits.
func BenchmarkPublishAlone(b *testing.B) {
	bus := openBus(b, redistest.StartMany(b, 1), nil)
	p := startPublisher(b, bus)
	say(b, p, "ann", "first")
	b.ResetTimer()
	for range b.N {
		say(b, p, "ann", "next")
	}
}
