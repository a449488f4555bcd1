package gate

import "fmt"

// budget is the most that a figure may be. Slack is how far below it a figure may stay
// without a word: beyond, the budget is to be lowered, so that what was won is kept.
type budget struct {
	most, slack float64
	unit        string
}

// finding is what a figure says against its budget.
type finding struct {
	over bool
	text string // "" when it is within
}

// check holds a figure to its budget.
func (b budget) check(name string, value float64) finding {
	switch {
	case value > b.most:
		return finding{true, fmt.Sprintf("%s: %.5g %s, its budget is %.5g: mend it, or raise the budget in bench/gate/budgets.go and say why",
			name, value, b.unit, b.most)}
	case value < b.most-b.slack:
		return finding{false, fmt.Sprintf("%s: %.5g %s, its budget is %.5g: lower it in bench/gate/budgets.go, so that this is kept",
			name, value, b.unit, b.most)}
	}
	return finding{}
}

// hold checks a figure and prints what there is to say.
func (g *gate) hold(name string, b budget, value float64) {
	switch f := b.check(name, value); {
	case f.over:
		g.fail(name, "%s", f.text)
	case f.text != "":
		g.say("%s", f.text)
	default:
		g.say("ok   %s: %.5g %s (budget %.5g)", name, value, b.unit, b.most)
	}
}
