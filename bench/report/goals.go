package report

import (
	"fmt"

	"uproar/bench/scenario"
)

// goal is a figure beside what the project wants of it.
type goal struct {
	what string
	want string
	got  string
	met  bool
}

// goals judges the current runs by what the project has set itself. A run of less than
// the stated size is not judged.
func goals(all []runs) ([]goal, error) {
	var judged []goal
	for _, r := range all {
		if r.last().key() != r.last().Scenario {
			continue // measured for the peers' sake
		}
		var found []goal
		var err error
		switch r.last().Scenario {
		case "fanout":
			found, err = fanoutGoals(r)
		case "idle":
			found, err = idleGoals(r)
		case "connect":
			found, err = connectGoals(r)
		case "pokemon":
			found, err = pokemonGoals(r)
		case "million":
			found, err = millionGoals(r)
		}
		if err != nil {
			return nil, fmt.Errorf("cannot judge %q at %s: %w", r.last().Scenario, r.last().Environment.Commit, err)
		}
		judged = append(judged, found...)
	}
	return judged, nil
}

// most is a goal that must not be exceeded.
func most(what, unit string, got, bound float64) goal {
	return goal{what, "at most " + significant(bound) + " " + unit, significant(got) + " " + unit, got <= bound}
}

func fanoutGoals(r runs) ([]goal, error) {
	results, err := decodeResults[scenario.FanoutResult](r)
	if err != nil {
		return nil, err
	}
	var found []goal
	for _, row := range []scenario.Row{{Members: 1000, Rate: 50}, {Members: 5000, Rate: 20}} {
		m := moment{fanout: results}
		if ratio, ok := m.ratio(row); ok {
			found = append(found, most("fan-out CPU, "+rowName(row), "times the bare loop's", ratio, 1.25))
		}
	}
	for _, row := range []scenario.Row{{Members: 1000, Rate: 200}, {Members: 1000, Rate: 1000}} {
		if rows := fanoutRows(results, row, "uproar"); len(rows) > 0 {
			p99 := middle(rows, func(f scenario.FanoutRow) float64 { return f.P99 })
			found = append(found, most("fan-out p99, "+rowName(row), "ms", p99, 60))
		}
	}
	return found, nil
}

func idleGoals(r runs) ([]goal, error) {
	results, err := decodeResults[scenario.IdleResult](r)
	if err != nil {
		return nil, err
	}
	bytes := middle(results, func(r scenario.IdleResult) float64 { return r.BytesPerMember })
	return []goal{most("process memory of an idle member", "bytes", bytes, 1536)}, nil
}

func connectGoals(r runs) ([]goal, error) {
	results, err := decodeResults[scenario.ConnectResult](r)
	if err != nil {
		return nil, err
	}
	var found []goal
	for i, storm := range results[len(results)-1].Storms {
		micros := middle(results, func(r scenario.ConnectResult) float64 { return r.Storms[i].EachMicros })
		found = append(found, most("server CPU to connect, register and join, "+storm.Wire, "µs", micros, 60))
	}
	return found, nil
}

func pokemonGoals(r runs) ([]goal, error) {
	results, err := decodeResults[scenario.PokemonResult](r)
	if err != nil {
		return nil, err
	}
	last := results[len(results)-1]
	const members = 121000
	if last.Members < members {
		return nil, nil
	}
	var found []goal
	for i, phase := range last.Phases {
		p99 := middle(results, func(r scenario.PokemonResult) float64 { return r.Phases[i].P99 })
		found = append(found, most("p99 of the Pokémon room, "+phase.Name, "ms", p99, 1000))
	}
	lost := goal{what: "the Pokémon room", want: "nothing lost, nothing out of order", got: "so it is", met: true}
	for _, result := range results {
		if err := result.Faults.Check(); err != nil {
			lost.got, lost.met = err.Error(), false
		}
	}
	return append(found, lost), nil
}

func millionGoals(r runs) ([]goal, error) {
	results, err := decodeResults[scenario.MillionResult](r)
	if err != nil {
		return nil, err
	}
	last := results[len(results)-1]
	const members = 1000000
	if last.Members < members {
		return nil, nil
	}
	bytes := middle(results, func(r scenario.MillionResult) float64 { return r.Footprint.EdgeEach + r.Footprint.KernelEach })
	return []goal{
		{"a million members that answer PING", "all", grouped(fmt.Sprint(last.Pinged)), last.Pinged >= members},
		most("memory of each, with the kernel's for both ends of its connection", "bytes", bytes, 7168),
	}, nil
}

// goalTable writes goals for a reader.
func goalTable(all []goal) string {
	rows := make([][]string, len(all))
	for i, g := range all {
		met := "yes"
		if !g.met {
			met = "**no**"
		}
		rows[i] = []string{g.what, g.want, g.got, met}
	}
	return markdown([]string{"figure", "goal", "measured", "met"}, rows)
}
