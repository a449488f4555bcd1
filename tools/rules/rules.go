// Package rules holds the repository to its own design: who may import whom, how
// long a file and a function may be, which names are banned, what a metric is
// called. Its test runs every rule over the checkout, and over small trees with
// planted violations, so that a rule which has gone blind is seen.
//
// Each rule is a pure function from source to findings; nothing is cached.
package rules

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// Finding is one place that breaks a rule.
type Finding struct {
	Rule string // the rule's name, one word
	At   string // file:line, a file, or an import path
	Text string // what is wrong, for a person
}

func (f Finding) String() string { return fmt.Sprintf("%s: %s: %s", f.At, f.Rule, f.Text) }

// File is one parsed Go file.
type File struct {
	Path  string // relative to the checkout, with slashes
	Lines int
	Test  bool // *_test.go
	AST   *ast.File
	Set   *token.FileSet
}

// At is the position of n as file:line.
func (f *File) At(n ast.Node) string { return fmt.Sprintf("%s:%d", f.Path, f.line(n.Pos())) }

func (f *File) line(p token.Pos) int { return f.Set.Position(p).Line }

// ListFiles names the files of the checkout at root, with slashes and relative to
// it: what git tracks and what it would track, but not what a person deleted.
func ListFiles(root string) ([]string, error) {
	git := exec.Command("git", "ls-files", "-z", "--cached", "--others", "--exclude-standard")
	git.Dir = root
	out, err := git.Output()
	if err != nil {
		return nil, fmt.Errorf("cannot list files of %q: %w", root, err)
	}
	var files []string
	for name := range strings.SplitSeq(strings.TrimRight(string(out), "\x00"), "\x00") {
		if _, err := os.Stat(filepath.Join(root, name)); err == nil {
			files = append(files, name)
		}
	}
	return files, nil
}

// ParseGo parses those of names that are Go files outside testdata.
func ParseGo(root string, names []string) ([]*File, error) {
	var files []*File
	for _, name := range names {
		if !strings.HasSuffix(name, ".go") || strings.Contains("/"+name, "/testdata/") {
			continue
		}
		src, err := os.ReadFile(filepath.Join(root, name))
		if err != nil {
			return nil, fmt.Errorf("cannot read source %q: %w", name, err)
		}
		f, err := Parse(name, src)
		if err != nil {
			return nil, err
		}
		files = append(files, f)
	}
	return files, nil
}

// Parse parses one Go file whose path in the checkout is name.
func Parse(name string, src []byte) (*File, error) {
	set := token.NewFileSet()
	tree, err := parser.ParseFile(set, name, src, parser.ParseComments|parser.SkipObjectResolution)
	if err != nil {
		return nil, fmt.Errorf("cannot parse source %q: %w", name, err)
	}
	return &File{
		Path:  name,
		Lines: strings.Count(string(src), "\n"),
		Test:  strings.HasSuffix(name, "_test.go"),
		AST:   tree,
		Set:   set,
	}, nil
}
