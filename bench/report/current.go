package report

import (
	"cmp"
	"slices"
	"strconv"
	"strings"
)

// runs are the entries of one command at one commit: repetitions of one measurement.
type runs []Entry

// current returns, for every key, the runs of the newest commit that has any, in the
// order of keys; keys that are not in the order come last.
func current(entries []Entry, order []string) []runs {
	newest := map[string]string{} // key to commit
	for _, e := range entries {   // oldest first
		newest[e.key()] = e.Environment.Commit
	}
	byCommand := map[string]int{}
	var all []runs
	for _, e := range entries {
		if newest[e.key()] != e.Environment.Commit {
			continue
		}
		i, ok := byCommand[e.key()+" "+e.Command]
		if !ok {
			i = len(all)
			byCommand[e.key()+" "+e.Command] = i
			all = append(all, nil)
		}
		all[i] = append(all[i], e)
	}
	place := func(r runs) int {
		if i := slices.Index(order, r[0].Scenario); i >= 0 {
			return i
		}
		return len(order)
	}
	slices.SortStableFunc(all, func(a, b runs) int {
		return cmp.Or(cmp.Compare(place(a), place(b)), strings.Compare(a[0].key(), b[0].key()))
	})
	return all
}

// last is the newest run.
func (r runs) last() Entry { return r[len(r)-1] }

// alike returns the runs whose table has the shape of the newest one's.
func (r runs) alike() runs {
	var same runs
	for _, e := range r {
		if slices.Equal(e.Header, r.last().Header) && len(e.Cells) == len(r.last().Cells) {
			same = append(same, e)
		}
	}
	return same
}

// spread is one cell over several runs.
type spread struct {
	text   string // of the middle run; the newest one's when they are no numbers
	low    string // "" when all are alike
	high   string
	middle float64 // of text, when number is true
	number bool
}

// cell combines row i, column j of all runs.
func (r runs) cell(i, j int) spread {
	type value struct {
		text string
		x    float64
	}
	var values []value
	for _, e := range r {
		x, err := strconv.ParseFloat(e.Cells[i][j], 64)
		if err != nil {
			return spread{text: r.last().Cells[i][j]}
		}
		values = append(values, value{e.Cells[i][j], x})
	}
	slices.SortFunc(values, func(a, b value) int { return cmp.Compare(a.x, b.x) })
	low, middle, high := values[0], values[len(values)/2], values[len(values)-1]
	s := spread{text: middle.text, middle: middle.x, number: true}
	if low.x != high.x {
		s.low, s.high = low.text, high.text
	}
	return s
}

// String is the cell in a table: "5.72" or "5.72 (5.60..5.91)".
func (s spread) String() string {
	if s.low == "" {
		return grouped(s.text)
	}
	return grouped(s.text) + " (" + grouped(s.low) + ".." + grouped(s.high) + ")"
}

// grouped writes 12006302 as 12,006,302; what is no such number stays as it is.
func grouped(text string) string {
	whole, fraction, point := strings.Cut(text, ".")
	if n, err := strconv.ParseInt(whole, 10, 64); err != nil || n < 1000 {
		return text
	}
	for i := len(whole) - 3; i > 0; i -= 3 {
		whole = whole[:i] + "," + whole[i:]
	}
	if point {
		return whole + "." + fraction
	}
	return whole
}
