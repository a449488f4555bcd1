package report

import (
	"fmt"
	"slices"

	"uproar/bench/scenario"
)

// idleCharts show the slope, or what a member costs each of several servers.
func idleCharts(r runs) ([]scenario.Chart, error) {
	if f, ok := fieldOf(r.alike()); ok {
		c, drawn := f.chart("memory", "Process memory of an idle member", "bytes", "bytes/member")
		if !drawn {
			return nil, nil
		}
		return []scenario.Chart{c}, nil
	}
	results, err := decodeResults[scenario.IdleResult](r)
	if err != nil {
		return nil, err
	}
	c := scenario.Chart{Name: "slope", Title: "Process memory by number of idle members", X: "members", Y: "resident, MB"}
	for i, result := range results {
		if len(result.Steps) == 0 {
			continue
		}
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
	if len(c.Series) == 0 {
		return nil, nil
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
