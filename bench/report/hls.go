package report

import (
	"fmt"

	"uproar/bench/scenario"
)

// hitGoals hold what a hit costs to nginx in the same run.
func hitGoals(r runs) ([]goal, error) {
	results, err := decodeResults[scenario.HLSHitResult](r)
	if err != nil {
		return nil, err
	}
	var found []goal
	for _, object := range []string{"playlist", "segment 100 KB", "segment 1 MB"} {
		for _, connections := range []int{50, 1000} {
			rows := partsOf(results, func(r scenario.HLSHitResult) []scenario.HLSHitRow { return r.Rows }, func(row scenario.HLSHitRow) bool {
				return row.Target == "uproar" && row.Object == object && row.Connections == connections
			})
			ratio, ok := middleOf(rows, func(row scenario.HLSHitRow) float64 { return row.ToNginx })
			b := bound{what: fmt.Sprintf("video, %s, %s connections: CPU of a hit", object, grouped(fmt.Sprint(connections))), unit: "times nginx's", must: 1, moonshot: 0.7}
			found = append(found, b.judge(ratio, ok && ratio > 0))
		}
	}
	return append(found, whole("video, hits", "all right", results, scenario.HLSHitResult.Check)), nil
}

// herdViewers is how many wait. A smaller herd is judged by nothing.
const herdViewers = 10_000

func herdGoals(r runs) ([]goal, error) {
	results, err := fullResults(r, func(r scenario.HLSHerdResult) bool { return len(r.Rows) > 0 && r.Rows[0].Viewers >= herdViewers })
	if err != nil {
		return nil, err
	}
	var found []goal
	for _, object := range []string{"playlist", "segment 100 KB"} {
		rows := partsOf(results, func(r scenario.HLSHerdResult) []scenario.HLSHerdRow { return r.Rows }, func(row scenario.HLSHerdRow) bool {
			return row.Target == "uproar" && row.Object == object
		})
		ratio, ok := middleOf(rows, func(row scenario.HLSHerdRow) float64 { return row.ToNginx })
		b := bound{what: "video, 10,000 wait for the next " + object + ": p99", unit: "times nginx's", must: 0.2, moonshot: 0.05}
		found = append(found, b.judge(ratio, ok && ratio > 0))
	}
	return append(found, whole("video, 10,000 wait: requests upstream", "1 for each object, all answers right", results, scenario.HLSHerdResult.Check)), nil
}

// stalledViewers is how many do not read. Fewer are judged by nothing.
const stalledViewers = 1000

func viewersGoals(r runs) ([]goal, error) {
	results, err := fullResults(r, func(r scenario.HLSSlowResult) bool {
		return len(r.Rows) > 0 && r.Rows[0].Viewers >= stalledViewers && r.Rows[0].Segment >= 4<<20
	})
	if err != nil {
		return nil, err
	}
	rows := partsOf(results, func(r scenario.HLSSlowResult) []scenario.HLSSlowRow { return r.Rows }, func(row scenario.HLSSlowRow) bool { return row.Target == "uproar" })
	bytes, ok := middleOf(rows, func(row scenario.HLSSlowRow) float64 { return row.Each })
	return []goal{
		bound{what: "video: process memory of a viewer that reads nothing of a 4 MB segment", unit: "bytes", must: 2048}.judge(bytes, ok),
		whole("video: stalled viewers that read again", "all have the whole segment", results, scenario.HLSSlowResult.Check),
	}, nil
}

// livePlayers is how many watch. Fewer are judged by nothing.
const livePlayers = 2000

func liveGoals(r runs) ([]goal, error) {
	results, err := fullResults(r, func(r *scenario.HLSLiveResult) bool { return r.Players >= livePlayers && r.Seconds >= 120 })
	if err != nil {
		return nil, err
	}
	return []goal{whole("video, 2,000 players for two minutes over three tiers", "no stall, nothing wrong", results, func(r *scenario.HLSLiveResult) error {
		if r.Stalls > 0 {
			return fmt.Errorf("%d stalls of %d players", r.Stalls, r.StalledOf)
		}
		return r.Check()
	})}, nil
}

// hlsCharts compare targets.
func hlsCharts(r runs) ([]scenario.Chart, error) {
	f, ok := fieldOf(r.alike())
	if !ok {
		return nil, nil
	}
	c, drawn := f.chart("cpu", "Server CPU of what is in the cache", "times nginx's", "to nginx")
	if r.last().Scenario == "hls-herd" {
		c, drawn = f.chart("p99", "99 % of the viewers have it, after it left the origin", "ms", "p99 ms")
	}
	if !drawn {
		return nil, nil
	}
	return []scenario.Chart{c}, nil
}
