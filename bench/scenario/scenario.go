// Package scenario holds the benchmarks, one file each: a Config with its
// defaults, and a Result. The command only binds flags.
//
// Every scenario starts its servers itself, one at a time unless it says otherwise,
// and leaves none behind whether it ends, fails or is cancelled.
package scenario

import (
	"context"
	"fmt"

	"github.com/alecthomas/kong"
)

// All is every scenario, in the order of `go run ./bench list`.
var All = []Scenario{Fanout, Idle, Slow, Drain, Pokemon, Million, Connect, Reconnect, Rooms, Flood, Clue, ClueStall, Mixed, HLSHit, HLSHerd, HLSSlow, HLSLive}

// Scenario is one benchmark.
type Scenario struct {
	Name string
	Help string        // one sentence
	New  func() Config // with the defaults
}

// Config is a pointer to a struct whose exported fields are the flags of the scenario:
// their tags are kong's (help, default, name), and json names them in results.
type Config interface {
	// Run measures. It may return a Result beside an error: what there was until then.
	Run(ctx context.Context, shop *Workshop) (Result, error)
	// Smoke returns a Config that takes a few seconds: the size that go test runs.
	Smoke() Config
}

// Result is what a Run found out. Its exported fields are its JSON. A report knows its
// table by names of columns: "target" says who was measured, report.keyColumns say under
// what load, and a name with a unit of time or memory is a cost, of which less is better.
type Result interface {
	Header() []string  // names of columns, with units
	Cells() [][]string // rows under the header
	Remarks() []string // what a reader of the table must know; usually none
}

// Checker is a Result that can tell that the run was no good, whatever its figures:
// lines were lost in silence, members went missing. A command that shows such a Result
// fails, and so does the smoke test.
type Checker interface {
	Check() error
}

// Find returns the scenario of that name.
func Find(name string) (Scenario, error) {
	for _, s := range All {
		if s.Name == name {
			return s, nil
		}
	}
	return Scenario{}, fmt.Errorf("cannot find scenario %q", name)
}

// defaults fills the fields of config, a pointer to a struct, by their default tags.
func defaults[C Config](config C) Config {
	if err := kong.ApplyDefaults(config); err != nil {
		panic(fmt.Sprintf("BUG: defaults of %T: %v", config, err))
	}
	return config
}
