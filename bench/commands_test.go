package main

import (
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"uproar/bench/meter"
	"uproar/bench/scenario"
)

func TestFlagsDefaultToWhatTheScenarioSays(t *testing.T) {
	for _, s := range scenario.All {
		_, k, configs, err := parser()
		if err != nil {
			t.Fatal(err)
		}
		if _, err := k.Parse([]string{"run", s.Name}); err != nil {
			t.Fatal(err)
		}
		if got, want := configs["run "+s.Name], s.New(); !reflect.DeepEqual(got, want) {
			t.Errorf("run %s: %+v, want %+v", s.Name, got, want)
		}
	}
}

func TestFlagsReachTheConfig(t *testing.T) {
	_, k, configs, err := parser()
	if err != nil {
		t.Fatal(err)
	}
	if _, err := k.Parse([]string{"run", "fanout", "--row", "10x5,20x86.5", "--duration=3s", "--target", "bare", "--json", "x"}); err != nil {
		t.Fatal(err)
	}
	c := configs["run fanout"].(*scenario.FanoutConfig)
	if want := []scenario.Row{{Members: 10, Rate: 5}, {Members: 20, Rate: 86.5}}; !reflect.DeepEqual(c.Rows, want) {
		t.Errorf("rows %v, want %v", c.Rows, want)
	}
	if c.Duration != 3*time.Second || len(c.Targets) != 1 {
		t.Errorf("config %+v", c)
	}
	if _, err := k.Parse([]string{"run", "fanout", "--row", "10"}); err == nil {
		t.Error("a row without a rate was taken")
	}
}

func TestCommandLineReproducesTheRun(t *testing.T) {
	args := []string{"run", "fanout", "--json", "x.jsonl", "--caps=twitch.tv/tags twitch.tv/commands", "--json=y", "--row", "10x5", "--caps", "it's", ""}
	want := `go run ./bench run fanout '--caps=twitch.tv/tags twitch.tv/commands' --row 10x5 --caps 'it'\''s' ''`
	if got := commandLine(args); got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

func TestShortRunIsNotKept(t *testing.T) {
	path := filepath.Join(t.TempDir(), "results.jsonl")
	s := &session{ctx: t.Context(), json: path, command: "go run ./bench run fake", progress: startProgress(io.Discard, false), environment: meter.Environment{}}
	for _, err := range []error{errors.New("stopped"), nil} {
		if got := runScenario(s, "fake", fake{err}); !errors.Is(got, err) {
			t.Errorf("got %v, want %v", got, err)
		}
	}
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if strings.Count(string(data), "\n") != 1 || !strings.Contains(string(data), `"cells":[["7"]]`) {
		t.Errorf("want one line: %s", data)
	}
}

// fake is a scenario that ends at once, and its own result.
type fake struct{ err error }

func (f fake) Run(context.Context, *scenario.Workshop) (scenario.Result, error) { return f, f.err }
func (f fake) Smoke() scenario.Config                                           { return f }
func (f fake) Header() []string                                                 { return []string{"members"} }
func (f fake) Cells() [][]string                                                { return [][]string{{"7"}} }
func (f fake) Remarks() []string                                                { return nil }
