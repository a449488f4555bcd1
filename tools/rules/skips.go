package rules

import (
	"go/ast"
	"go/token"
	"path"
	"regexp"
)

// reason is what a skipped test must give: an issue's number, or words.
var reason = regexp.MustCompile(`#\d+|\w+\W+\w+`)

// Skips finds tests that are skipped without an issue or a reason of at least two
// words, written as a literal where the skip is. Where the skip passes on a
// parameter of its function, the function's callers must give the literal.
func Skips(files []*File) []Finding {
	var found []Finding
	passOn := map[string]int{} // by folder and function: which parameter is the reason
	for _, f := range files {
		for _, decl := range f.AST.Decls {
			fn, ok := decl.(*ast.FuncDecl)
			if !ok {
				continue
			}
			for _, call := range skipCalls(fn) {
				if n := passedOn(fn, call); n >= 0 {
					passOn[path.Dir(f.Path)+"."+fn.Name.Name] = n
				} else if !reasoned(call, 0) {
					found = append(found, Finding{"skips", f.At(call), "a skip names its issue or its reason"})
				}
			}
		}
	}
	for _, f := range files {
		ast.Inspect(f.AST, func(n ast.Node) bool {
			call, ok := n.(*ast.CallExpr)
			if !ok {
				return true
			}
			fn, ok := call.Fun.(*ast.Ident)
			if !ok {
				return true
			}
			if n, ok := passOn[path.Dir(f.Path)+"."+fn.Name]; ok && !reasoned(call, n) {
				found = append(found, Finding{"skips", f.At(call), fn.Name + " skips: name its issue or its reason here"})
			}
			return true
		})
	}
	return found
}

// skipCalls are the calls in fn that skip a test, a benchmark or a fuzz target.
func skipCalls(fn *ast.FuncDecl) []*ast.CallExpr {
	var calls []*ast.CallExpr
	ast.Inspect(fn, func(n ast.Node) bool {
		call, ok := n.(*ast.CallExpr)
		if !ok {
			return true
		}
		sel, ok := call.Fun.(*ast.SelectorExpr)
		if !ok || sel.Sel.Name != "Skip" && sel.Sel.Name != "Skipf" && sel.Sel.Name != "SkipNow" {
			return true
		}
		if x, ok := sel.X.(*ast.Ident); ok && (x.Name == "t" || x.Name == "b" || x.Name == "f" || x.Name == "tb") {
			calls = append(calls, call)
		}
		return true
	})
	return calls
}

// passedOn is the index of the parameter of fn that call gives as its reason, or -1.
func passedOn(fn *ast.FuncDecl, call *ast.CallExpr) int {
	if len(call.Args) != 1 {
		return -1
	}
	arg, ok := call.Args[0].(*ast.Ident)
	if !ok {
		return -1
	}
	n := 0
	for _, field := range fn.Type.Params.List {
		for _, name := range field.Names {
			if name.Name == arg.Name {
				return n
			}
			n++
		}
	}
	return -1
}

func reasoned(call *ast.CallExpr, arg int) bool {
	return arg < len(call.Args) && reason.MatchString(literals(call.Args[arg]))
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
