package report

import (
	"fmt"
	"slices"
	"strings"

	"uproar/bench/scenario"
)

// field is a table of more than one server: who did what under which load.
type field struct {
	r       runs
	who     int // the column "target"
	targets []string
	loads   []string
}

// fieldOf is the field of r; ok is false when its table has no column "target".
func fieldOf(r runs) (f field, ok bool) {
	f = field{r: r, who: slices.Index(r.last().Header, "target")}
	if f.who < 0 {
		return f, false
	}
	for i, row := range r.last().Cells {
		if !slices.Contains(f.targets, row[f.who]) {
			f.targets = append(f.targets, row[f.who])
		}
		if l := load(r, i); !slices.Contains(f.loads, l) {
			f.loads = append(f.loads, l)
		}
	}
	return f, true
}

// crowded says whether a reader needs help to compare.
func (f field) crowded() bool { return len(f.targets) > 2 && len(f.loads) > 1 }

// cell is what target did in column under that load.
func (f field) cell(target, under, column string) (spread, bool) {
	j := slices.Index(f.r.last().Header, column)
	if j < 0 {
		return spread{}, false
	}
	for i, row := range f.r.last().Cells {
		if row[f.who] == target && load(f.r, i) == under {
			c := f.r.cell(i, j)
			return c, c.number
		}
	}
	return spread{}, false
}

// matrix is one column of the table: targets down, loads across, each figure with how
// many times Uproar's it is.
func (f field) matrix(column string) string {
	var rows [][]string
	for _, target := range f.targets {
		cells := []string{target}
		for _, l := range f.loads {
			cells = append(cells, f.toUproar(target, l, column))
		}
		rows = append(rows, cells)
	}
	header := []string{unitText(column) + " (times Uproar's)"}
	return markdown(append(header, f.loads...), rows)
}

func (f field) toUproar(target, under, column string) string {
	its, ok := f.cell(target, under, column)
	if !ok {
		return ""
	}
	text := grouped(its.text)
	if mine, ok := f.cell("uproar", under, column); ok && mine.middle > 0 && target != "uproar" {
		text += fmt.Sprintf(" (%.2f ×)", its.middle/mine.middle)
	}
	for i, row := range f.r.last().Cells {
		if row[f.who] == target && load(f.r, i) == under && short(f.r, i) {
			text += " " + shortMark
		}
	}
	return text
}

// chart is bars of a column: a group for each load in which it has a figure.
func (f field) chart(name, title, unit, column string) (scenario.Chart, bool) {
	c := scenario.Chart{Name: name, Title: title, Y: unit, Bars: true}
	place := map[string]float64{}
	for _, l := range f.loads {
		if slices.ContainsFunc(f.targets, func(t string) bool { _, ok := f.cell(t, l, column); return ok }) {
			place[l] = float64(len(c.Ticks))
			c.Ticks = append(c.Ticks, scenario.Tick{At: place[l], Label: strings.Replace(l, ", ", "\n", 1)})
		}
	}
	for _, target := range f.targets {
		s := scenario.Series{Name: target}
		for _, l := range f.loads {
			if cell, ok := f.cell(target, l, column); ok {
				s.X, s.Y = append(s.X, place[l]), append(s.Y, cell.middle)
			}
		}
		if len(s.X) > 0 {
			c.Series = append(c.Series, s)
		}
	}
	return c, len(c.Series) > 1
}

// peerTable names every server beside Uproar, those that are not installed too. The
// newest run that has one is right about it.
func peerTable(all []runs) string {
	var peers []scenario.Peer
	for _, r := range all {
		for _, p := range r.last().Peers {
			i := slices.IndexFunc(peers, func(o scenario.Peer) bool { return o.Name == p.Name })
			switch {
			case i < 0:
				peers = append(peers, p)
			case peers[i].Missing() && !p.Missing():
				peers[i] = p
			}
		}
	}
	var rows [][]string
	for _, p := range peers {
		version, install, tuned := p.Version, "", ""
		if p.Missing() {
			version = "**not installed, not measured**"
		}
		if p.Install != "" {
			install = "`" + p.Install + "`"
		}
		if p.Tuned != "" {
			tuned = "[" + p.Tuned + "](" + p.Tuned + ")"
		}
		rows = append(rows, []string{p.Name, version, tuned, install})
	}
	if rows == nil {
		return ""
	}
	return markdown([]string{"server", "version", "configuration", "to install it"}, rows)
}
