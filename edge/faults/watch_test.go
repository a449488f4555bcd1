package faults

import (
	"bufio"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"uproar/edge/edgetest"
)

// Bounds that hold through every fault.
const (
	stallMax        = 50 * time.Millisecond // of a PING's round trip, and of a loop's lag
	pingEvery       = 20 * time.Millisecond
	scrapeEvery     = 100 * time.Millisecond
	residentGrowMax = 64 << 20 // bytes
)

// machine knows when this process itself came late: a PING that was slow then says
// nothing about the server, which has the same processors.
var machine = sync.OnceValue(func() *lateness {
	l := &lateness{}
	go l.run()
	return l
})

// lateness remembers the moments at which a goroutine that sleeps for lateEvery woke up
// lateMin or more after its time.
type lateness struct {
	mu struct {
		sync.Mutex
		woken []time.Time
		late  []time.Duration
	}
}

const (
	lateEvery = 5 * time.Millisecond
	lateMin   = 10 * time.Millisecond
)

func (l *lateness) run() {
	for due := time.Now().Add(lateEvery); ; due = time.Now().Add(lateEvery) {
		time.Sleep(time.Until(due))
		if late := time.Since(due); late >= lateMin {
			l.mu.Lock()
			l.mu.woken, l.mu.late = append(l.mu.woken, time.Now()), append(l.mu.late, late)
			l.mu.Unlock()
		}
	}
}

// since is for how long this process was late from a moment to now, and a little before.
func (l *lateness) since(from time.Time) (sum time.Duration) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for i := len(l.mu.woken) - 1; i >= 0 && l.mu.woken[i].After(from.Add(-lateMin)); i-- {
		sum += l.mu.late[i]
	}
	return sum
}

// guard looks at a server from outside while it goes through a fault.
type guard struct {
	t         testing.TB
	srv       *edgetest.Server
	bystander *client
	stop      chan struct{}
	all       sync.WaitGroup

	pings, slow, excused int
	slowest              time.Duration // PING that is not excused
	scrapes, lags        int
	lag, last            time.Duration // the largest, and that of the last scrape
	before, most         int64         // bytes resident
}

// watchOver begins to look. end tells what was seen.
func watchOver(t testing.TB, srv *edgetest.Server, bystander *client) *guard {
	g := &guard{t: t, srv: srv, bystander: bystander, stop: make(chan struct{}), before: resident(t, srv.Pid)}
	g.most = g.before
	g.all.Go(g.ping)
	g.all.Go(g.scrape)
	return g
}

func (g *guard) every(d time.Duration, do func()) {
	tick := time.NewTicker(d)
	defer tick.Stop()
	for {
		select {
		case <-tick.C:
			do()
		case <-g.stop:
			return
		}
	}
}

func (g *guard) ping() {
	g.every(pingEvery, func() {
		waited, began := g.starved(), time.Now()
		took, ok := g.bystander.ping()
		g.pings++
		if took > stallMax {
			took -= g.starved() - waited
		}
		switch {
		case !ok:
			g.t.Errorf("a PING had no answer after %v", took)
		case took > stallMax && took-machine().since(began) <= stallMax:
			g.excused++
		default:
			g.slowest = max(g.slowest, took)
			if took > stallMax {
				g.slow++
			}
		}
	})
}

// starved is for how long the threads of the server were ready to run and had no
// processor, all told: the fault of the machine, and not of a loop.
func (g *guard) starved() (sum time.Duration) {
	threads, _ := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/schedstat", g.srv.Pid))
	for _, path := range threads {
		stat, _ := os.ReadFile(path) // a thread may be gone
		var ran, waited int64
		if _, err := fmt.Sscan(string(stat), &ran, &waited); err == nil {
			sum += time.Duration(waited)
		}
	}
	return sum
}

func (g *guard) scrape() {
	g.every(scrapeEvery, func() {
		g.scrapes++
		lag := time.Duration(highest(g.t, g.srv, "uproar_loop_lag_seconds") * float64(time.Second))
		if lag > stallMax && lag != g.last { // a loop without mail shows its last lag on and on
			g.lags++
		}
		g.last, g.lag = lag, max(g.lag, lag)
		g.most = max(g.most, resident(g.t, g.srv.Pid))
	})
}

func (g *guard) end() {
	g.t.Helper()
	close(g.stop)
	g.all.Wait()
	g.t.Logf("%d PINGs, slowest %v; loop lag at most %v; %d excused by a late machine; %d MiB resident, grown by at most %.1f MiB",
		g.pings, g.slowest.Round(time.Microsecond), g.lag.Round(time.Microsecond), g.excused, g.before>>20, float64(g.most-g.before)/(1<<20))
	if g.slow > 1+g.pings/200 || g.lags > 1+g.scrapes/200 { // a store that stalls a loop does so each time it is asked
		g.t.Errorf("%d of %d PINGs and %d of %d lags took more than %v", g.slow, g.pings, g.lags, g.scrapes, stallMax)
	}
	if grown := g.most - g.before; grown > residentGrowMax {
		g.t.Errorf("memory grew by %d MiB, want at most %d", grown>>20, residentGrowMax>>20)
	}
}

// samples are the values of a metric, one for each set of labels.
func samples(t testing.TB, srv *edgetest.Server, name string) (values []float64) {
	t.Helper()
	resp, err := http.Get("http://" + srv.Admin + "/metrics")
	if err != nil {
		t.Errorf("cannot read the metrics: %v", err)
		return nil
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
		values = append(values, v)
	}
	if len(values) == 0 {
		t.Errorf("there is no metric %s", name)
	}
	return values
}

func highest(t testing.TB, srv *edgetest.Server, name string) (most float64) {
	t.Helper()
	for _, v := range samples(t, srv, name) {
		most = max(most, v)
	}
	return most
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
