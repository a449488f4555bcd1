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

// Metrics finds metrics whose name is a literal without the product's prefix, and
// names that two places create: a dashboard could not tell them apart.
func Metrics(files []*File) []Finding {
	var found []Finding
	first := map[string]string{}
	for _, f := range files {
		if f.Test || importName(f.AST, "github.com/VictoriaMetrics/metrics") == "" {
			continue
		}
		ast.Inspect(f.AST, func(n ast.Node) bool {
			name, ok := metricName(n)
			if !ok {
				return true
			}
			if !strings.HasPrefix(name, metricPrefix) {
				found = append(found, Finding{"metrics", f.At(n), fmt.Sprintf("%q does not start with %s", name, metricPrefix)})
			}
			if other := first[name]; other != "" {
				found = append(found, Finding{"metrics", f.At(n), fmt.Sprintf("%q is made at %s too", name, other)})
			}
			first[name] = f.At(n)
			return true
		})
	}
	return found
}

// metricName is the literal name that n gives a new metric.
func metricName(n ast.Node) (string, bool) {
	call, ok := n.(*ast.CallExpr)
	if !ok || len(call.Args) == 0 {
		return "", false
	}
	sel, ok := call.Fun.(*ast.SelectorExpr)
	if !ok || !makesMetric.MatchString(sel.Sel.Name) {
		return "", false
	}
	lit, ok := call.Args[0].(*ast.BasicLit)
	if !ok || lit.Kind != token.STRING {
		return "", false
	}
	return unquote(lit), true
}

func unquote(lit *ast.BasicLit) string {
	text, err := strconv.Unquote(lit.Value)
	if err != nil {
		return lit.Value
	}
	return text
}
