package rules_test

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"uproar/tools/rules"
)

const checkout = "../.."

func TestRepositoryKeepsItsRules(t *testing.T) {
	names, err := rules.ListFiles(checkout)
	if err != nil {
		t.Fatal(err)
	}
	found, err := source(checkout, names)
	if err != nil {
		t.Fatal(err)
	}
	words, err := rules.Words(checkout, names)
	if err != nil {
		t.Fatal(err)
	}
	imports, err := imports(checkout)
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range slices.Concat(found, words, imports) {
		t.Error(f)
	}
}

func TestPlantedViolationsAreFound(t *testing.T) {
	root := filepath.Join("testdata", "planted")
	names, err := rules.ListFiles(root)
	if err != nil {
		t.Fatal(err)
	}
	found, err := source(root, names)
	if err != nil {
		t.Fatal(err)
	}
	fromImports, err := imports(root)
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, f := range slices.Concat(found, fromImports) {
		got = append(got, f.String())
	}
	want := []string{
		`core/hall/hall_test.go:9: skips: a skip names its issue or its reason`,
		`core/hall/hall_test.go:10: skips: a skip names its issue or its reason`,
		`core/hall/hall_test.go:13: skips: a skip names its issue or its reason`,
		`core/hall/hall_test.go:23: skips: notYet skips: name its issue or its reason here`,
		`core/shared/metrics.go:12: metrics: "uproar_lines_total{kind=\"chat\"}" is made at core/shared/metrics.go:11 too`,
		`core/shared/metrics.go:13: metrics: "members" does not start with uproar_`,
		`core/shared/metrics.go:15: metrics: "flush_seconds" does not start with uproar_`,
		`core/shared/metrics.go:21: metrics: "rooms{loop=\"%d\"}" does not start with uproar_`,
		`core/shared/metrics.go:22: metrics: "queue" does not start with uproar_`,
		`core/shared/metrics.go:23: metrics: "loop_lag_seconds{loop=\"%d\"}" does not start with uproar_`,
		`edge/room/room.go:11: flags: a flag is a field that main fills, not a package variable`,
		`edge/room/room.go:15: init: init functions hide work; call it from where it is needed`,
		`edge/util/util.go: names: "util" does not say what the package is for`,
		`proto/wire: docs: no file has a package comment`,
		`uproar/bench/load: imports: imports uproar/core/hall, but bench/... may import std, proto/..., bench/..., ext`,
		`uproar/bench/load: imports: imports uproar/edge/room, but bench/... may import std, proto/..., bench/..., ext`,
		`uproar/core/hall: imports: imports github.com/panjf2000/gnet/v2, but only edge/engine may`,
		`uproar/core/hall: imports: imports github.com/redis/rueidis, but only core/store/redisstore/..., core/exchange/redisbus/... may`,
		`uproar/core/hall: imports: imports uproar/edge/room, but core/... may import std, proto/..., core/..., ext`,
		`uproar/core/hall: imports: imports uproar/edge/room, but core/... may import std, proto/..., core/..., ext`, // by its test
		`uproar/edge/room: imports: imports uproar/core/store/memory, but only edge, edge/edgetest, core/store/... may`,
		`uproar/edge/room: imports: imports uproar/tools/kit, but edge/... may import std, proto/..., core/..., edge/..., ext`,
		`uproar/proto/wire: imports: imports github.com/gobwas/ws, but proto/... may import std, proto/...`,
		`uproar/proto/wire: imports: imports uproar/core/hall, but proto/... may import std, proto/...`,
	}
	slices.Sort(got)
	slices.Sort(want)
	if !slices.Equal(got, want) {
		t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}

func TestLongFilesAndFunctionsAreFound(t *testing.T) {
	body := func(lines int) string { return "func f() {\n" + strings.Repeat("\t_ = 0\n", lines-2) + "}\n" }
	for _, c := range []struct {
		name, src string
		want      int
	}{
		{"a.go", "package a\n" + body(70), 0},
		{"a.go", "package a\n" + body(71), 1},
		{"a_test.go", "package a\n" + body(71), 1},
		{"a.go", "package a\n" + strings.Repeat("// x\n", 599), 0},
		{"a.go", "package a\n" + strings.Repeat("// x\n", 600), 1},
		{"a_test.go", "package a\n" + strings.Repeat("// x\n", 600), 0},
	} {
		f, err := rules.Parse(c.name, []byte(c.src))
		if err != nil {
			t.Fatal(err)
		}
		if got := rules.Lengths(f); len(got) != c.want {
			t.Errorf("%s of %d lines: %v, want %d findings", c.name, f.Lines, got, c.want)
		}
	}
}

func TestWordsOfOneMachineAreFound(t *testing.T) {
	root := t.TempDir()
	lines := []string{"fine: /workshop, farmers", "see /wo" + "rk/x", "run fa" + "rm-thing", "in /ho" + "me/me"}
	if err := os.WriteFile(filepath.Join(root, "note.md"), []byte(strings.Join(lines, "\n")), 0o600); err != nil {
		t.Fatal(err)
	}
	found, err := rules.Words(root, []string{"note.md"})
	if err != nil {
		t.Fatal(err)
	}
	var at []string
	for _, f := range found {
		at = append(at, f.At)
	}
	if want := []string{"note.md:2", "note.md:3", "note.md:4"}; !slices.Equal(at, want) {
		t.Errorf("found at %v, want %v", at, want)
	}
}

func TestPolicyLineWithoutVerbIsRefused(t *testing.T) {
	if _, err := rules.ParsePolicy("uproar", "core/... std"); err == nil {
		t.Error("accepted")
	}
}

// source runs the rules about Go source over names.
func source(root string, names []string) ([]rules.Finding, error) {
	files, err := rules.ParseGo(root, names)
	if err != nil {
		return nil, err
	}
	if len(files) == 0 {
		return nil, fmt.Errorf("cannot find a Go file in %q", root)
	}
	found := slices.Concat(rules.PackageDocs(files), rules.Metrics(files), rules.Skips(files))
	for _, f := range files {
		found = slices.Concat(found, rules.Lengths(f), rules.Names(f), rules.Inits(f), rules.Flags(f))
	}
	return found, nil
}

// imports holds the packages at root, then their tests, to the two tables.
func imports(root string) ([]rules.Finding, error) {
	packages, err := rules.ListPackages(root)
	if err != nil {
		return nil, err
	}
	var found []rules.Finding
	for tests, table := range map[bool]string{false: policy, true: testPolicy} {
		p, err := rules.ParsePolicy("uproar", table)
		if err != nil {
			return nil, err
		}
		found = append(found, p.Check(packages, tests)...)
	}
	return found, nil
}
