package target

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// GoProgram is a program that the harness builds: a package main of this module, or of one
// nested in it.
type GoProgram struct {
	Name   string // of the file
	Module string // folder of its module in this one; "" is this module itself
	Import string // path of the package
}

// Build builds the program into dir, unless it is there already, and returns its path.
func (g GoProgram) Build(ctx context.Context, dir string) (string, error) {
	path := filepath.Join(dir, g.Name)
	if _, err := os.Stat(path); err == nil {
		return path, nil
	}
	if _, err := g.command(ctx, "build", "-o", path, g.Import); err != nil {
		return "", fmt.Errorf("cannot build %q: %w", g.Import, err)
	}
	return path, nil
}

// Versions names modules as the program is built with them, and the compiler. It fails
// when one of them cannot be had.
func (g GoProgram) Versions(ctx context.Context, modules ...string) (string, error) {
	var all []string
	for _, module := range modules {
		// By its package, not as a module: that is downloaded when it is not here.
		out, err := g.command(ctx, "list", "-f", "{{.Module.Path}} {{.Module.Version}}", module)
		if err != nil {
			return "", fmt.Errorf("cannot tell the version of %q: %w", module, err)
		}
		all = append(all, out)
	}
	out, err := g.command(ctx, "env", "GOVERSION")
	if err != nil {
		return "", fmt.Errorf("cannot tell the version of Go: %w", err)
	}
	return strings.Join(append(all, out), ", "), nil
}

// command runs go in the folder of the program's module and returns what it printed.
func (g GoProgram) command(ctx context.Context, args ...string) (string, error) {
	folder := ""
	if g.Module != "" {
		root, err := run(exec.CommandContext(ctx, "go", "list", "-m", "-f", "{{.Dir}}"))
		if err != nil {
			return "", err
		}
		folder = filepath.Join(root, g.Module)
	}
	c := exec.CommandContext(ctx, "go", args...)
	c.Dir = folder
	return run(c)
}

func run(c *exec.Cmd) (string, error) {
	var said strings.Builder
	c.Stderr = &said
	out, err := c.Output()
	if err != nil {
		return "", fmt.Errorf("go %s: %w\n%s", c.Args[1], err, said.String())
	}
	return strings.TrimSpace(string(out)), nil
}
