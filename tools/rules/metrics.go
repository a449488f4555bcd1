package rules

import (
	"fmt"
	"go/ast"
	"go/token"
	"regexp"
	"strconv"
	"strings"
)

const metricPrefix = "uproar_"

// makesMetric matches the constructors of VictoriaMetrics/metrics, of the package
// and of a Set alike.
var makesMetric = regexp.MustCompile(`^(New|GetOrCreate)(Counter|FloatCounter|Gauge|Histogram|PrometheusHistogram|Summary|SummaryExt)(Ext)?$`)

// snakeCase matches what can only be the name of a metric, labels or none, in a
// file that makes metrics: it finds names that go through a function of ours.
var snakeCase = regexp.MustCompile(`^[a-z]+(_[a-z0-9]+)+(\{.*)?$`)

// Metrics finds metrics whose name is a literal without the product's prefix, and
// names that two places create: a dashboard could not tell them apart.
func Metrics(files []*File) []Finding {
	var found []Finding
	first := map[string]string{}
	for _, f := range files {
		if f.Test || importName(f.AST, "github.com/VictoriaMetrics/metrics") == "" {
			continue
		}
		for _, lit := range metricNames(f.AST) {
			name := unquote(lit)
			if !strings.HasPrefix(name, metricPrefix) {
				found = append(found, Finding{"metrics", f.At(lit), fmt.Sprintf("%q does not start with %s", name, metricPrefix)})
			}
			if other := first[name]; other != "" {
				found = append(found, Finding{"metrics", f.At(lit), fmt.Sprintf("%q is made at %s too", name, other)})
			}
			first[name] = f.At(lit)
		}
	}
	return found
}

// metricNames are the literals in tree that name metrics: in the first argument of a
// constructor, or in snake case as an argument of anything. Each is there once.
func metricNames(tree *ast.File) []*ast.BasicLit {
	var names []*ast.BasicLit
	seen := map[*ast.BasicLit]bool{}
	ast.Inspect(tree, func(n ast.Node) bool {
		call, ok := n.(*ast.CallExpr)
		if !ok {
			return true
		}
		sel, ok := call.Fun.(*ast.SelectorExpr)
		constructs := ok && makesMetric.MatchString(sel.Sel.Name)
		for i, arg := range call.Args {
			lit := leading(arg)
			if lit == nil || seen[lit] {
				continue
			}
			if constructs && i == 0 || snakeCase.MatchString(unquote(lit)) {
				seen[lit] = true
				names = append(names, lit)
			}
		}
		return true
	})
	return names
}

// leading is the string literal that e is, or starts with, or is formatted by.
func leading(e ast.Expr) *ast.BasicLit {
	switch e := e.(type) {
	case *ast.BasicLit:
		if e.Kind == token.STRING {
			return e
		}
	case *ast.BinaryExpr:
		return leading(e.X)
	case *ast.CallExpr:
		if sel, ok := e.Fun.(*ast.SelectorExpr); ok && sel.Sel.Name == "Sprintf" && len(e.Args) > 0 {
			return leading(e.Args[0])
		}
	}
	return nil
}

func unquote(lit *ast.BasicLit) string {
	text, err := strconv.Unquote(lit.Value)
	if err != nil {
		return lit.Value
	}
	return text
}
