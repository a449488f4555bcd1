package main

import (
	"errors"
	"fmt"
	"os"
	"reflect"
	"slices"
	"strings"
	"text/tabwriter"

	"uproar/bench/gate"
	"uproar/bench/report"
	"uproar/bench/scenario"
)

type listCommand struct{}

// Run prints every scenario with its sentence.
func (listCommand) Run() error {
	w := tabwriter.NewWriter(os.Stdout, 0, 0, 2, ' ', 0)
	for _, s := range scenario.All {
		fmt.Fprintf(w, "%s\t%s\n", s.Name, s.Help)
	}
	return w.Flush()
}

type gateCommand struct{ gate.Config }

// Run fails when a figure must be mended.
func (c *gateCommand) Run(s *session) error {
	c.Log = s.shop.Log
	return c.Check(s.ctx, s.progress.above(os.Stdout))
}

// scenarioCommands returns a pointer to a struct with one command below verb for each
// scenario, whose flags are the fields of its Config, and enters the Configs that are in
// it into configs. kong adds commands below another one by struct only.
func scenarioCommands(verb string, all []scenario.Scenario, configs map[string]scenario.Config) any {
	var fields []reflect.StructField
	for i, s := range all {
		fields = append(fields, reflect.StructField{
			Name: fmt.Sprintf("Scenario%d", i), Type: reflect.TypeOf(s.New()).Elem(),
			Tag: reflect.StructTag(fmt.Sprintf(`cmd:"" name:%q help:%q`, s.Name, s.Help)),
		})
	}
	v := reflect.New(reflect.StructOf(fields))
	for i, s := range all {
		v.Elem().Field(i).Set(reflect.ValueOf(s.New()).Elem())
		configs[verb+" "+s.Name] = v.Elem().Field(i).Addr().Interface().(scenario.Config)
	}
	return v.Interface()
}

// contests are the scenarios that peers can be measured by.
func contests(all []scenario.Scenario) []scenario.Scenario {
	return slices.DeleteFunc(slices.Clone(all), func(s scenario.Scenario) bool {
		_, ok := s.New().(scenario.Contest)
		return !ok
	})
}

// runScenario runs one scenario and shows what it found.
func runScenario(s *session, name string, config scenario.Config) error {
	result, err := config.Run(s.ctx, s.shop)
	s.progress.stop()
	if result == nil || len(result.Cells()) == 0 {
		return err
	}
	if shown := s.show(name, result); err != nil || shown != nil {
		return errors.Join(err, shown) // what was cut short is not kept
	}
	if s.json != "" {
		entry, err := report.NewEntry(name, s.command, s.environment, config, result)
		if err != nil {
			return err
		}
		if err := report.Append(s.json, entry); err != nil {
			return err
		}
	}
	if c, ok := result.(scenario.Checker); ok {
		if err := c.Check(); err != nil {
			return fmt.Errorf("%s is no good: %w", name, err)
		}
	}
	return nil
}

// show prints a result.
func (s *session) show(name string, result scenario.Result) error {
	e := s.environment
	fmt.Printf("%s on %s, %d cores, kernel %s, %s, commit %s\n", name, e.CPU, e.Cores, e.Kernel, e.Go, e.Commit)
	err := report.Print(os.Stdout, result.Header(), result.Cells())
	for _, remark := range result.Remarks() {
		fmt.Println(remark)
	}
	return err
}

type reportCommand struct{}

// Run writes BENCHMARKS.md and its charts.
func (reportCommand) Run() error { return report.Write(".") }

// commandLine is what a reader types to measure the same: args without those that only
// say where results go.
func commandLine(args []string) string {
	line := "go run ./bench"
	for i := 0; i < len(args); i++ {
		if args[i] == "--json" {
			i++
			continue
		}
		if strings.HasPrefix(args[i], "--json=") {
			continue
		}
		line += " " + quoted(args[i])
	}
	return line
}

// quoted is a word as a shell reads it.
func quoted(word string) string {
	if word != "" && !strings.ContainsAny(word, " '\"$&|;<>()*?[]#~`\\\n") {
		return word
	}
	return "'" + strings.ReplaceAll(word, "'", `'\''`) + "'"
}
