package report

import (
	"bytes"
	"encoding/json"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"uproar/bench/meter"
	"uproar/bench/scenario"
)

const root = "../.."

func TestDocumentIsWhatItsDataSay(t *testing.T) {
	entries, err := Read(filepath.Join(root, ResultsDir))
	if err != nil {
		t.Fatal(err)
	}
	files, err := Render(entries)
	if err != nil {
		t.Fatal(err)
	}
	for _, path := range slices.Sorted(maps.Keys(files)) {
		have, err := os.ReadFile(filepath.Join(root, path))
		if err != nil {
			t.Error(err)
		} else if !bytes.Equal(have, files[path]) {
			t.Errorf("%s differs from bench/results/*.jsonl: run go run ./bench report", path)
		}
	}
	old, err := stale(root, files)
	if err != nil {
		t.Fatal(err)
	}
	if len(old) > 0 {
		t.Errorf("charts without data: %q; go run ./bench report removes them", old)
	}
}

func TestPrintAlignsColumns(t *testing.T) {
	var b strings.Builder
	if err := Print(&b, []string{"target", "p99"}, [][]string{{"bare", "3.4"}, {"uproar", "12.0"}}); err != nil {
		t.Fatal(err)
	}
	want := "  target   p99\n    bare   3.4\n  uproar  12.0\n"
	if b.String() != want {
		t.Errorf("got\n%swant\n%s", b.String(), want)
	}
}

// entry is a run of fan-out at a commit, minute minutes after others began.
func entry(t *testing.T, commit string, minute int, cpu, peer float64) Entry {
	t.Helper()
	row := scenario.Row{Members: 5000, Rate: 20}
	r := scenario.FanoutResult{Rows: []scenario.FanoutRow{
		{Row: row, Target: "uproar", Deliveries: 6000000, P50: 3, P99: 9, Max: 20, CPUMicros: cpu, RSS: 20 << 20, Ratio: cpu / peer},
		{Row: row, Target: "bare", Deliveries: 6000000, P50: 2, P99: 10, Max: 20, CPUMicros: peer, RSS: 2 << 20, Ratio: 1},
	}}
	environment := meter.Environment{Time: time.Date(2026, 11, 1, 10, minute, 0, 0, time.UTC), Commit: commit, CPU: "Fast 9000", Cores: 2}
	e, err := NewEntry("fanout", "go run ./bench run fanout", environment, scenario.Fanout.New(), r)
	if err != nil {
		t.Fatal(err)
	}
	return e
}

func TestEntriesSurviveTheFile(t *testing.T) {
	dir := t.TempDir()
	first, second := entry(t, "aaa", 0, 6, 5), entry(t, "bbb", 1, 7, 5)
	for _, e := range []Entry{second, first} {
		if err := Append(filepath.Join(dir, "results.jsonl"), e); err != nil {
			t.Fatal(err)
		}
	}
	got, err := Read(dir)
	if err != nil {
		t.Fatal(err)
	}
	if len(got) != 2 || got[0].Environment.Commit != "aaa" || !bytes.Equal(got[1].Result, second.Result) {
		t.Errorf("want both, the oldest first: %+v", got)
	}
}

func TestReadNamesABadLine(t *testing.T) {
	good, err := json.Marshal(entry(t, "aaa", 0, 6, 5))
	if err != nil {
		t.Fatal(err)
	}
	for _, bad := range []string{"{", "{}", strings.Replace(string(good), `"target",`, "", 1)} {
		dir := t.TempDir()
		if err := os.WriteFile(filepath.Join(dir, "x.jsonl"), []byte(string(good)+"\n"+bad+"\n"), 0o644); err != nil {
			t.Fatal(err)
		}
		if _, err := Read(dir); err == nil || !strings.Contains(err.Error(), "line 2") {
			t.Errorf("%.40q: %v", bad, err)
		}
	}
}

func TestTablesAreOfTheNewestCommitWithSpread(t *testing.T) {
	entries := []Entry{entry(t, "aaa", 0, 60, 50), entry(t, "bbb", 1, 6, 5), entry(t, "bbb", 2, 8, 5), entry(t, "bbb", 3, 7, 5)}
	files, err := Render(entries)
	if err != nil {
		t.Fatal(err)
	}
	document := string(files[Document])
	for _, want := range []string{
		"commit bbb, 2026-11-01, n = 3",
		"| 7.00 (6.00..8.00) |", // CPU
		"| uproar | 5,000 | 20 | 6,000,000 |",
		"In every row 0: unsent, lost,",
		"| 5,000 members, 20 lines/s | uproar | p50 ms | 3.0 | bare 2.0 (1.50 ×) |",
		"| 5,000 members, 20 lines/s | uproar | CPU µs/delivery | 7.00 (6.00..8.00) | bare 5.00 (1.40 ×) |",
		"| 2026-11-01 10:00 | aaa | 1.20 |",
		"| 2026-11-01 10:01 | bbb | 1.40 |",
	} {
		if !strings.Contains(document, want) {
			t.Errorf("the document lacks %q:\n%s", want, document)
		}
	}
	if strings.Contains(document, "| uproar | p99 ms |") {
		t.Errorf("a figure in which Uproar is better stands among the losses:\n%s", document)
	}
	if files["bench/results/fanout-cpu.svg"] == nil || files["bench/results/fanout-latency-5000x20.svg"] == nil || files["bench/results/history-fanout.svg"] == nil {
		t.Errorf("charts are missing: %q", slices.Sorted(maps.Keys(files)))
	}
	again, err := Render(entries)
	if err != nil {
		t.Fatal(err)
	}
	if !maps.EqualFunc(files, again, bytes.Equal) {
		t.Error("the same data gave other bytes")
	}
}

func TestPeersHaveASectionOfTheirOwn(t *testing.T) {
	peers := entry(t, "ccc", 5, 6, 5)
	peers.Command = "go run ./bench peers fanout"
	files, err := Render([]Entry{entry(t, "aaa", 0, 6, 5), peers})
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"### fanout\n", "### peers-fanout\n", "commit aaa", "commit ccc"} {
		if !strings.Contains(string(files[Document]), want) {
			t.Errorf("the document lacks %q", want)
		}
	}
	if files["bench/results/peers-fanout-cpu.svg"] == nil {
		t.Errorf("the peers' chart is missing: %q", slices.Sorted(maps.Keys(files)))
	}
}

func TestChartThatCannotBeDrawnIsRefused(t *testing.T) {
	line := scenario.Series{Name: "a", X: []float64{1, 2}, Y: []float64{0, 1}}
	for why, c := range map[string]scenario.Chart{
		"nothing":     {Name: "x"},
		"name":        {Name: "../x", Series: []scenario.Series{line}},
		"logarithmic": {Name: "x", LogY: true, Series: []scenario.Series{line}},
		"1 x and 0 y": {Name: "x", Series: []scenario.Series{{Name: "a", X: []float64{1}}}},
	} {
		if _, err := drawSVG(c); err == nil || !strings.Contains(err.Error(), why) {
			t.Errorf("want an error that says %q, got %v", why, err)
		}
	}
}

func TestCostColumns(t *testing.T) {
	for column, want := range map[string]bool{"p99 ms": true, "CPU us/delivery": true, "bytes/member": true, "RSS MB": true, "growth KB, one slow": true,
		"lines/s": false, "members": false, "client us": false, "pings": false, "deliveries": false} {
		if isCost(column) != want {
			t.Errorf("%q: cost is %v", column, !want)
		}
	}
}
