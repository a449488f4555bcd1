package report

import (
	"encoding/json"
	"slices"
	"strconv"
	"strings"

	"uproar/bench/scenario"
)

// figure is one value that is followed over commits.
type figure struct {
	name  string
	value float64
}

// aspect is what some figures of one unit are about. Of is what one run has of them.
type aspect struct {
	name, title, unit string
	of                func(e Entry) ([]figure, error)
}

// aspects are followed over commits, in the order of the document. A run of less than the
// full size is no part of them.
var aspects = []aspect{
	{"fanout", "Server CPU per delivery, Uproar to the bare loop in the same run", "ratio; below 1 is less than bare", fanoutFigures},
	{"memory", "Memory of a member", "bytes", memoryFigures},
	{"connect", "Server CPU to connect, register and join", "µs", connectFigures},
	{"pokemon", "99 % of deliveries within, 121,000 members", "ms", pokemonFigures},
	{"million", "Until all of a million members have a line", "s", millionFigures},
	{"clue", "Decisions of a core, warm cache", "a second", clueFigures},
}

// Sizes from which a run counts.
const (
	pokemonMembers = 121_000
	millionMembers = 1_000_000
)

// decodeOf decodes the result of a run of that scenario; ok is false for another's.
func decodeOf[R any](e Entry, name string) (result R, ok bool, err error) {
	if e.Scenario != name {
		return result, false, nil
	}
	err = json.Unmarshal(e.Result, &result)
	return result, err == nil, err
}

// fanoutFigures are of the rows of the default grid.
func fanoutFigures(e Entry) ([]figure, error) {
	result, ok, err := decodeOf[scenario.FanoutResult](e, "fanout")
	if !ok {
		return nil, err
	}
	var all []figure
	for _, row := range scenario.Fanout.New().(*scenario.FanoutConfig).Rows {
		for _, one := range fanoutRows([]scenario.FanoutResult{result}, row, "uproar") {
			if one.Ratio > 0 {
				all = append(all, figure{rowName(row), one.Ratio})
			}
		}
	}
	return all, nil
}

func memoryFigures(e Entry) ([]figure, error) {
	if e.key() == "idle" {
		result, _, err := decodeOf[scenario.IdleResult](e, "idle")
		return []figure{{"idle, process", result.BytesPerMember}}, err
	}
	result, ok, err := decodeOf[scenario.MillionResult](e, "million")
	if !ok || result.Members < millionMembers {
		return nil, err
	}
	f := result.Footprint
	return []figure{{"one of a million, process", f.EdgeEach}, {"one of a million, process and kernel", f.EdgeEach + f.KernelEach}}, nil
}

func connectFigures(e Entry) ([]figure, error) {
	if e.key() == "idle" {
		result, _, err := decodeOf[scenario.IdleResult](e, "idle")
		return []figure{{"idle, ws", result.JoinMicros}}, err
	}
	result, _, err := decodeOf[scenario.ConnectResult](e, "connect")
	var all []figure
	for _, storm := range result.Storms {
		all = append(all, figure{"storm, " + storm.Wire, storm.EachMicros})
	}
	return all, err
}

func pokemonFigures(e Entry) ([]figure, error) {
	result, ok, err := decodeOf[scenario.PokemonResult](e, "pokemon")
	if !ok || result.Members < pokemonMembers {
		return nil, err
	}
	var all []figure
	for _, phase := range result.Phases {
		all = append(all, figure{phase.Name, phase.P99})
	}
	return all, nil
}

func millionFigures(e Entry) ([]figure, error) {
	result, ok, err := decodeOf[scenario.MillionResult](e, "million")
	if !ok || result.Members < millionMembers || len(result.Lines) == 0 {
		return nil, err
	}
	return []figure{{"the slowest line", slices.Max(result.Lines)}}, nil
}

// clueFigures are of the tables: those of go test have no type of their own.
func clueFigures(e Entry) ([]figure, error) {
	switch e.key() {
	case "clue-bench":
		return column(e, "decisions", func(row func(string) string) string {
			if row("cores") != "1" {
				return ""
			}
			return "no sockets: " + row("case")
		}), nil
	case "clue":
		return column(e, "decided per core", func(row func(string) string) string {
			if row("offered") != "flat out" || row("store") != "embedded" {
				return ""
			}
			return "with sockets, flat out"
		}), nil
	}
	return nil, nil
}

// column has a figure for each row that name names, by the first column whose name begins so.
func column(e Entry, begin string, name func(row func(string) string) string) []figure {
	j := slices.IndexFunc(e.Header, func(column string) bool { return strings.HasPrefix(column, begin) })
	if j < 0 {
		return nil
	}
	var all []figure
	for _, row := range e.Cells {
		called := name(func(column string) string {
			if i := slices.Index(e.Header, column); i >= 0 {
				return row[i]
			}
			return ""
		})
		if x, err := strconv.ParseFloat(row[j], 64); err == nil && called != "" {
			all = append(all, figure{called, x})
		}
	}
	return all
}
