package report

import (
	"strings"
	"testing"

	"uproar/bench/scenario"
)

func TestHistoryFollowsEveryAspect(t *testing.T) {
	var entries []Entry
	for i, commit := range []string{"aaa", "bbb"} {
		x := float64(i + 1)
		pokemon := &scenario.PokemonResult{Members: 121000, Phases: []scenario.Phase{{Name: "calm", P99: 300 * x}, {Name: "burst", P99: 900 * x}},
			Samples: []scenario.Sample{{At: 1, Deliveries: 9}, {At: 2, Deliveries: 9}}}
		million := &scenario.MillionResult{Members: 1e6, Lines: []float64{2, 3 * x}, Footprint: scenario.Footprint{EdgeEach: 1200 * x, KernelEach: 5000}}
		connect := &scenario.ConnectResult{Storms: []scenario.Storm{{Wire: "ws", EachMicros: 50 * x}}}
		clue := made(t, "clue", commit, i, scenario.IdleResult{})
		clue.Header, clue.Cells = []string{"case", "cores", "decisions/s"}, [][]string{{"hot room", "1", []string{"300000", "600000"}[i]}, {"hot room", "2", "1"}}
		clue.Command = "go test -bench Clue"
		entries = append(entries, entry(t, commit, i, 6*x, 5), made(t, "pokemon", commit, i, pokemon), made(t, "million", commit, i, million), clue,
			made(t, "connect", commit, i, connect), made(t, "idle", commit, i, scenario.IdleResult{BytesPerMember: 1100 * x, JoinMicros: 55 * x}))
	}
	document, files := rendered(t, entries...)
	for _, want := range []string{
		"| 2026-11-01 10:01 | bbb | 600 | 1,800 |\n", "| 2026-11-01 10:01 | bbb | 6.00 |\n", "| 2026-11-01 10:01 | bbb | 600,000 |\n",
		"| 2026-11-01 10:01 | bbb | 2,400 | 7,400 | 2,200 |\n", "| 2026-11-01 10:01 | bbb | 100 | 110 |\n", "| 2026-11-01 10:01 | bbb | 2.40 |\n",
	} {
		if !strings.Contains(document, want) {
			t.Errorf("the history lacks %q:\n%s", want, document)
		}
	}
	for _, a := range aspects {
		if files["bench/results/history-"+a.name+".svg"] == nil {
			t.Errorf("no chart of %s", a.name)
		}
	}
}

func TestOneCommitAloneIsNotDrawn(t *testing.T) {
	if _, files := rendered(t, entry(t, "aaa", 0, 6, 5)); files["bench/results/history-fanout.svg"] != nil {
		t.Error("a course of one point was drawn")
	}
}

func TestMillionIsShownByItsSizes(t *testing.T) {
	var entries []Entry
	for i, members := range []int{250_000, 1_000_000} {
		e := made(t, "million", "aaa", i, &scenario.MillionResult{Members: members, Lines: []float64{1}, Footprint: scenario.Footprint{EdgeEach: 1200, KernelEach: 5000, WorkerEach: 300}})
		e.Command += []string{" --members 250000", ""}[i]
		entries = append(entries, e)
	}
	document, files := rendered(t, entries...)
	svg := string(files["bench/results/million-sizes.svg"])
	if !strings.Contains(svg, ">250,000<") || !strings.Contains(svg, ">1,000,000<") || strings.Count(document, "million-sizes.svg") != 1 {
		t.Errorf("want both sizes in one chart:\n%s", svg)
	}
	if _, files := rendered(t, entries[0]); files["bench/results/million-sizes.svg"] != nil {
		t.Error("one size alone was drawn")
	}
}
