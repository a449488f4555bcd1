package report

import (
	"cmp"
	"slices"
	"strconv"

	"uproar/bench/scenario"
)

// sizesChart is memory of a member by how many there are. It needs two sizes.
func sizesChart(all []runs) (scenario.Chart, bool, error) {
	c := scenario.Chart{Name: "million-sizes", Title: "Memory of a member, by how many there are", Y: "bytes", X: "members", Bars: true}
	var sizes []scenario.MillionResult // the newest of each
	for _, r := range all {
		if r.last().key() != "million" {
			continue
		}
		results, err := decodeResults[scenario.MillionResult](r[len(r)-1:])
		if err != nil {
			return c, false, err
		}
		sizes = append(sizes, results[0])
	}
	members := func(a, b scenario.MillionResult) int { return cmp.Compare(a.Members, b.Members) }
	slices.SortStableFunc(sizes, members)
	sizes = slices.CompactFunc(sizes, func(a, b scenario.MillionResult) bool { return a.Members == b.Members })
	for _, part := range []struct {
		name string
		of   func(scenario.Footprint) float64
	}{
		{"server process", func(f scenario.Footprint) float64 { return f.EdgeEach }},
		{"kernel, both ends", func(f scenario.Footprint) float64 { return f.KernelEach }},
		{"client", func(f scenario.Footprint) float64 { return f.WorkerEach }},
	} {
		s := scenario.Series{Name: part.name}
		for i, result := range sizes {
			s.X, s.Y = append(s.X, float64(i)), append(s.Y, part.of(result.Footprint))
		}
		c.Series = append(c.Series, s)
	}
	for i, result := range sizes {
		c.Ticks = append(c.Ticks, scenario.Tick{At: float64(i), Label: grouped(strconv.Itoa(result.Members))})
	}
	return c, len(sizes) > 1, nil
}
