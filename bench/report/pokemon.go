package report

import (
	"strconv"

	"uproar/bench/scenario"
)

// pokemonCharts show the course of the newest run, and latency in and out of bursts.
func pokemonCharts(r runs) ([]scenario.Chart, error) {
	results, err := decodeResults[scenario.PokemonResult](r[len(r)-1:])
	if err != nil {
		return nil, err
	}
	result := results[0]
	return []scenario.Chart{deliveriesChart(result), coresChart(result), phasesChart(result)}, nil
}

func deliveriesChart(result scenario.PokemonResult) scenario.Chart {
	c := scenario.Chart{Name: "deliveries", Title: "Deliveries to " + grouped(strconv.Itoa(result.Members)) + " members, second by second", X: "seconds", Y: "thousands a second"}
	s := scenario.Series{Name: "deliveries"}
	for _, sample := range result.Samples {
		s.X, s.Y = append(s.X, sample.At), append(s.Y, float64(sample.Deliveries)/1e3)
	}
	c.Series = []scenario.Series{s}
	return c
}

func coresChart(result scenario.PokemonResult) scenario.Chart {
	c := scenario.Chart{Name: "cores", Title: "Processor time, second by second", X: "seconds", Y: "cores busy"}
	for _, part := range []struct {
		name string
		of   func(scenario.Sample) float64
	}{
		{"edges", func(s scenario.Sample) float64 { return s.Edges }},
		{"clients", func(s scenario.Sample) float64 { return s.Clients }},
		{"desk and Redis", func(s scenario.Sample) float64 { return s.Desk }},
	} {
		s := scenario.Series{Name: part.name}
		for _, sample := range result.Samples {
			s.X, s.Y = append(s.X, sample.At), append(s.Y, part.of(sample))
		}
		c.Series = append(c.Series, s)
	}
	return c
}

// phasesChart compares lines due in a burst with those due out of one.
func phasesChart(result scenario.PokemonResult) scenario.Chart {
	c := scenario.Chart{Name: "latency", Title: "Latency from the time a line was due", Y: "ms", Bars: true}
	for _, part := range []struct {
		name string
		of   func(scenario.Phase) float64
	}{
		{"50 % within", func(p scenario.Phase) float64 { return p.P50 }},
		{"99 % within", func(p scenario.Phase) float64 { return p.P99 }},
		{"all within", func(p scenario.Phase) float64 { return p.Max }},
	} {
		s := scenario.Series{Name: part.name}
		for i, phase := range result.Phases {
			s.X, s.Y = append(s.X, float64(i)), append(s.Y, part.of(phase))
		}
		c.Series = append(c.Series, s)
	}
	for i, phase := range result.Phases {
		c.Ticks = append(c.Ticks, scenario.Tick{At: float64(i), Label: phase.Name})
	}
	return c
}
