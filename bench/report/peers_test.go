package report

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"uproar/bench/meter"
	"uproar/bench/scenario"
)

var manyTargets = []string{"uproar", "uproar-tcp", "bare", "bare-20ms", "goroutines", "centrifuge", "gnet", "nchan", "inspircd", "ngircd"}

// crowd is a run of fan-out with ten targets, in four rows. The one called short lost lines.
func crowd(t *testing.T, short string) Entry {
	t.Helper()
	r := scenario.FanoutResult{Company: []scenario.Peer{
		{Name: "nchan", Version: "1.3.6", Install: "apt-get install libnginx-mod-nchan", Tuned: "bench/peers/nchan/nginx.conf"},
		{Name: "ergo", Install: "apt-get install ergo"},
	}, Failures: []string{"ergo at 1000x50 could not be measured"}}
	for i, row := range []scenario.Row{{Members: 1000, Rate: 50}, {Members: 5000, Rate: 20}, {Members: 1000, Rate: 200}, {Members: 1000, Rate: 1000}} {
		for k, name := range manyTargets {
			cpu := []float64{5, 6.5, 2, 0.5}[i] * []float64{1, 0.9, 1.2, 0.6, 3, 2.4, 1.5, 1.3, 1.1, 1.7}[k]
			one := scenario.FanoutRow{Row: row, Target: name, Deliveries: 1e6, CPUMicros: cpu, Ratio: cpu / 6, ToUproar: cpu / []float64{5, 6.5, 2, 0.5}[i], RSS: int64(k+1) << 20}
			for q, share := range []float64{0.5, 0.75, 0.9, 0.99, 0.999, 1} {
				one.Quantiles = append(one.Quantiles, scenario.Quantile{Share: share, Ms: float64(10+2*k) * float64(1+q) * float64(1+i)})
			}
			one.P50, one.P99, one.Max = one.Quantiles[0].Ms, one.Quantiles[3].Ms, one.Quantiles[5].Ms
			if name == short {
				one.Lost = 7
			}
			r.Rows = append(r.Rows, one)
		}
	}
	environment := meter.Environment{Time: time.Date(2026, 11, 1, 11, 0, 0, 0, time.UTC), Commit: "ccc", CPU: "Fast 9000", Cores: 2}
	e, err := NewEntry("fanout", "go run ./bench peers fanout", environment, scenario.Fanout.New(), r)
	if err != nil {
		t.Fatal(err)
	}
	return e
}

func rendered(t *testing.T, entries ...Entry) (string, map[string][]byte) {
	t.Helper()
	files, err := Render(entries)
	if err != nil {
		t.Fatal(err)
	}
	return string(files[Document]), files
}

func TestRunOfPeersIsKnownWhereverFlagsStand(t *testing.T) {
	e := crowd(t, "")
	for command, want := range map[string]string{
		"go run ./bench peers fanout": "peers-fanout", "go run ./bench --server x peers fanout --row 5x5": "peers-fanout",
		"go run ./bench run fanout": "fanout", "go run ./bench --server x run fanout": "fanout", "go test -bench Fanout ./x": "fanout-bench",
	} {
		if e.Command = command; e.key() != want {
			t.Errorf("%s: %q, want %q", command, e.key(), want)
		}
	}
}

func TestPeersAreNamedWithVersionsAndThoseThatAreMissingToo(t *testing.T) {
	document, _ := rendered(t, crowd(t, ""))
	for _, want := range []string{
		"| nchan | 1.3.6 | [bench/peers/nchan/nginx.conf](bench/peers/nchan/nginx.conf) | `apt-get install libnginx-mod-nchan` |",
		"| ergo | **not installed, not measured** |  | `apt-get install ergo` |",
		"- ergo at 1000x50 could not be measured",
	} {
		if !strings.Contains(document, want) {
			t.Errorf("the document lacks %q", want)
		}
	}
	if strings.Contains(document, "- nchan is") {
		t.Error("the versions are told twice")
	}
}

func TestManyTargetsStandSideBySide(t *testing.T) {
	document, files := rendered(t, crowd(t, "ngircd"))
	for _, want := range []string{
		"| CPU µs/delivery (times Uproar's) | 1,000 members, 50 lines/s | 5,000 members, 20 lines/s |",
		"| goroutines | 15.00 (3.00 ×) | 19.50 (3.00 ×) | 6.00 (3.00 ×) | 1.50 (3.00 ×) |",
		`| ngircd | 8.50 (1.70 ×) \* |`,
		"| inspircd | 1,000 | 50 | 1,000,000 | 0 | 26.0 | 104.0 | 5.50 | 0.92 | 1.10 |",
	} {
		if !strings.Contains(document, want) {
			t.Errorf("the document lacks %q:\n%s", want, document)
		}
	}
	for _, target := range manyTargets {
		if svg := string(files["bench/results/peers-fanout-cpu.svg"]); strings.Count(svg, ">"+target+"<") != 1 {
			t.Errorf("the chart of CPU names %q %d times", target, strings.Count(svg, ">"+target+"<"))
		}
	}
}

func TestWhoDoesBetterIsNamedTheBestFirst(t *testing.T) {
	document, _ := rendered(t, entry(t, "ccc", 0, 6, 5), crowd(t, "bare-20ms"))
	_, losses, _ := strings.Cut(document, "## Where Uproar loses")
	losses, _, _ = strings.Cut(losses, "## History")
	if want := `| 1,000 members, 50 lines/s | uproar | CPU µs/delivery | 5.00 | bare-20ms\* 3.00 (1.67 ×) |`; !strings.Contains(losses, want) {
		t.Errorf("lacks %q:\n%s", want, losses)
	}
	if want := `| 1,000 members, 50 lines/s | uproar-tcp | RSS MB | 2.0 |`; strings.Contains(losses, want) {
		t.Errorf("nobody but Uproar has less:\n%s", losses)
	}
	if !strings.Contains(losses, "`go run ./bench peers fanout`: commit ccc") || strings.Contains(losses, "`go run ./bench run fanout`") {
		t.Errorf("want the run with peers alone:\n%s", losses)
	}
	if !strings.Contains(losses, `\* did not take, or lost, some of the lines`) {
		t.Errorf("the mark is not explained:\n%s", losses)
	}
}

// members is a table of idle members, by target.
type members struct{ scenario.IdleResult }

func (members) Header() []string { return []string{"target", "bytes/member"} }

func (members) Cells() [][]string {
	var rows [][]string
	for i, name := range manyTargets {
		rows = append(rows, []string{name, fmt.Sprint(1000 * (i + 1))})
	}
	return rows
}

func TestIdleMembersOfManyTargetsAreBars(t *testing.T) {
	e := made(t, "idle", "aaa", 0, members{})
	e.Command = "go run ./bench peers idle"
	_, files := rendered(t, e)
	if svg := string(files["bench/results/peers-idle-memory.svg"]); !strings.Contains(svg, ">inspircd<") || !strings.Contains(svg, ">9,000<") {
		t.Errorf("no bars:\n%s", svg)
	}
}
