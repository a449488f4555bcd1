package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"slices"

	"github.com/alecthomas/kong"
	"gopkg.in/yaml.v3"
)

// configFile is the flags of a YAML file: one key per flag. A flag of the command line
// wins over its variable, which wins over the file.
type configFile map[string]any

// readConfig implements kong.ConfigurationLoader.
func readConfig(r io.Reader) (kong.Resolver, error) {
	c := configFile{}
	if err := yaml.NewDecoder(r).Decode(&c); err != nil && !errors.Is(err, io.EOF) {
		return nil, err
	}
	return c, nil
}

// Validate implements kong.Resolver: a key that no flag has is a mistake.
func (c configFile) Validate(app *kong.Application) error {
	for key := range c {
		known := slices.ContainsFunc(app.Flags, func(f *kong.Flag) bool { return f.Name == key })
		if !known {
			return fmt.Errorf("unknown key %q in the config file", key)
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
	return c[flag.Name], nil
}

// printConfig writes the effective configuration as a config file. What is not set is
// a comment.
func printConfig(w io.Writer, k *kong.Kong) {
	for _, f := range k.Model.Flags {
		value := fmt.Sprint(f.Target.Interface())
		switch f.Name {
		case "help", "config", "print-config", "check-config":
			continue
		}
		if value == "" {
			fmt.Fprint(w, "# ")
		}
		fmt.Fprintf(w, "%s: %q\n", f.Name, value)
	}
}
