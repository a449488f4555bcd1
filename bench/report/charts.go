package report

import (
	"encoding/json"
	"fmt"
	"slices"

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
	case "pokemon":
		more, err = pokemonCharts(r)
	case "hls-hit", "hls-herd":
		more, err = hlsCharts(r)
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

// fullResults decodes the results of all runs, and returns none when the newest is not of
// the full size: runs of one command have the same.
func fullResults[R any](r runs, full func(R) bool) ([]R, error) {
	results, err := decodeResults[R](r)
	if err != nil || len(results) > 0 && !full(results[len(results)-1]) {
		return nil, err
	}
	return results, nil
}

// partsOf are those parts of all results that are wanted.
func partsOf[R, P any](results []R, parts func(R) []P, wanted func(P) bool) []P {
	var found []P
	for _, result := range results {
		for _, part := range parts(result) {
			if wanted(part) {
				found = append(found, part)
			}
		}
	}
	return found
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

// middleOf is middle of rows that may be none.
func middleOf[T any](rows []T, of func(T) float64) (float64, bool) {
	if len(rows) == 0 {
		return 0, false
	}
	return middle(rows, of), true
}
