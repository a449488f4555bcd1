package report

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"uproar/bench/meter"
	"uproar/bench/scenario"
)

// Entry is one run: one JSON line.
type Entry struct {
	Scenario    string            `json:"scenario"`
	Command     string            `json:"command"`          // that reproduces it
	Origin      string            `json:"origin,omitempty"` // of a line that no run appended
	Environment meter.Environment `json:"environment"`
	Config      json.RawMessage   `json:"config"`
	Result      json.RawMessage   `json:"result"`
	Header      []string          `json:"header"`
	Cells       [][]string        `json:"cells"`
	Remarks     []string          `json:"remarks,omitempty"`
	Charts      []scenario.Chart  `json:"charts,omitempty"`
	Peers       []scenario.Peer   `json:"peers,omitempty"`
}

// NewEntry makes the line of a run.
func NewEntry(name, command string, e meter.Environment, config scenario.Config, result scenario.Result) (Entry, error) {
	entry := Entry{Scenario: name, Command: command, Environment: e,
		Header: result.Header(), Cells: result.Cells(), Remarks: result.Remarks()}
	if c, ok := result.(scenario.Charter); ok {
		entry.Charts = c.Charts()
	}
	if a, ok := result.(scenario.Accompanied); ok {
		entry.Peers = a.Peers()
	}
	var err error
	if entry.Config, err = json.Marshal(config); err != nil {
		return entry, fmt.Errorf("cannot encode the configuration of %q: %w", name, err)
	}
	if entry.Result, err = json.Marshal(result); err != nil {
		return entry, fmt.Errorf("cannot encode a result of %q: %w", name, err)
	}
	return entry, nil
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

// lineBytesMax bounds one line of a results file.
const lineBytesMax = 16 << 20

// Read returns the entries of all results files (*.jsonl) in dir, the oldest first.
func Read(dir string) ([]Entry, error) {
	paths, err := filepath.Glob(filepath.Join(dir, "*.jsonl"))
	if err != nil {
		return nil, fmt.Errorf("cannot list results in %q: %w", dir, err)
	}
	slices.Sort(paths)
	var entries []Entry
	for _, path := range paths {
		data, err := os.ReadFile(path)
		if err != nil {
			return nil, fmt.Errorf("cannot read results: %w", err)
		}
		lines := bufio.NewScanner(bytes.NewReader(data))
		lines.Buffer(nil, lineBytesMax)
		for n := 1; lines.Scan(); n++ {
			var e Entry
			if err := decode(lines.Bytes(), &e); err != nil {
				return nil, fmt.Errorf("cannot read line %d of %q: %w", n, path, err)
			}
			entries = append(entries, e)
		}
		if err := lines.Err(); err != nil {
			return nil, fmt.Errorf("cannot read results %q: %w", path, err)
		}
	}
	slices.SortStableFunc(entries, func(a, b Entry) int { return a.Environment.Time.Compare(b.Environment.Time) })
	return entries, nil
}

func decode(line []byte, e *Entry) error {
	if err := json.Unmarshal(line, e); err != nil {
		return err
	}
	if e.Scenario == "" || e.Command == "" || e.Environment.Commit == "" || e.Environment.Time.IsZero() {
		return fmt.Errorf("it lacks its scenario, command, commit or time")
	}
	for _, row := range e.Cells {
		if len(row) != len(e.Header) {
			return fmt.Errorf("a row of %d cells stands under a header of %d", len(row), len(e.Header))
		}
	}
	return nil
}

// key is what entries that replace each other share: the scenario, and how it was run if
// not by "run" alone: "peers-fanout", and "clue-bench" of go test.
func (e Entry) key() string {
	switch {
	case strings.HasPrefix(e.Command, "go test "):
		return e.Scenario + "-bench"
	case strings.Contains(e.Command, " peers "+e.Scenario): // flags may stand before it
		return "peers-" + e.Scenario
	}
	return e.Scenario
}
