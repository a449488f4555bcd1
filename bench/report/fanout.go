package report

import (
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"

	"uproar/bench/scenario"
)

// fanoutRows are one row and target of several runs.
func fanoutRows(results []scenario.FanoutResult, row scenario.Row, target string) []scenario.FanoutRow {
	return partsOf(results, func(r scenario.FanoutResult) []scenario.FanoutRow { return r.Rows },
		func(one scenario.FanoutRow) bool { return one.Row == row && one.Target == target })
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
		cpu.Ticks = append(cpu.Ticks, scenario.Tick{At: float64(i), Label: strings.Replace(rowName(row), ", ", "\n", 1)})
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
