package report

import (
	"cmp"
	"fmt"
	"slices"

	"uproar/bench/scenario"
)

// moment is what one commit measured of a course.
type moment struct {
	commit string
	date   string
	values map[string][]float64 // by the name of the figure, one of each run
}

// course follows figures of one unit over commits.
type course struct {
	aspect
	names   []string  // of figures, in the order of their first appearance
	moments []*moment // the oldest first
}

// follow reads all courses that have any figure.
func follow(entries []Entry) ([]course, error) {
	var all []course
	for _, a := range aspects {
		c := course{aspect: a}
		for _, e := range entries {
			figures, err := a.of(e)
			if err != nil {
				return nil, fmt.Errorf("cannot read the result of %q at %s: %w", e.Scenario, e.Environment.Commit, err)
			}
			c.add(e, figures)
		}
		if len(c.moments) > 0 {
			all = append(all, c)
		}
	}
	return all, nil
}

func (c *course) add(e Entry, figures []figure) {
	if len(figures) == 0 {
		return
	}
	i := slices.IndexFunc(c.moments, func(m *moment) bool { return m.commit == e.Environment.Commit })
	if i < 0 {
		i = len(c.moments)
		c.moments = append(c.moments, &moment{e.Environment.Commit, e.Environment.Time.Format("2006-01-02 15:04"), map[string][]float64{}})
	}
	for _, f := range figures {
		if !slices.Contains(c.names, f.name) {
			c.names = append(c.names, f.name)
		}
		c.moments[i].values[f.name] = append(c.moments[i].values[f.name], f.value)
	}
}

// value is the middle of all runs at a commit.
func (m *moment) value(name string) (float64, bool) {
	values := m.values[name]
	if len(values) == 0 {
		return 0, false
	}
	return middle(values, func(x float64) float64 { return x }), true
}

// table has a row for each commit.
func (c course) table() string {
	var rows [][]string
	for _, m := range c.moments {
		cells := []string{m.date, m.commit}
		for _, name := range c.names {
			cell := ""
			if x, ok := m.value(name); ok {
				cell = significant(x)
			}
			cells = append(cells, cell)
		}
		rows = append(rows, cells)
	}
	return markdown(append([]string{"measured (UTC)", "commit"}, c.names...), rows)
}

// chart is drawn once there are two commits: one alone is no course.
func (c course) chart() (scenario.Chart, bool) {
	drawn := scenario.Chart{Name: "history-" + c.name, Title: c.title, X: "commit, the oldest first", Y: c.unit}
	for _, name := range c.names {
		s := scenario.Series{Name: name}
		for i, m := range c.moments {
			if x, ok := m.value(name); ok {
				s.X, s.Y = append(s.X, float64(i)), append(s.Y, x)
			}
		}
		drawn.Series = append(drawn.Series, s)
	}
	const ticksMax = 8 // labels that fit
	every := (len(c.moments) + ticksMax - 1) / ticksMax
	for i, m := range c.moments {
		if i%max(1, every) == 0 {
			drawn.Ticks = append(drawn.Ticks, scenario.Tick{At: float64(i), Label: m.commit})
		}
	}
	low, high := extremes(drawn.Series)
	drawn.LogY = low > 0 && high > 20*low
	return drawn, len(c.moments) > 1
}

func extremes(all []scenario.Series) (low, high float64) {
	low, high = all[0].Y[0], all[0].Y[0]
	for _, s := range all {
		low, high = min(low, slices.MinFunc(s.Y, cmp.Compare)), max(high, slices.MaxFunc(s.Y, cmp.Compare))
	}
	return low, high
}
