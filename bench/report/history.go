package report

import (
	"encoding/json"
	"fmt"
	"slices"

	"uproar/bench/scenario"
)

// moment is what one commit measured of the figures that are followed.
type moment struct {
	commit string
	date   string
	fanout []scenario.FanoutResult
	idle   []scenario.IdleResult
}

// moments returns the commits that measured fan-out or idle members, the oldest first.
func moments(entries []Entry) ([]*moment, error) {
	var all []*moment
	for _, e := range entries {
		if e.Scenario != "fanout" && e.Scenario != "idle" {
			continue
		}
		i := slices.IndexFunc(all, func(m *moment) bool { return m.commit == e.Environment.Commit })
		if i < 0 {
			i = len(all)
			all = append(all, &moment{commit: e.Environment.Commit, date: e.Environment.Time.Format("2006-01-02 15:04")})
		}
		if err := all[i].add(e); err != nil {
			return nil, fmt.Errorf("cannot read the result of %q at %s: %w", e.Scenario, e.Environment.Commit, err)
		}
	}
	return all, nil
}

func (m *moment) add(e Entry) error {
	if e.Scenario == "idle" {
		var r scenario.IdleResult
		err := json.Unmarshal(e.Result, &r)
		m.idle = append(m.idle, r)
		return err
	}
	var r scenario.FanoutResult
	err := json.Unmarshal(e.Result, &r)
	m.fanout = append(m.fanout, r)
	return err
}

// followed are the rows whose ratio is followed: those of the default grid.
func followed() []scenario.Row { return scenario.Fanout.New().(*scenario.FanoutConfig).Rows }

// ratio is Uproar's CPU to the bare loop's in a row, the middle of all runs.
func (m *moment) ratio(row scenario.Row) (float64, bool) {
	var found []scenario.FanoutRow
	for _, f := range fanoutRows(m.fanout, row, "uproar") {
		if f.Ratio > 0 {
			found = append(found, f)
		}
	}
	if len(found) == 0 {
		return 0, false
	}
	return middle(found, func(f scenario.FanoutRow) float64 { return f.Ratio }), true
}

// historyTable has a row for each commit.
func historyTable(all []*moment) (header []string, rows [][]string) {
	header = []string{"measured (UTC)", "commit"}
	for _, row := range followed() {
		header = append(header, "CPU to bare, "+rowName(row))
	}
	header = append(header, "bytes/idle member", "join µs")
	for _, m := range all {
		cells := []string{m.date, m.commit}
		for _, row := range followed() {
			cell := ""
			if x, ok := m.ratio(row); ok {
				cell = fmt.Sprintf("%.2f", x)
			}
			cells = append(cells, cell)
		}
		memory, join := "", ""
		if len(m.idle) > 0 {
			memory = grouped(fmt.Sprintf("%.0f", middle(m.idle, func(r scenario.IdleResult) float64 { return r.BytesPerMember })))
			join = fmt.Sprintf("%.1f", middle(m.idle, func(r scenario.IdleResult) float64 { return r.JoinMicros }))
		}
		rows = append(rows, append(cells, memory, join))
	}
	return header, rows
}

// historyChart follows the ratio over commits.
func historyChart(all []*moment) (scenario.Chart, bool) {
	c := scenario.Chart{Name: "history-fanout", Title: "Server CPU per delivery, Uproar to the bare loop in the same run",
		X: "commit, the oldest first", Y: "ratio; below 1 is less than bare"}
	all = slices.DeleteFunc(slices.Clone(all), func(m *moment) bool { return len(m.fanout) == 0 })
	for _, row := range followed() {
		s := scenario.Series{Name: rowName(row)}
		for i, m := range all {
			if x, ok := m.ratio(row); ok {
				s.X, s.Y = append(s.X, float64(i)), append(s.Y, x)
			}
		}
		if len(s.X) > 0 {
			c.Series = append(c.Series, s)
		}
	}
	const ticksMax = 8 // labels that fit
	every := (len(all) + ticksMax - 1) / ticksMax
	for i, m := range all {
		if i%max(1, every) == 0 {
			c.Ticks = append(c.Ticks, scenario.Tick{At: float64(i), Label: m.commit})
		}
	}
	return c, len(c.Series) > 0
}
