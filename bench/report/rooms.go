package report

import (
	"fmt"

	"uproar/bench/scenario"
)

// pokemonGoals are of the whole room: a smaller one is judged by nothing.
func pokemonGoals(r runs) ([]goal, error) {
	results, err := fullResults(r, func(r scenario.PokemonResult) bool { return r.Members >= pokemonMembers })
	if err != nil {
		return nil, err
	}
	var found []goal
	for _, name := range []string{"calm", "burst"} {
		phases := partsOf(results, func(r scenario.PokemonResult) []scenario.Phase { return r.Phases },
			func(p scenario.Phase) bool { return p.Name == name })
		p99, ok := middleOf(phases, func(p scenario.Phase) float64 { return p.P99 })
		found = append(found, bound{what: "the Pokémon room: p99, " + name, unit: "ms", must: 1000, moonshot: 500}.judge(p99, ok))
	}
	return append(found, whole("the Pokémon room: lines", "none lost, none out of order", results,
		func(r scenario.PokemonResult) error { return r.Faults.Check() })), nil
}

// millionGoals are of a million: fewer are judged by nothing.
func millionGoals(r runs) ([]goal, error) {
	results, err := fullResults(r, func(r scenario.MillionResult) bool { return r.Members >= millionMembers })
	if err != nil {
		return nil, err
	}
	pinged, ok := middleOf(results, func(r scenario.MillionResult) float64 { return float64(r.Pinged) })
	bytes, _ := middleOf(results, func(r scenario.MillionResult) float64 { return r.Footprint.EdgeEach + r.Footprint.KernelEach })
	slowest, said := middleOf(results, func(r scenario.MillionResult) float64 {
		most := 0.0
		for _, s := range r.Lines {
			most = max(most, s)
		}
		return most
	})
	return []goal{
		bound{what: "a million members: joined, and answer PING", unit: "members", must: millionMembers, atLeast: true}.judge(pinged, ok),
		bound{what: "a million members: memory of each, with the kernel's for both ends of its connection", unit: "bytes", must: 7 << 10}.judge(bytes, ok),
		bound{what: "a million members: until all have a line", unit: "s", moonshot: 5}.judge(slowest, said && slowest > 0),
		whole("a million members: a line to all", "none lost", results, func(r scenario.MillionResult) error { return r.Faults.Check() }),
	}, nil
}

// slowGoals compare the server's growth with that of runs in which all read: what is
// beyond it is the slow member's own.
func slowGoals(r runs) ([]goal, error) {
	results, err := decodeResults[scenario.SlowResult](r)
	own, ok := middleOf(results, func(r scenario.SlowResult) float64 { return float64(r.Growth-r.GrowthAlike) / (1 << 10) })
	g := bound{what: "a slow member: memory of its own while 64 MB pass by", unit: "KB", must: 4}.judge(own, ok)
	if ok && own < 0 {
		g.got = fmt.Sprintf("%s KB less than when all read", significant(-own))
	}
	lost := goal{what: "a slow member: lines that others miss", want: "none", met: true}
	if n, ok := middleOf(results, func(r scenario.SlowResult) float64 { return float64(r.LostOthers) }); ok {
		lost.got, lost.met = grouped(fmt.Sprint(n)), n == 0
	}
	return []goal{g, lost}, err
}
