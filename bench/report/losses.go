package report

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
)

// keyColumns say under what load a row was measured: rows that agree in them compare.
var keyColumns = []string{"members", "lines/s", "rooms", "clients", "wire", "caps", "row"}

// costUnit is in the names of columns of which less is better.
var costUnit = regexp.MustCompile(`(^| )(ms|us|s|KB|MB|bytes)($|,|/)`)

// isCost says whether a column is one. What the generator spends is nobody's cost.
func isCost(column string) bool {
	return costUnit.MatchString(column) && !strings.HasPrefix(column, "client")
}

var microUnit = regexp.MustCompile(`(^| )us($|,|/)`)

// unitText is a column's name for a reader.
func unitText(column string) string { return microUnit.ReplaceAllString(column, "${1}µs$2") }

// losses returns a row for every figure in which a peer in the same run did better than
// Uproar: load, figure, Uproar's, the best peer and how many times better it is.
func losses(all []runs) [][]string {
	var rows [][]string
	for _, r := range all {
		r = r.alike()
		who := slices.Index(r.last().Header, "target")
		if who < 0 {
			continue
		}
		for i, row := range r.last().Cells {
			if strings.HasPrefix(row[who], "uproar") {
				rows = append(rows, lossesOf(r, i, who)...)
			}
		}
	}
	return rows
}

// lossesOf judges row i.
func lossesOf(r runs, i, who int) [][]string {
	var rows [][]string
	mine := r.last().Cells[i]
	for j, column := range r.last().Header {
		own := r.cell(i, j)
		if !isCost(column) || !own.number {
			continue
		}
		var best spread
		var by string
		for k, other := range r.last().Cells {
			cell := r.cell(k, j)
			if strings.HasPrefix(other[who], "uproar") || load(r, k) != load(r, i) || !cell.number || cell.middle >= own.middle {
				continue
			}
			if by == "" || cell.middle < best.middle {
				best, by = cell, other[who]
			}
		}
		if by == "" {
			continue
		}
		times := "-"
		if best.middle > 0 {
			times = fmt.Sprintf("%.2f", own.middle/best.middle)
		}
		rows = append(rows, []string{r.last().key(), load(r, i), mine[who], unitText(column), own.String(), by, best.String(), times})
	}
	return rows
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
