package target

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"reflect"
	"strings"
	"testing"
	"time"
)

func TestMetricsAreAddedUpOverTheirLabels(t *testing.T) {
	var status int
	admin := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(status)
		fmt.Fprint(w, "# HELP nothing\nup_total{shard=\"0\"} 3\nup_total{shard=\"1\"} 4.5\nup_total_bytes 9\n")
	}))
	defer admin.Close()
	s := &Server{Process: &Process{Name: "fake"}, Admin: admin.Listener.Addr().String()}
	status = http.StatusOK
	m, err := s.Metrics(t.Context())
	if err != nil || m.Sum("up_total") != 7.5 || m.Sum("up_total_bytes") != 9 || m[`up_total{shard="1"}`] != 4.5 || m.Sum("none") != 0 {
		t.Errorf("%v, %v", m, err)
	}
	status = http.StatusServiceUnavailable
	if _, err := s.Metrics(t.Context()); err == nil || !strings.Contains(err.Error(), "503") {
		t.Errorf("a refusal was read as metrics: %v", err)
	}
}

func TestCommandsOfRedisAreReadFromItsStatistics(t *testing.T) {
	got, err := parseCommands("# Commandstats\r\ncmdstat_evalsha:calls=21,usec=175,usec_per_call=8.33\r\ncmdstat_config|get:calls=1,usec=2\r\n")
	if want := map[string]int64{"evalsha": 21, "config|get": 1}; err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("%v, %v; want %v", got, err, want)
	}
	if _, err := parseCommands("cmdstat_get:calls=many,usec=1\r\n"); err == nil {
		t.Error("a number of calls that is none was taken")
	}
}

func TestRedisTellsWhatItHasDone(t *testing.T) {
	r, err := StartRedis(t.Context(), t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	defer r.Stop(10 * time.Second)
	if _, err := r.Commands(t.Context()); err != nil {
		t.Fatal(err)
	}
	if again, err := r.Commands(t.Context()); err != nil || again["info"] != 1 {
		t.Errorf("want the first question in the answer to the second: %v, %v", again, err)
	}
}

func TestFrozenProcessIsThere(t *testing.T) {
	p, _, err := start(t, `echo ready port=1; while :; do sleep 0.05; done`)
	if err != nil {
		t.Fatal(err)
	}
	defer p.Kill()
	state := func(want string) {
		t.Helper()
		for end := time.Now().Add(10 * time.Second); ; time.Sleep(time.Millisecond) {
			stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", p.Pid))
			if err != nil {
				t.Fatal(err)
			}
			if _, after, _ := strings.Cut(string(stat), ") "); strings.ContainsAny(after[:1], want) {
				return
			} else if time.Now().After(end) {
				t.Fatalf("it is in state %q, want one of %q", after[:1], want)
			}
		}
	}
	if err := p.Freeze(); err != nil {
		t.Fatal(err)
	}
	state("T")
	if err := p.Thaw(); err != nil {
		t.Fatal(err)
	}
	state("SR")
}
