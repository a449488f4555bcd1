package main

import (
	"errors"
	"fmt"
	"os"
	"reflect"
	"text/tabwriter"

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

// scenarioCommands returns a pointer to a struct with one command for each scenario,
// whose flags are the fields of its Config, and the Configs that are in it. kong adds
// commands below another one by struct only.
func scenarioCommands(all []scenario.Scenario) (commands any, configs map[string]scenario.Config) {
	var fields []reflect.StructField
	for i, s := range all {
		fields = append(fields, reflect.StructField{
			Name: fmt.Sprintf("Scenario%d", i), Type: reflect.TypeOf(s.New()).Elem(),
			Tag: reflect.StructTag(fmt.Sprintf(`cmd:"" name:%q help:%q`, s.Name, s.Help)),
		})
	}
	v := reflect.New(reflect.StructOf(fields))
	configs = map[string]scenario.Config{}
	for i, s := range all {
		v.Elem().Field(i).Set(reflect.ValueOf(s.New()).Elem())
		configs[s.Name] = v.Elem().Field(i).Addr().Interface().(scenario.Config)
	}
	return v.Interface(), configs
}

// runScenario runs one scenario and shows what it found.
func runScenario(s *session, name string, config scenario.Config) error {
	result, err := config.Run(s.ctx, s.shop)
	if result == nil || len(result.Cells()) == 0 {
		return err
	}
	err = errors.Join(err, s.show(name, config, result))
	if c, ok := result.(scenario.Checker); ok {
		if bad := c.Check(); bad != nil {
			err = errors.Join(err, fmt.Errorf("%s is no good: %w", name, bad))
		}
	}
	return err
}

// show prints a result and appends it to the JSON file, if there is one.
func (s *session) show(name string, config scenario.Config, result scenario.Result) error {
	e := s.environment
	fmt.Printf("%s on %s, %d cores, kernel %s, %s, commit %s\n", name, e.CPU, e.Cores, e.Kernel, e.Go, e.Commit)
	err := report.Table(os.Stdout, result.Header(), result.Cells())
	for _, remark := range result.Remarks() {
		fmt.Println(remark)
	}
	if s.json == "" {
		return err
	}
	return errors.Join(err, report.Append(s.json, report.Entry{Scenario: name, Environment: e, Config: config, Result: result}))
}
