package gate

import (
	"strings"
	"testing"
)

const printed = `goos: linux
goarch: amd64
pkg: uproar/edge/chat
cpu: some
BenchmarkFanout/members=1         	     100	      4000 ns/op	      4000 ns/delivery	       0 B/op	       0 allocs/op
BenchmarkFanout/members=100       	     100	    300000 ns/op	      3000 ns/delivery	      64 B/op	       1 allocs/op
PASS
ok  	uproar/edge/chat	1.0s
`

func held(t *testing.T, most map[string]float64) (string, []string) {
	t.Helper()
	var out strings.Builder
	g := &gate{out: &out}
	if err := g.holdAllocations("./edge/chat", most, []byte(printed)); err != nil {
		t.Fatal(err)
	}
	return out.String(), g.failures
}

func TestPlantedAllocationShutsTheGate(t *testing.T) {
	said, failures := held(t, map[string]float64{"Fanout/members=1": 0, "Fanout/members=100": 0})
	want := "gate: FAIL edge/chat Fanout/members=100: 1 allocations, its budget is 0: mend it, or raise the budget in bench/gate/budgets.go and say why\n"
	if !strings.Contains(said, want) || len(failures) != 1 || failures[0] != "edge/chat Fanout/members=100" {
		t.Errorf("%q are over, said:\n%s", failures, said)
	}
}

func TestBudgetWithoutItsBenchmarkShutsTheGate(t *testing.T) {
	said, failures := held(t, map[string]float64{"Fanout/members=7": 0})
	if len(failures) != 1 || !strings.Contains(said, "there is no such benchmark any more") {
		t.Errorf("%q, said:\n%s", failures, said)
	}
}

func TestBudgetThatIsBeatenAsksToBeLowered(t *testing.T) {
	said, failures := held(t, map[string]float64{"Fanout/members=1": 2})
	if len(failures) != 0 || !strings.Contains(said, "edge/chat Fanout/members=1: 0 allocations, its budget is 2: lower it") {
		t.Errorf("%q, said:\n%s", failures, said)
	}
	b := budget{most: 100, slack: 10, unit: "bytes"}
	for value, word := range map[float64]string{100: "", 90: "", 89: "lower it", 101: "mend it"} {
		if f := b.check("x", value); f.over != (value > 100) || !strings.Contains(f.text, word) || (f.text == "") != (word == "") {
			t.Errorf("%v: %+v, want %q", value, f, word)
		}
	}
}

func TestEveryBudgetOfAllocationsIsReasonable(t *testing.T) {
	for _, a := range allocations {
		if !strings.HasPrefix(a.pack, "./") || a.operations < 100 || len(a.most) == 0 {
			t.Errorf("%+v", a)
		}
	}
}

func TestMetricsAreReadByName(t *testing.T) {
	got := samples([]byte("# HELP x\nuproar_sends_total 12\nuproar_x{a=\"b\"} 3\ngo_goroutines 1.5e1\nbad\n"))
	if got["uproar_sends_total"] != 12 || got["go_goroutines"] != 15 {
		t.Errorf("got %v", got)
	}
}
