package rules

import (
	"go/ast"
	"go/token"
	"regexp"
)

// reason is what a skipped test must give: an issue's number, or a sentence.
var reason = regexp.MustCompile(`#\d+|\w+\W+\w+\W+\w+`)

// Skips finds tests that are skipped without an issue or a reason of at least
// three words, written where the skip is.
func Skips(f *File) []Finding {
	var found []Finding
	ast.Inspect(f.AST, func(n ast.Node) bool {
		call, ok := n.(*ast.CallExpr)
		if !ok {
			return true
		}
		sel, ok := call.Fun.(*ast.SelectorExpr)
		if !ok || sel.Sel.Name != "Skip" && sel.Sel.Name != "Skipf" && sel.Sel.Name != "SkipNow" {
			return true
		}
		if x, ok := sel.X.(*ast.Ident); !ok || x.Name != "t" && x.Name != "b" && x.Name != "f" && x.Name != "tb" {
			return true
		}
		if len(call.Args) == 0 || !reason.MatchString(literals(call.Args[0])) {
			found = append(found, Finding{"skips", f.At(call), "a skip names its issue or its reason"})
		}
		return true
	})
	return found
}

// literals are the string literals of an expression, run together.
func literals(e ast.Expr) string {
	text := ""
	ast.Inspect(e, func(n ast.Node) bool {
		if lit, ok := n.(*ast.BasicLit); ok && lit.Kind == token.STRING {
			text += unquote(lit)
		}
		return true
	})
	return text
}
