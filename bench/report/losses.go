package report

import (
	"cmp"
	"fmt"
	"regexp"
	"slices"
	"strings"
)

// keyColumns say under what load a row was measured: rows that agree in them compare.
var keyColumns = []string{"members", "lines/s", "rooms", "clients", "wire", "caps", "row", "object", "connections", "viewers", "segment"}

// costUnit is in the names of columns of which less is better.
var costUnit = regexp.MustCompile(`(^| )(ms|us|s|KB|MB|bytes)($|,|/)`)

// isCost says whether a column is one. What the generator spends is nobody's cost.
func isCost(column string) bool {
	return costUnit.MatchString(column) && !strings.HasPrefix(column, "client")
}

var microUnit = regexp.MustCompile(`(^| )us($|,|/)`)

// unitText is a column's name for a reader.
func unitText(column string) string { return microUnit.ReplaceAllString(column, "${1}µs$2") }

// lossTable is what others did better in one command's runs.
type lossTable struct {
	Title, Command, Source, Text string
	Short                        bool // somebody in it did not do all of the work
}

// losses returns a table for each command with servers beside Uproar. Where peers were
// measured too, the runs without them say nothing more.
func losses(all []runs) []lossTable {
	var tables []lossTable
	for _, r := range all {
		peers := slices.ContainsFunc(all, func(o runs) bool { return o.last().key() == "peers-"+r.last().key() })
		r = r.alike()
		who := slices.Index(r.last().Header, "target")
		if who < 0 || peers {
			continue
		}
		var rows [][]string
		for i, row := range r.last().Cells {
			if strings.HasPrefix(row[who], "uproar") {
				rows = append(rows, lossesOf(r, i, who)...)
			}
		}
		if len(rows) == 0 {
			continue
		}
		tables = append(tables, lossTable{
			Title: r.last().key(), Command: r.last().Command, Source: source(r),
			Text:  markdown([]string{"load", "target", "figure", "Uproar's", "better, and how many times"}, rows),
			Short: slices.ContainsFunc(rows, func(row []string) bool { return strings.Contains(row[4], shortMark) }),
		})
	}
	return tables
}

// shortMark follows the name of who did not do all of the work.
const shortMark = `\*`

// lossesOf judges row i: a row for each figure in which somebody did better.
func lossesOf(r runs, i, who int) [][]string {
	var rows [][]string
	mine := r.last().Cells[i]
	for j, column := range r.last().Header {
		own := r.cell(i, j)
		if !isCost(column) || !own.number {
			continue
		}
		if better := whoIsBetter(r, i, j, who); better != "" {
			rows = append(rows, []string{load(r, i), mine[who], unitText(column), own.String(), better})
		}
	}
	return rows
}

// whoIsBetter names everybody with less in column j than row i has, the least first.
func whoIsBetter(r runs, i, j, who int) string {
	type rival struct {
		spread
		name string
	}
	own := r.cell(i, j)
	var better []rival
	for k, other := range r.last().Cells {
		cell := r.cell(k, j)
		if strings.HasPrefix(other[who], "uproar") || load(r, k) != load(r, i) || !cell.number || cell.middle >= own.middle {
			continue
		}
		name := other[who]
		if short(r, k) {
			name += shortMark
		}
		better = append(better, rival{cell, name})
	}
	slices.SortStableFunc(better, func(a, b rival) int { return cmp.Compare(a.middle, b.middle) })
	var words []string
	for _, b := range better {
		times := ""
		if b.middle > 0 {
			times = fmt.Sprintf(" (%.2f ×)", own.middle/b.middle)
		}
		words = append(words, b.name+" "+b.String()+times)
	}
	return strings.Join(words, "; ")
}

// short says whether row i left work undone: lines that it did not take, or lost.
func short(r runs, i int) bool {
	for _, column := range []string{"unsent", "lost"} {
		if j := slices.Index(r.last().Header, column); j >= 0 && r.cell(i, j).middle > 0 {
			return true
		}
	}
	return false
}

// load is the key columns of row i in words: "5,000 members, 20 lines/s".
func load(r runs, i int) string {
	var words []string
	for j, column := range r.last().Header {
		if slices.Contains(keyColumns, column) {
			words = append(words, grouped(r.last().Cells[i][j])+" "+column)
		}
	}
	return strings.Join(words, ", ")
}
