package report

import (
	"encoding/json"
	"fmt"
	"math"
	"slices"
	"strconv"

	"uproar/bench/scenario"
)

// charts returns the pictures of some runs: those that the newest brought with it, and
// those that compare targets, which a report draws because they combine runs.
func charts(r runs) ([]scenario.Chart, error) {
	all := slices.Clone(r.last().Charts)
	var err error
	var more []scenario.Chart
	switch r.last().Scenario {
	case "fanout":
		more, err = fanoutCharts(r)
	case "idle":
		more, err = idleCharts(r)
	}
	if err != nil {
		return nil, fmt.Errorf("cannot draw %q at %s: %w", r.last().Scenario, r.last().Environment.Commit, err)
	}
	return append(all, more...), nil
}

// decodeResults decodes the results of all runs.
func decodeResults[R any](r runs) ([]R, error) {
	results := make([]R, len(r))
	for i, e := range r {
		if err := json.Unmarshal(e.Result, &results[i]); err != nil {
			return nil, err
		}
	}
	return results, nil
}

// fanoutRows are one row and target of several runs.
func fanoutRows(results []scenario.FanoutResult, row scenario.Row, target string) []scenario.FanoutRow {
	var found []scenario.FanoutRow
	for _, result := range results {
		for _, one := range result.Rows {
			if one.Row == row && one.Target == target {
				found = append(found, one)
			}
		}
	}
	return found
}

// grid returns the rows and targets of a result, in order.
func grid(result scenario.FanoutResult) (rows []scenario.Row, targets []string) {
	for _, one := range result.Rows {
		if !slices.Contains(rows, one.Row) {
			rows = append(rows, one.Row)
		}
		if !slices.Contains(targets, one.Target) {
			targets = append(targets, one.Target)
		}
	}
	return rows, targets
}

// middle is the median of what of finds in rows, the upper of the middle two.
func middle[T any](rows []T, of func(T) float64) float64 {
	values := make([]float64, len(rows))
	for i, row := range rows {
		values[i] = of(row)
	}
	slices.Sort(values)
	return values[len(values)/2]
}

func rowName(row scenario.Row) string {
	return grouped(strconv.Itoa(row.Members)) + " members, " + grouped(strconv.FormatFloat(row.Rate, 'f', -1, 64)) + " lines/s"
}

func fanoutCharts(r runs) ([]scenario.Chart, error) {
	results, err := decodeResults[scenario.FanoutResult](r)
	if err != nil {
		return nil, err
	}
	rows, targets := grid(results[len(results)-1])
	cpu := scenario.Chart{Name: "cpu", Title: "Server CPU per line delivered to one member", Y: "µs, user and system", Bars: true}
	for i, row := range rows {
		cpu.Ticks = append(cpu.Ticks, scenario.Tick{At: float64(i), Label: rowName(row)})
	}
	for _, target := range targets {
		s := scenario.Series{Name: target}
		for i, row := range rows {
			if found := fanoutRows(results, row, target); len(found) > 0 {
				s.X = append(s.X, float64(i))
				s.Y = append(s.Y, middle(found, func(f scenario.FanoutRow) float64 { return f.CPUMicros }))
			}
		}
		cpu.Series = append(cpu.Series, s)
	}
	all := []scenario.Chart{cpu}
	for _, row := range rows {
		all = append(all, latencyChart(results, row, targets))
	}
	return all, nil
}

// latencyTicks label shares of deliveries at -log10(1 - share).
var latencyTicks = []struct {
	share float64
	label string
}{{0.5, "50 %"}, {0.9, "90 %"}, {0.99, "99 %"}, {0.999, "99.9 %"}, {0.9999, "99.99 %"}, {1, "all"}}

// shareAt is where a share stands on the axis; all deliveries stand at 5.
func shareAt(share float64) float64 {
	if share >= 1 {
		return 5
	}
	return -math.Log10(1 - share)
}

func latencyChart(results []scenario.FanoutResult, row scenario.Row, targets []string) scenario.Chart {
	c := scenario.Chart{
		Name:  fmt.Sprintf("latency-%v", row),
		Title: "Latency from the time a line was due: " + rowName(row),
		X:     "share of deliveries", Y: "ms or less, logarithmic", LogY: true,
	}
	for _, t := range latencyTicks {
		c.Ticks = append(c.Ticks, scenario.Tick{At: shareAt(t.share), Label: t.label})
	}
	for _, target := range targets {
		found := fanoutRows(results, row, target)
		if len(found) == 0 {
			continue
		}
		s := scenario.Series{Name: target}
		for k, q := range quantiles(found[len(found)-1]) {
			s.X = append(s.X, shareAt(q.Share))
			s.Y = append(s.Y, max(0.001, middle(found, func(f scenario.FanoutRow) float64 {
				return quantiles(f)[min(k, len(quantiles(f))-1)].Ms
			})))
		}
		c.Series = append(c.Series, s)
	}
	return c
}

// quantiles are a row's, or the three that older results have.
func quantiles(f scenario.FanoutRow) []scenario.Quantile {
	if len(f.Quantiles) > 0 {
		return f.Quantiles
	}
	return []scenario.Quantile{{Share: 0.5, Ms: f.P50}, {Share: 0.99, Ms: f.P99}, {Share: 1, Ms: f.Max}}
}

func idleCharts(r runs) ([]scenario.Chart, error) {
	results, err := decodeResults[scenario.IdleResult](r)
	if err != nil {
		return nil, err
	}
	c := scenario.Chart{Name: "slope", Title: "Process memory by number of idle members", X: "members", Y: "resident, MB"}
	for i, result := range results {
		measured := scenario.Series{Name: "measured"}
		var x, y []float64
		for _, step := range result.Steps {
			x, y = append(x, float64(step.Members)), append(y, float64(step.Memory.RSS))
		}
		measured.X = append([]float64{0}, x...)
		for _, bytes := range append([]float64{float64(result.Empty.RSS)}, y...) {
			measured.Y = append(measured.Y, bytes/(1<<20))
		}
		if len(results) > 1 {
			measured.Name = fmt.Sprintf("measured, run %d", i+1)
		}
		c.Series = append(c.Series, fit(x, y, result.BytesPerMember), measured)
	}
	return []scenario.Chart{c}, nil
}

// fit is the line of the slope through the middle of the points.
func fit(x, y []float64, slope float64) scenario.Series {
	var sx, sy float64
	for i := range x {
		sx, sy = sx+x[i], sy+y[i]
	}
	n := float64(len(x))
	at := func(members float64) float64 { return (sy/n + slope*(members-sx/n)) / (1 << 20) }
	return scenario.Series{Name: "slope: " + significant(slope) + " bytes/member", X: []float64{0, slices.Max(x)}, Y: []float64{at(0), at(slices.Max(x))}}
}
