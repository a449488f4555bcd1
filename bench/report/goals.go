package report

import (
	"fmt"
	"strconv"
	"strings"

	"uproar/bench/scenario"
)

// goal is a figure beside what the project wants of it, and what it dreams of.
type goal struct {
	what     string
	want     string
	got      string // "" when nobody measured it
	met      bool
	moonshot string // "" when there is none
	reached  bool
}

// bound is what is wanted of a figure. Less is better, unless atLeast.
type bound struct {
	what, unit     string
	must, moonshot float64 // 0: none
	atLeast        bool
}

// judge holds a figure to the bound; ok is false when it was not measured.
func (b bound) judge(got float64, ok bool) goal {
	word, within := "at most ", func(limit float64) bool { return got <= limit }
	if b.atLeast {
		word, within = "at least ", func(limit float64) bool { return got >= limit }
	}
	g := goal{what: b.what, want: "-", met: true}
	if b.must > 0 {
		g.want, g.met = word+exactly(b.must)+" "+b.unit, within(b.must)
	}
	if b.moonshot > 0 {
		g.moonshot, g.reached = word+exactly(b.moonshot), within(b.moonshot)
	}
	if ok {
		g.got = significant(got) + " " + b.unit
	}
	return g
}

// whole is the goal that no run has a fault. The newest fault is what is said.
func whole[R any](what, want string, results []R, fault func(R) error) goal {
	g := goal{what: what, want: want, met: true}
	if len(results) > 0 {
		g.got = "so it is"
	}
	for _, result := range results {
		if err := fault(result); err != nil {
			g.got, g.met = err.Error(), false
		}
	}
	return g
}

// exactly writes a bound as it was set.
func exactly(x float64) string { return grouped(strconv.FormatFloat(x, 'f', -1, 64)) }

// judge is a scenario whose runs are held to goals. Of has all of them also for runs that
// are nil: a goal that nobody measured is named.
type judge struct {
	scenario string
	of       func(r runs) ([]goal, error)
}

var judges = []judge{
	{"fanout", fanoutGoals}, {"idle", idleGoals}, {"connect", connectGoals}, {"million", millionGoals},
	{"pokemon", pokemonGoals}, {"slow", slowGoals}, {"clue", clueGoals}, {"clue-stall", stallGoals},
	{"hls-hit", hitGoals}, {"hls-herd", herdGoals}, {"hls-slow", viewersGoals}, {"hls-live", liveGoals},
}

// goals judges the current runs by what the project has set itself. A run of less than
// the stated size is not judged.
func goals(all []runs) ([]goal, error) {
	var judged []goal
	for _, j := range judges {
		var found []goal
		for _, r := range all {
			if key := r.last().key(); key != j.scenario && key != j.scenario+"-bench" {
				continue // measured for the peers' sake
			}
			of, err := j.of(r)
			if err != nil {
				return nil, fmt.Errorf("cannot judge %q at %s: %w", j.scenario, r.last().Environment.Commit, err)
			}
			found = append(found, measured(of, r)...)
		}
		unmeasured, err := j.of(nil)
		if err != nil {
			return nil, err
		}
		judged = append(judged, found...)
		for _, g := range unmeasured {
			if !among(found, g.what) {
				judged = append(judged, g)
			}
		}
	}
	return judged, nil
}

// measured are those of goals that have a figure, with the flags of the run.
func measured(all []goal, r runs) []goal {
	var found []goal
	_, flags, _ := strings.Cut(r.last().Command, "./bench run "+r.last().Scenario)
	for _, g := range all {
		if g.got == "" {
			continue
		}
		if flags = strings.TrimSpace(flags); flags != "" {
			g.what += ", `" + flags + "`"
		}
		found = append(found, g)
	}
	return found
}

// among says whether a goal has been judged, under whatever flags.
func among(found []goal, what string) bool {
	for _, g := range found {
		if name, _, _ := strings.Cut(g.what, ", `"); name == what || strings.HasPrefix(g.what, what+": ") {
			return true
		}
	}
	return false
}

