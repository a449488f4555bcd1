package faults

import (
	"bufio"
	"fmt"
	"net/http"
	"os"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"uproar/edge/edgetest"
)

// Bounds that hold through every fault. What the machine was late by does not count.
const (
	stallMax        = 50 * time.Millisecond // of a PING's answer, on any loop, and of a loop's lag
	pingEvery       = 20 * time.Millisecond
	scrapeEvery     = 100 * time.Millisecond
	residentGrowMax = 32 << 20 // bytes
	stalledMetric   = "uproar_loop_stalled_seconds_total"
)

// guard looks at a server from outside while it goes through a fault: a PING needs a loop
// and nothing else, so each loop has somebody who sends them.
type guard struct {
	w    *world
	stop chan struct{}
	all  sync.WaitGroup

	before int64 // bytes resident

	mu struct {
		sync.Mutex
		pings, excused int
		slowest, lag   time.Duration // less what the machine was late by
		most           int64         // bytes resident
	}
}

// watchOver begins to look. end tells what was seen.
func watchOver(w *world) *guard {
	g := &guard{w: w, stop: make(chan struct{}), before: resident(w.t, w.srv.Pid)}
	g.mu.most = g.before
	for _, c := range w.bystanders {
		g.all.Go(func() { every(pingEvery, g.stop, func() { g.ping(c) }) })
	}
	last, scraped := samples(w.t, w.srv, stalledMetric), time.Now()
	g.all.Go(func() {
		every(scrapeEvery, g.stop, func() {
			began := time.Now()
			g.scrape(last, scraped)
			scraped = began
		})
	})
	return g
}

func (g *guard) ping(c *client) {
	sent, took, answered := c.ping()
	if !answered {
		g.w.t.Errorf("a PING of %q had no answer after %v", c.nick, took)
		return
	}
	own := g.w.judge("answer to a PING", sent, took, stallMax)
	g.mu.Lock()
	defer g.mu.Unlock()
	g.mu.pings++
	g.mu.slowest = max(g.mu.slowest, own)
	if own < took && own <= stallMax {
		g.mu.excused++
	}
}

// scrape looks at the stalls that each loop has counted itself.
func (g *guard) scrape(last map[string]float64, since time.Time) {
	for series, value := range samples(g.w.t, g.w.srv, stalledMetric) {
		took := time.Duration((value - last[series]) * float64(time.Second))
		last[series] = value
		own := g.w.judge(series, since, took, stallMax)
		g.mu.Lock()
		g.mu.lag = max(g.mu.lag, own)
		g.mu.Unlock()
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	g.mu.most = max(g.mu.most, resident(g.w.t, g.w.srv.Pid))
}

// judge holds that what took so long since a moment took at most limit of the server's
// own time, which it returns.
func (w *world) judge(what string, since time.Time, took, limit time.Duration) (own time.Duration) {
	if took <= limit {
		return took
	}
	late := w.machine.late(since, serverAlone)
	if own = max(0, took-late); own > limit {
		w.t.Errorf("%s: %v, and the machine was late by %v of it; want at most %v", what, took, late, limit)
	}
	return own
}

func (g *guard) end() {
	g.w.t.Helper()
	close(g.stop)
	g.all.Wait()
	g.mu.Lock()
	defer g.mu.Unlock()
	grown := g.mu.most - g.before
	g.w.t.Logf("%d PINGs on %d loops, slowest %v; loop lag at most %v; %d excused by a late machine; %d MiB resident, grown by at most %.1f MiB",
		g.mu.pings, len(g.w.bystanders), g.mu.slowest.Round(time.Microsecond), g.mu.lag.Round(time.Microsecond),
		g.mu.excused, g.before>>20, float64(grown)/(1<<20))
	if g.mu.excused*2 > g.mu.pings {
		g.w.t.Errorf("the machine was too late for %d of %d PINGs to say anything", g.mu.excused, g.mu.pings)
	}
	if grown > residentGrowMax {
		g.w.t.Errorf("memory grew by %d MiB, want at most %d", grown>>20, residentGrowMax>>20)
	}
}

// samples are the values of a metric, by series.
func samples(t testing.TB, srv *edgetest.Server, name string) map[string]float64 {
	t.Helper()
	values := map[string]float64{}
	resp, err := http.Get("http://" + srv.Admin + "/metrics")
	if err != nil {
		t.Errorf("cannot read the metrics: %v", err)
		return values
	}
	defer resp.Body.Close()
	for lines := bufio.NewScanner(resp.Body); lines.Scan(); {
		series, value, _ := strings.Cut(lines.Text(), " ")
		if family, _, _ := strings.Cut(series, "{"); family != name {
			continue
		}
		v, err := strconv.ParseFloat(value, 64)
		if err != nil {
			t.Errorf("cannot parse metric %q: %v", lines.Text(), err)
		}
		values[series] = v
	}
	if len(values) == 0 {
		t.Errorf("there is no metric %s", name)
	}
	return values
}

// sum adds up the series of a metric whose labels contain text.
func sum(t testing.TB, srv *edgetest.Server, name, text string) (total float64) {
	t.Helper()
	for series, v := range samples(t, srv, name) {
		if strings.Contains(series, text) {
			total += v
		}
	}
	return total
}

// resident is the memory of a process as the kernel sees it, in bytes.
func resident(t testing.TB, pid int) int64 {
	t.Helper()
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		t.Errorf("cannot read the server's memory: %v", err)
		return 0
	}
	for line := range strings.Lines(string(status)) {
		var kib int64
		if _, err := fmt.Sscanf(line, "VmRSS: %d kB", &kib); err == nil {
			return kib << 10
		}
	}
	t.Errorf("no VmRSS in the status of process %d", pid)
	return 0
}
