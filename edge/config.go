package main

import (
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"slices"
	"strings"

	"github.com/alecthomas/kong"
	"gopkg.in/yaml.v3"
)

// configFile is the flags of a YAML file: one key per flag. A flag of the command line
// wins over its variable, which wins over the file.
type configFile struct {
	name   string
	values map[string]any
}

// notInFile are the flags that only a command line can mean.
var notInFile = []string{"help", "config", "print-config", "check-config"}

// configFlag is kong.ConfigFlag, whose errors do not name the flag.
type configFlag string

// BeforeResolve is called by kong when the flag is given.
func (configFlag) BeforeResolve(k *kong.Kong, ctx *kong.Context, trace *kong.Path) error {
	file, err := k.LoadConfig(string(ctx.FlagValue(trace.Flag).(configFlag)))
	if err != nil {
		return fmt.Errorf("cannot use --config: %w", err)
	}
	ctx.AddResolver(file)
	return nil
}

// readConfig implements kong.ConfigurationLoader.
func readConfig(r io.Reader) (kong.Resolver, error) {
	c := configFile{name: "config file", values: map[string]any{}}
	if f, ok := r.(*os.File); ok {
		c.name = f.Name()
	}
	if err := yaml.NewDecoder(r).Decode(&c.values); err != nil && !errors.Is(err, io.EOF) {
		return nil, fmt.Errorf("cannot read %q: %s", c.name, strings.Join(strings.Fields(err.Error()), " "))
	}
	return c, nil
}

// Validate implements kong.Resolver: a key that no flag has is a mistake.
func (c configFile) Validate(app *kong.Application) error {
	for _, key := range slices.Sorted(maps.Keys(c.values)) {
		known := slices.ContainsFunc(app.Flags, func(f *kong.Flag) bool { return f.Name == key })
		if !known || slices.Contains(notInFile, key) {
			return fmt.Errorf("cannot use %q: unknown key %q", c.name, key)
		}
	}
	return nil
}

// Resolve implements kong.Resolver.
func (c configFile) Resolve(_ *kong.Context, _ *kong.Path, flag *kong.Flag) (any, error) {
	for _, name := range flag.Envs {
		if _, set := os.LookupEnv(name); set {
			return nil, nil
		}
	}
	return c.values[flag.Name], nil
}

// printConfig writes the effective configuration as a config file. What is not set is
// a comment, unless a config file without it would mean something else.
func printConfig(w io.Writer, k *kong.Kong) {
	for _, f := range k.Model.Flags {
		value := fmt.Sprint(f.Target.Interface())
		if list, ok := f.Target.Interface().([]string); ok {
			value = strings.Join(list, ",")
		}
		if slices.Contains(notInFile, f.Name) {
			continue
		}
		if value == "" && f.Default == "" {
			fmt.Fprint(w, "# ")
		}
		fmt.Fprintf(w, "%s: %q\n", f.Name, value)
	}
}