// fanoutRatios are the goals of CPU, by the ratio to the bare loop in the same run. Those
// that are stated by uWebSockets stand here by its ratio to the bare loop, which was 1.12,
// 1.31, 0.93 and 0.33 in these rows on such a machine.
var fanoutRatios = []struct {
	row            scenario.Row
	must, moonshot float64
}{
	{scenario.Row{Members: 1000, Rate: 50}, 1.25, 1.12},
	{scenario.Row{Members: 5000, Rate: 20}, 1.25, 0},
	{scenario.Row{Members: 1000, Rate: 200}, 0.65, 0},
	{scenario.Row{Members: 1000, Rate: 1000}, 0.23, 0},
}

// latencyMax is what 99 % of deliveries must keep at many lines a second.
const latencyMax = 60 // ms

func fanoutGoals(r runs) ([]goal, error) {
	results, err := decodeResults[scenario.FanoutResult](r)
	if err != nil {
		return nil, err
	}
	var found []goal
	for _, f := range fanoutRatios {
		name := "fan-out, " + rowName(f.row)
		mine := fanoutRows(results, f.row, "uproar")
		ratio, ok := middleOf(mine, func(f scenario.FanoutRow) float64 { return f.Ratio })
		b := bound{what: name + ": CPU", unit: "times the bare loop's", must: f.must, moonshot: f.moonshot}
		g := b.judge(ratio, ok && ratio > 0)
		if late, ok := middleOf(fanoutRows(results, f.row, "bare"), func(f scenario.FanoutRow) float64 { return float64(f.Unsent) }); ok && late > 0 {
			g.got += ", which did not take all lines"
		}
		found = append(found, g)
		if f.row.Rate < 200 {
			continue
		}
		p99, ok := middleOf(mine, func(f scenario.FanoutRow) float64 { return f.P99 })
		found = append(found, bound{what: name + ": p99", unit: "ms", must: latencyMax}.judge(p99, ok))
		batched := fanoutRows(results, f.row, "bare-20ms")
		if its, ok := middleOf(batched, func(f scenario.FanoutRow) float64 { return f.CPUMicros }); ok && its > 0 {
			cpu, ok := middleOf(mine, func(f scenario.FanoutRow) float64 { return f.CPUMicros })
			b := bound{what: name + ": CPU to bare-20ms", unit: "times its", moonshot: 1.2}
			found = append(found, b.judge(cpu/its, ok))
		}
	}
	return found, nil
}

func idleGoals(r runs) ([]goal, error) {
	results, err := decodeResults[scenario.IdleResult](r)
	bytes, ok := middleOf(results, func(r scenario.IdleResult) float64 { return r.BytesPerMember })
	return []goal{bound{what: "process memory of an idle member", unit: "bytes", must: 1536, moonshot: 1024}.judge(bytes, ok)}, err
}

func connectGoals(r runs) ([]goal, error) {
	results, err := decodeResults[scenario.ConnectResult](r)
	var found []goal
	for _, wire := range []string{"ws", "tcp"} {
		storms := partsOf(results, func(r scenario.ConnectResult) []scenario.Storm { return r.Storms },
			func(s scenario.Storm) bool { return s.Wire == wire })
		micros, ok := middleOf(storms, func(s scenario.Storm) float64 { return s.EachMicros })
		found = append(found, bound{what: "server CPU to connect, register and join, " + wire, unit: "µs", must: 60, moonshot: 35}.judge(micros, ok))
	}
	return found, err
}

// goalTable writes goals for a reader.
func goalTable(all []goal) string {
	rows := make([][]string, len(all))
	for i, g := range all {
		row := []string{g.what, g.want, g.got, yesNo(g.met, g.want != "-"), g.moonshot, yesNo(g.reached, g.moonshot != "")}
		if g.got == "" {
			row[2], row[3], row[5] = "not measured", "", ""
		}
		rows[i] = row
	}
	return markdown([]string{"figure", "goal", "measured", "met", "moonshot", "reached"}, rows)
}

func yesNo(yes, asked bool) string {
	switch {
	case !asked:
		return ""
	case yes:
		return "yes"
	}
	return "**no**"
}
