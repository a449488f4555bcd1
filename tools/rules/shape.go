package rules

import (
	"fmt"
	"go/ast"
	"path"
	"slices"
	"strings"
)

// Limits of shape, in lines. style.md of the project asks for far less at the
// median; these are where a reader gets lost.
const (
	FileLinesMax = 600
	FuncLinesMax = 70
)

// bannedNames say nothing about what a package is for.
var bannedNames = []string{"util", "utils", "common", "pkg", "helper", "helpers", "errors", "misc"}

// Lengths finds files and functions that are too long. Tests may be longer files:
// a table is not a maze.
func Lengths(f *File) []Finding {
	var found []Finding
	if !f.Test && f.Lines > FileLinesMax {
		found = append(found, Finding{"length", f.Path, fmt.Sprintf("%d lines, at most %d", f.Lines, FileLinesMax)})
	}
	for _, decl := range f.AST.Decls {
		fn, ok := decl.(*ast.FuncDecl)
		if !ok {
			continue
		}
		if n := f.line(fn.End()) - f.line(fn.Pos()) + 1; n > FuncLinesMax {
			found = append(found, Finding{"length", f.At(fn), fmt.Sprintf("func %s has %d lines, at most %d", fn.Name.Name, n, FuncLinesMax)})
		}
	}
	return found
}

// Names finds packages and folders with a name that says nothing.
func Names(f *File) []Finding {
	var found []Finding
	for _, name := range append(strings.Split(path.Dir(f.Path), "/"), f.AST.Name.Name) {
		if slices.Contains(bannedNames, strings.TrimSuffix(name, "_test")) {
			found = append(found, Finding{"names", f.Path, fmt.Sprintf("%q does not say what the package is for", name)})
			break
		}
	}
	return found
}

// Inits finds init functions: work that nobody asked for.
func Inits(f *File) []Finding {
	var found []Finding
	for _, decl := range f.AST.Decls {
		if fn, ok := decl.(*ast.FuncDecl); ok && fn.Recv == nil && fn.Name.Name == "init" {
			found = append(found, Finding{"init", f.At(fn), "init functions hide work; call it from where it is needed"})
		}
	}
	return found
}

// Flags finds flags that are package variables of anything but a test.
func Flags(f *File) []Finding {
	name := importName(f.AST, "flag")
	if f.Test || name == "" {
		return nil
	}
	var found []Finding
	for _, decl := range f.AST.Decls {
		if v, ok := decl.(*ast.GenDecl); ok && mentions(v, name) {
			found = append(found, Finding{"flags", f.At(v), "a flag is a field that main fills, not a package variable"})
		}
	}
	return found
}

// importName is the name by which tree calls the package at path, or nothing.
func importName(tree *ast.File, importPath string) string {
	for _, spec := range tree.Imports {
		if strings.Trim(spec.Path.Value, `"`) != importPath {
			continue
		}
		if spec.Name != nil {
			return spec.Name.Name
		}
		return path.Base(importPath)
	}
	return ""
}

// mentions reports whether n holds a selector of the package called name.
func mentions(n ast.Node, name string) bool {
	found := false
	ast.Inspect(n, func(n ast.Node) bool {
		if sel, ok := n.(*ast.SelectorExpr); ok {
			if x, ok := sel.X.(*ast.Ident); ok && x.Name == name {
				found = true
			}
		}
		return !found
	})
	return found
}

// PackageDocs finds packages of which no file says what they are for.
func PackageDocs(files []*File) []Finding {
	documented := map[string]bool{}
	for _, f := range files {
		if f.Test {
			continue
		}
		dir := path.Dir(f.Path)
		documented[dir] = documented[dir] || f.AST.Doc.Text() != ""
	}
	var found []Finding
	for dir, ok := range documented {
		if !ok {
			found = append(found, Finding{"docs", dir, "no file has a package comment"})
		}
	}
	return found
}
