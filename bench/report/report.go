// Package report keeps results as JSON lines and renders them: a table for the
// terminal, BENCHMARKS.md and its plots for the repository. What it renders depends
// on the lines alone: the same lines give the same bytes.
package report

import (
	"fmt"
	"io"
	"text/tabwriter"
)

// Print writes rows under a header, columns aligned to the right.
func Print(w io.Writer, header []string, rows [][]string) error {
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', tabwriter.AlignRight)
	for _, row := range append([][]string{header}, rows...) {
		for _, cell := range row {
			fmt.Fprint(t, cell, "\t")
		}
		fmt.Fprintln(t)
	}
	if err := t.Flush(); err != nil {
		return fmt.Errorf("cannot write the table: %w", err)
	}
	return nil
}
