package rules

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os/exec"
	"slices"
	"strings"
)

// Package is what `go list -json` tells about a package.
type Package struct {
	ImportPath                         string
	Imports, TestImports, XTestImports []string
}

// ListPackages asks the go command for the packages of the module at root.
// Packages that do not build yet are listed all the same.
func ListPackages(root string) ([]Package, error) {
	list := exec.Command("go", "list", "-e", "-json=ImportPath,Imports,TestImports,XTestImports", "./...")
	list.Dir = root
	out, err := list.Output()
	if err != nil {
		return nil, fmt.Errorf("cannot list packages of %q: %w", root, err)
	}
	var all []Package
	for dec := json.NewDecoder(bytes.NewReader(out)); ; {
		var p Package
		if err := dec.Decode(&p); errors.Is(err, io.EOF) {
			return all, nil
		} else if err != nil {
			return nil, fmt.Errorf("cannot read go list of %q: %w", root, err)
		}
		all = append(all, p)
	}
}

// Policy says who may import whom.
type Policy struct {
	module string
	may    []clause // by importer; the longest that matches counts
	only   []clause // by imported package; every one that matches counts
}

// clause is one line of the table: a path pattern and the patterns beside it.
type clause struct {
	subject string
	objects []string
}

// ParsePolicy reads a table of lines "SUBJECT may PATTERN..." and
// "PATTERN only SUBJECT...". '#' starts a comment. A pattern is
//
//	std       any package of the standard library
//	ext       any package of another module
//	none      nothing
//	a/b       the package a/b of this module, or of another when a has a dot
//	a/b/...   that package and all below it
//	a/b/*     all below it, not itself
func ParsePolicy(module, table string) (*Policy, error) {
	p := &Policy{module: module}
	for line := range strings.Lines(table) {
		line, _, _ = strings.Cut(line, "#")
		words := strings.Fields(line)
		if len(words) == 0 {
			continue
		}
		if len(words) < 3 || words[1] != "may" && words[1] != "only" {
			return nil, fmt.Errorf("cannot read policy line %q: want SUBJECT may|only PATTERN", line)
		}
		c := clause{words[0], words[2:]}
		if words[1] == "may" {
			p.may = append(p.may, c)
		} else {
			p.only = append(p.only, c)
		}
	}
	return p, nil
}

// Check returns the imports that the policy forbids. tests chooses whether the
// imports of the packages or those of their tests are looked at.
func (p *Policy) Check(packages []Package, tests bool) []Finding {
	var found []Finding
	for _, pkg := range packages {
		imports := pkg.Imports
		if tests {
			imports = slices.Concat(pkg.TestImports, pkg.XTestImports)
		}
		for _, path := range imports {
			if path == "C" || path == pkg.ImportPath {
				continue
			}
			if why := p.forbids(pkg.ImportPath, path); why != "" {
				found = append(found, Finding{"imports", pkg.ImportPath, fmt.Sprintf("imports %s, but %s", path, why)})
			}
		}
	}
	return found
}

// forbids says why importer may not import path, or nothing.
func (p *Policy) forbids(importer, path string) string {
	best := clause{}
	for _, c := range p.may {
		if p.matches(c.subject, importer) && len(c.subject) > len(best.subject) {
			best = c
		}
	}
	if best.subject == "" {
		return "no line of the table speaks of the importer"
	}
	if !p.matchesAny(best.objects, path) {
		return fmt.Sprintf("%s may import %s", best.subject, strings.Join(best.objects, ", "))
	}
	for _, c := range p.only {
		if p.matches(c.subject, path) && !p.matchesAny(c.objects, importer) {
			return fmt.Sprintf("only %s may", strings.Join(c.objects, ", "))
		}
	}
	return ""
}

func (p *Policy) matchesAny(patterns []string, path string) bool {
	return slices.ContainsFunc(patterns, func(pattern string) bool { return p.matches(pattern, path) })
}

func (p *Policy) matches(pattern, path string) bool {
	local := path == p.module || strings.HasPrefix(path, p.module+"/")
	host, _, _ := strings.Cut(path, "/")
	third := !local && strings.Contains(host, ".")
	switch pattern {
	case "std":
		return !local && !third
	case "ext":
		return third
	case "none":
		return false
	}
	if first, _, _ := strings.Cut(pattern, "/"); !strings.Contains(first, ".") {
		pattern = p.module + "/" + pattern
	}
	if under, ok := strings.CutSuffix(pattern, "/..."); ok {
		return path == under || strings.HasPrefix(path, under+"/")
	}
	if under, ok := strings.CutSuffix(pattern, "/*"); ok {
		return strings.HasPrefix(path, under+"/")
	}
	return path == pattern
}
