package battery

import (
	"bufio"
	"fmt"
	"net/http"
	"os"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"uproar/edge/edgetest"
)

// transport is how a client reaches the server.
type transport int

const (
	overTCP transport = iota
	overWS
)

func (o transport) String() string {
	if o == overWS {
		return "ws"
	}
	return "tcp"
}

// world is what a case gets: a server, and how to reach it.
type world struct {
	srv   *edgetest.Server
	over  transport
	keeps keeping
}

// own is the same world with a server of its own that has these flags.
func (w world) own(t *testing.T, args ...string) world {
	t.Helper()
	w.srv = edgetest.Start(t, append(w.keeps.args(), args...)...)
	return w
}

// unlimited are flags for cases that send faster than a person may.
func unlimited(more ...string) []string {
	return append([]string{
		"--rate-limit=1000000/30s", "--rate-limit-mod=1000000/30s", "--duplicate-window=0s",
		"--flood-limit=0", "--auth-limit=0", "--join-limit=1000000/10s", "--max-conns-per-ip=10000",
	}, more...)
}

var freshCount atomic.Int64

// fresh is a login or room name that no other case uses.
func fresh(stem string) string { return fmt.Sprintf("%s%d", stem, freshCount.Add(1)) }

// metric is the sum of the samples of name whose labels hold every given
// label="value" text.
func (w world) metric(t testing.TB, name string, labels ...string) float64 {
	t.Helper()
	resp, err := http.Get("http://" + w.srv.Admin + "/metrics")
	if err != nil {
		t.Fatalf("cannot read the metrics: %v", err)
	}
	defer resp.Body.Close()
	var sum float64
	lines := bufio.NewScanner(resp.Body)
sample:
	for lines.Scan() {
		series, value, ok := strings.Cut(lines.Text(), " ")
		if family, _, _ := strings.Cut(series, "{"); !ok || family != name {
			continue
		}
		for _, label := range labels {
			if !strings.Contains(series, label) {
				continue sample
			}
		}
		v, err := strconv.ParseFloat(value, 64)
		if err != nil {
			t.Fatalf("cannot parse metric %q: %v", lines.Text(), err)
		}
		sum += v
	}
	return sum
}

func (w world) closed(t testing.TB, reason string) float64 {
	t.Helper()
	return w.metric(t, "uproar_closed_total", `reason="`+reason+`"`)
}

// wantClosed requires that at least n connections get closed for one of the
// reasons, within patience.
func (w world) wantClosed(t testing.TB, n float64, reasons ...string) {
	t.Helper()
	var got float64
	if !eventually(patience, func() bool {
		got = 0
		for _, reason := range reasons {
			got += w.closed(t, reason)
		}
		return got >= n
	}) {
		t.Errorf("uproar_closed_total with reason %s is %v, want at least %v", strings.Join(reasons, " or "), got, n)
	}
}

// wantRefused requires that n lines get counted as refused for that reason.
func (w world) wantRefused(t testing.TB, n float64, reason string) {
	t.Helper()
	var got float64
	if !eventually(patience, func() bool {
		got = w.metric(t, "uproar_lines_refused_total", `reason="`+reason+`"`)
		return got == n
	}) {
		t.Errorf("uproar_lines_refused_total with reason %s is %v, want %v", reason, got, n)
	}
}

// eventually polls a condition that the server reaches by itself.
func eventually(limit time.Duration, ok func() bool) bool {
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for end := time.Now().Add(limit); ; <-tick.C {
		if ok() {
			return true
		}
		if time.Now().After(end) {
			return false
		}
	}
}

// residentBytes is the server's memory as the kernel sees it.
func (w world) residentBytes(t testing.TB) int64 {
	t.Helper()
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", w.srv.Pid))
	if err != nil {
		t.Fatalf("cannot read the server's memory: %v", err)
	}
	for line := range strings.Lines(string(status)) {
		var kib int64
		if _, err := fmt.Sscanf(line, "VmRSS: %d kB", &kib); err == nil {
			return kib << 10
		}
	}
	t.Fatalf("no VmRSS in the status of process %d", w.srv.Pid)
	return 0
}

// wantFlatMemory requires that memory has grown by at most growthBytesMax.
func (w world) wantFlatMemory(t testing.TB, before, growthBytesMax int64) {
	t.Helper()
	if grown := w.residentBytes(t) - before; grown > growthBytesMax {
		t.Errorf("the server grew by %d MiB, want at most %d MiB", grown>>20, growthBytesMax>>20)
	}
}
