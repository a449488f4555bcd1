// Package gate stops a change that makes Uproar slower or larger.
//
// Level exact compares figures that do not depend on how busy the machine is with
// the budgets of budgets.go: allocations per operation, bytes and goroutines per
// connection, writes per delivery, bytes per line, the size of the binary.
//
// Level time builds the commit before and this one, runs the same work with both in
// turns, and compares the processor time that it took: see judge.go for when that is
// a regression, and workloads.go for the work.
//
// The gate's own tests build the server with something planted into its source and have
// the gate find it: in a minute by plain go test, in a quarter of an hour as a whole.
//
// Everything runs in the goroutine of Check, but for the swarm of a server's members.
// Servers die with this process.
package gate

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

// Config says what to check. Its tags are the flags of `bench gate`.
type Config struct {
	Level    string        `enum:"all,exact,time" default:"all" help:"exact: budgets of allocations, memory, writes and sizes; time: processor time against the base commit; all: both."`
	Base     string        `placeholder:"COMMIT" env:"UPROAR_GATE_BASE" help:"What to compare time with; default: the commit before HEAD. Level time is left out, and says so, when that is not there, as in a shallow clone."`
	Head     string        `placeholder:"COMMIT" help:"What to check the time of; default: the working tree as it is."`
	Rounds   int           `default:"10" help:"Runs of each side, at least 10."`
	Most     int           `name:"rounds-most" placeholder:"N" help:"Runs of each side when the machine is noisy; default: twice --rounds."`
	Within   time.Duration `default:"6m" help:"Begin nothing of level time that would end later; what was left out is told. 0: no limit."`
	Only     []string      `placeholder:"NAME" help:"Workloads of level time to run: fanout, join, clue, decode; default: all. Comma-separated."`
	Anyway   bool          `help:"Measure also when both sides build to the same bytes: A against A."`
	Profiles string        `type:"path" placeholder:"DIR" help:"Where the profiles of a regression are kept; default: a new folder for temporary files."`
	Overlay  string        `type:"path" placeholder:"FILE" help:"Build head with this overlay, as of go build -overlay: how the gate's own tests plant a regression."`

	Log func(format string, args ...any) `kong:"-"` // what is happening; nil when nobody listens
}

// ErrShut is what Check returns when something is over its budget or slower than base.
var ErrShut = errors.New("the gate is shut")

// errNoBase is when there is nothing to compare with.
var errNoBase = errors.New("no base commit")

// runTimeout bounds everything that the gate does.
const runTimeout = 15 * time.Minute

// Check prints what it finds to out, a line a finding, and returns ErrShut when one of
// them must be mended. It leaves no process and no file behind, but for the profiles of
// a regression.
func (c Config) Check(ctx context.Context, out io.Writer) error {
	ctx, cancel := context.WithTimeout(ctx, runTimeout)
	defer cancel()
	root, err := moduleRoot(ctx)
	if err != nil {
		return err
	}
	dir, err := os.MkdirTemp("", "uproar-gate-")
	if err != nil {
		return fmt.Errorf("cannot make a folder for the gate: %w", err)
	}
	defer os.RemoveAll(dir)
	c.Rounds = max(c.Rounds, roundsMin)
	if c.Most == 0 {
		c.Most = 2 * c.Rounds
	}
	g := &gate{Config: c, out: out, root: root, dir: dir, began: time.Now()}
	if c.Level != "time" {
		if err := g.exact(ctx); err != nil {
			return err
		}
	}
	if c.Level != "exact" {
		if err := g.time(ctx); err != nil {
			return err
		}
	}
	if len(g.failures) > 0 {
		return fmt.Errorf("%w: %s", ErrShut, strings.Join(g.failures, "; "))
	}
	return nil
}

// gate is one Check.
type gate struct {
	Config
	out       io.Writer
	root, dir string // the module; where binaries and the base commit go
	began     time.Time
	failures  []string
}

// fits tells whether there is time for what takes so long.
func (g *gate) fits(d time.Duration) bool {
	return g.Within == 0 || time.Since(g.began)+d <= g.Within
}

// log tells whoever waits.
func (g *gate) log(format string, args ...any) {
	if g.Log != nil {
		g.Log("gate: "+format, args...)
	}
}

func (g *gate) say(format string, args ...any) { fmt.Fprintf(g.out, "gate: "+format+"\n", args...) }

// fail prints a finding that shuts the gate.
func (g *gate) fail(name, format string, args ...any) {
	g.failures = append(g.failures, name)
	g.say("FAIL "+format, args...)
}

func moduleRoot(ctx context.Context) (string, error) {
	out, err := exec.CommandContext(ctx, "go", "env", "GOMOD").Output()
	path := strings.TrimSpace(string(out))
	if err != nil || path == "" || path == os.DevNull {
		return "", fmt.Errorf("cannot find the module: run the gate inside of it (go env GOMOD says %q, %v)", path, err)
	}
	return filepath.Dir(path), nil
}

// chosen are the workloads that --only names, or all.
func (g *gate) chosen() ([]workload, error) {
	all := workloads()
	if len(g.Only) == 0 {
		return all, nil
	}
	var names []string
	var some []workload
	for _, w := range all {
		wanted := false
		for _, s := range w.series() {
			names = append(names, s.name)
			wanted = wanted || slices.Contains(g.Only, s.name)
		}
		if wanted {
			some = append(some, w)
		}
	}
	for _, name := range g.Only {
		if !slices.Contains(names, name) {
			return nil, fmt.Errorf("cannot run workload %q: want %s", name, strings.Join(names, ", "))
		}
	}
	return some, nil
}
