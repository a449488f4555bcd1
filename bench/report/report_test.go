package report

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestTableAlignsColumns(t *testing.T) {
	var b strings.Builder
	if err := Table(&b, []string{"target", "p99"}, [][]string{{"bare", "3.4"}, {"uproar", "12.0"}}); err != nil {
		t.Fatal(err)
	}
	want := "  target   p99\n    bare   3.4\n  uproar  12.0\n"
	if b.String() != want {
		t.Errorf("got\n%swant\n%s", b.String(), want)
	}
}

func TestAppendKeepsEarlierLines(t *testing.T) {
	path := filepath.Join(t.TempDir(), "results.jsonl")
	for _, name := range []string{"fanout", "idle"} {
		if err := Append(path, Entry{Scenario: name, Result: 1}); err != nil {
			t.Fatal(err)
		}
	}
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	lines := strings.Split(strings.TrimSpace(string(data)), "\n")
	if len(lines) != 2 {
		t.Fatalf("%d lines, want 2", len(lines))
	}
	var e Entry
	if err := json.Unmarshal([]byte(lines[1]), &e); err != nil || e.Scenario != "idle" {
		t.Errorf("second line is %q: %v", lines[1], err)
	}
}
