// Package report writes results: a table for people, one JSON line per row for
// machines.
package report

import (
	"encoding/json"
	"fmt"
	"io"
	"os"
	"text/tabwriter"

	"uproar/bench/meter"
)

// Table writes rows under a header, columns aligned to the right.
func Table(w io.Writer, header []string, rows [][]string) error {
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

// Entry is one JSON line.
type Entry struct {
	Scenario    string            `json:"scenario"`
	Environment meter.Environment `json:"environment"`
	Config      any               `json:"config"`
	Result      any               `json:"result"`
}

// Append adds one line to the file at path, which it makes when missing.
func Append(path string, e Entry) error {
	line, err := json.Marshal(e)
	if err != nil {
		return fmt.Errorf("cannot encode a result of %q: %w", e.Scenario, err)
	}
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_APPEND, 0o644)
	if err != nil {
		return fmt.Errorf("cannot open results %q: %w", path, err)
	}
	_, err = f.Write(append(line, '\n'))
	if closing := f.Close(); err == nil {
		err = closing
	}
	if err != nil {
		return fmt.Errorf("cannot append to results %q: %w", path, err)
	}
	return nil
}
