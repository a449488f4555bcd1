package report

import (
	"errors"
	"time"

	"uproar/bench/scenario"
)

// clueGoals hold each row of either table to the goal: what decides alone, by go test, and
// with the sockets of those who speak.
func clueGoals(r runs) ([]goal, error) {
	const what = "clue: decisions a second of a core, warm cache"
	perCore := bound{unit: "a second", must: 100_000, moonshot: 300_000, atLeast: true}
	byName, names := map[string][]float64{}, []string(nil)
	var trips []float64
	for _, e := range r {
		figures, err := clueFigures(e)
		if err != nil {
			return nil, err
		}
		for _, f := range figures {
			if byName[f.name] == nil {
				names = append(names, f.name)
			}
			byName[f.name] = append(byName[f.name], f.value)
		}
		most := 0.0
		counted := append(column(e, "trips/batch", every), column(e, "round trips per batch", every)...)
		for _, f := range counted {
			most = max(most, f.value)
		}
		if len(counted) > 0 {
			trips = append(trips, most)
		}
	}
	if r == nil {
		names = []string{"no sockets", "with sockets, flat out"}
	}
	var found []goal
	for _, name := range names {
		perCore.what = what + ", " + name
		x, ok := middleOf(byName[name], itself)
		found = append(found, perCore.judge(x, ok))
	}
	most, ok := middleOf(trips, itself)
	return append(found, bound{what: "clue: round trips to the store", unit: "a batch", must: 1}.judge(most, ok)), nil
}

func every(func(string) string) string { return "row" }

func itself(x float64) float64 { return x }

// stallResult is what is judged of clue-stall.
type stallResult struct {
	Phases []struct {
		Quiet      float64 `json:"quiet_ms"`
		Unanswered int64   `json:"unanswered"`
		Answer     float64 `json:"answer_ms"`
		Ping       float64 `json:"ping_ms"`
	} `json:"phases"`
	Senders  float64         `json:"senders_ms"`
	Exchange float64         `json:"exchange_ms"`
	Faults   scenario.Faults `json:"faults"`
	Bounds   struct {
		Stop      time.Duration `json:"stop"`
		AnswerMax time.Duration `json:"answer_max"`
		PingMax   time.Duration `json:"ping_max"`
	} `json:"bounds"`
}

// stallStop is for how long Redis is stopped. A shorter stop is judged by nothing.
const stallStop = 30 * time.Second

// worst is the greatest of what of finds in the phases; below 0 is never.
func (r stallResult) worst(of func(i int) float64) float64 {
	most := 0.0
	for i := range r.Phases {
		most = max(most, of(i))
	}
	return most
}

// stallGoals say what may be noticed of a Redis that is stopped. How long a sender may
// wait, and a PING, stands in the run.
func stallGoals(r runs) ([]goal, error) {
	results, err := fullResults(r, func(r stallResult) bool { return r.Bounds.Stop >= stallStop })
	if err != nil {
		return nil, err
	}
	answer, ping := 470*time.Millisecond, 100*time.Millisecond
	if n := len(results); n > 0 {
		answer, ping = results[n-1].Bounds.AnswerMax, results[n-1].Bounds.PingMax
	}
	const what = "Redis is stopped for 30 s: "
	ms := func(name string, most time.Duration, of func(r stallResult) float64) goal {
		x, ok := middleOf(results, of)
		g := bound{what: what + name, unit: "ms", must: float64(most.Milliseconds())}.judge(x, ok)
		if ok && x < 0 {
			g.got, g.met = "never", false
		}
		return g
	}
	return []goal{
		ms("the slowest answer to a sender", answer, func(r stallResult) float64 { return r.worst(func(i int) float64 { return r.Phases[i].Answer }) }),
		ms("the slowest answer to a PING, which needs an event loop alone", ping, func(r stallResult) float64 { return r.worst(func(i int) float64 { return r.Phases[i].Ping }) }),
		ms("the longest time without a delivery", answer+ping, func(r stallResult) float64 { return r.worst(func(i int) float64 { return r.Phases[i].Quiet }) }),
		ms("from SIGCONT until no sender is refused", time.Second, func(r stallResult) float64 { return r.Senders }),
		ms("from SIGCONT until lines go through Redis", time.Second, func(r stallResult) float64 { return r.Exchange }),
		whole(what+"lines and senders", "none lost, all answered", results, func(r stallResult) error {
			if r.worst(func(i int) float64 { return float64(r.Phases[i].Unanswered) }) > 0 {
				return errors.New("senders had no answer")
			}
			return r.Faults.Check()
		}),
	}, nil
}
