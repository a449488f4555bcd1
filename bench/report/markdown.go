package report

import (
	"fmt"
	"strings"
)

// table is what a section of BENCHMARKS.md shows of some runs.
type table struct {
	header []string
	rows   [][]string
	zero   []string // columns that are left out because every cell is 0
}

// newTable combines runs of one shape.
func newTable(r runs) table {
	var t table
	var keep []int
	for j, name := range r.last().Header {
		if zero(r, j) {
			t.zero = append(t.zero, name)
			continue
		}
		keep = append(keep, j)
		t.header = append(t.header, unitText(name))
	}
	for i := range r.last().Cells {
		var row []string
		for _, j := range keep {
			row = append(row, r.cell(i, j).String())
		}
		t.rows = append(t.rows, row)
	}
	return t
}

// zero says whether column j is 0 in every row of every run.
func zero(r runs, j int) bool {
	for _, e := range r {
		for _, row := range e.Cells {
			if row[j] != "0" {
				return false
			}
		}
	}
	return true
}

// markdown writes a table.
func markdown(header []string, rows [][]string) string {
	var b strings.Builder
	line := func(cells []string) {
		for _, cell := range cells {
			fmt.Fprintf(&b, "| %s ", strings.ReplaceAll(cell, "|", "\\|"))
		}
		b.WriteString("|\n")
	}
	line(header)
	b.WriteString(strings.Repeat("|---", len(header)) + "|\n")
	for _, row := range rows {
		line(row)
	}
	return b.String()
}
