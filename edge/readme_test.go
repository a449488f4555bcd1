package main

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// section returns what stands in README.md between a heading of level 2 and the next.
func section(t *testing.T, heading string) string {
	t.Helper()
	text, err := os.ReadFile("../README.md")
	if err != nil {
		t.Fatal(err)
	}
	_, rest, found := strings.Cut(string(text), "\n## "+heading+"\n")
	if !found {
		t.Fatalf("README.md has no section %q", heading)
	}
	body, _, _ := strings.Cut(rest, "\n## ")
	return body
}

// firstCells returns the code in the first cell of each table row, matched by pattern.
func firstCells(text, pattern string) map[string]string {
	cells := map[string]string{}
	row := regexp.MustCompile("(?m)^\\| `(" + pattern + ")` \\| *(?:`([^`]*)`)?[^|]*\\|")
	for _, m := range row.FindAllStringSubmatch(text, -1) {
		cells[m[1]] = m[2]
	}
	return cells
}

func TestReadmeListsEveryFlagWithItsDefault(t *testing.T) {
	_, k, _, ok := parse(nil, io.Discard, io.Discard)
	if !ok {
		t.Fatal("cannot parse an empty command line")
	}
	listed := firstCells(section(t, "Configuration"), "--[a-z-]+")
	for _, f := range k.Model.Flags {
		if f.Name == "help" {
			continue
		}
		got, ok := listed["--"+f.Name]
		if !ok {
			t.Errorf("README.md does not list --%s", f.Name)
		} else if got != f.Default {
			t.Errorf("README.md gives --%s the default %q, it is %q", f.Name, got, f.Default)
		}
		delete(listed, "--"+f.Name)
	}
	for name := range listed {
		t.Errorf("README.md lists %s, which is no flag", name)
	}
}

// goSources parses the files of the server that are not tests.
func goSources(t *testing.T, visit func(*ast.File)) {
	t.Helper()
	for _, root := range []string{"../edge", "../core", "../proto"} {
		err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
			if err != nil || d.IsDir() || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") {
				return err
			}
			file, err := parser.ParseFile(token.NewFileSet(), path, nil, 0)
			if err == nil {
				visit(file)
			}
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
}

func TestReadmeListsEveryMetric(t *testing.T) {
	name := regexp.MustCompile(`^uproar_[a-z_]+`)
	made := map[string]bool{}
	goSources(t, func(file *ast.File) {
		ast.Inspect(file, func(n ast.Node) bool {
			if lit, ok := n.(*ast.BasicLit); ok && lit.Kind == token.STRING {
				if text, err := strconv.Unquote(lit.Value); err == nil && name.MatchString(text) {
					made[name.FindString(text)] = true
				}
			}
			return true
		})
	})
	delete(made, "uproar_gap") // the msg-id of gap notices
	delete(made, "uproar_hls") // a cookie
	if len(made) < 10 {
		t.Fatalf("found only %d metrics in the sources: this test has gone blind", len(made))
	}
	listed := firstCells(section(t, "Metrics"), "uproar_[a-z_]+")
	for metric := range made {
		if _, ok := listed[metric]; !ok {
			t.Errorf("README.md does not list %s", metric)
		}
	}
	for metric := range listed {
		if !made[metric] {
			t.Errorf("README.md lists %s, which nothing makes", metric)
		}
	}
}

func TestReadmeListsNothingTwice(t *testing.T) {
	for _, heading := range []string{"Configuration", "Metrics"} {
		seen := map[string]bool{}
		for _, m := range regexp.MustCompile("(?m)^\\| `([^`]+)` \\|").FindAllStringSubmatch(section(t, heading), -1) {
			if seen[m[1]] {
				t.Errorf("%s: %s is listed twice", heading, m[1])
			}
			seen[m[1]] = true
		}
		if len(seen) < 10 {
			t.Fatalf("%s: found only %d rows: this test has gone blind", heading, len(seen))
		}
	}
}

func TestReadmeListsEveryFolderOfCode(t *testing.T) {
	layout := section(t, "Layout")
	var folders []string
	for _, root := range []string{"edge", "core", "proto", "bench", "tools"} {
		err := filepath.WalkDir("../"+root, func(path string, d fs.DirEntry, err error) error {
			if err != nil {
				return err
			}
			if d.IsDir() && (d.Name() == "testdata" || d.Name() == "node_modules") {
				return filepath.SkipDir
			}
			dir := strings.TrimPrefix(filepath.ToSlash(filepath.Dir(path)), "../")
			if strings.HasSuffix(path, ".go") && !slices.Contains(folders, dir) {
				folders = append(folders, dir)
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	if len(folders) < 10 {
		t.Fatalf("found only %d folders: this test has gone blind", len(folders))
	}
	for _, folder := range folders {
		if !strings.Contains(layout, "| `"+folder+"` |") {
			t.Errorf("README.md does not say what %s is for", folder)
		}
	}
}
