package redisbus

import (
	"fmt"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"uproar/core/store/redistest"
)

// BenchmarkPublish publishes b.N lines of 200 bytes over rooms through one server with
// one subscriber, as fast as it takes them. It reports the server's own time and what it
// sends for each line.
func BenchmarkPublish(b *testing.B) {
	for _, rooms := range []int{1, 50, 2000} {
		b.Run(fmt.Sprintf("rooms=%d", rooms), func(b *testing.B) { benchPublish(b, rooms) })
	}
}

func benchPublish(b *testing.B, rooms int) {
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
	b.ResetTimer()
	for i := range b.N {
		l := &Lines{Room: names[i%rooms], Body: body, Count: 1, Done: func(err error) {
			if err != nil {
				b.Error(err)
			}
			waiting.Done()
		}}
		for p.Publish(l) != nil {
			time.Sleep(100 * time.Microsecond)
		}
	}
	waiting.Wait()
	b.StopTimer()
	after := readInfo(server)
	n := float64(b.N)
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
