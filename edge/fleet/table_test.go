package fleet

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"text/tabwriter"
	"time"
)

// row is one phase of a storm in the table.
type row struct {
	name                       string
	accepted, refused, unknown int // lines said in it, by what their senders know
	heardAnyway                int // of those refused or unknown
	deliveries, resumed        int // of its lines
	notices                    int // of gaps, read in it
	announced, lost            int // its accepted lines that members have missed
	cuts                       int // of connections in it
	delays                     []time.Duration
	slowestAnswer              time.Duration
}

// tabulate counts the lines by the phase in which they were said.
func (v *verdict) tabulate(phases []phase, lines []said, members []*member) []row {
	rows := make([]row, len(phases))
	for i := range phases {
		rows[i].name = phases[i].name
	}
	at := func(when time.Duration) *row {
		i := len(phases) - 1
		for i > 0 && when < phases[i].began {
			i--
		}
		return &rows[i]
	}
	for n := range lines {
		l := &lines[n]
		r := at(l.sent)
		switch l.fate {
		case accepted:
			r.accepted++
		case refused:
			r.refused++
		default:
			r.unknown++
		}
		if l.fate != accepted && v.deliveries[n] > 0 {
			r.heardAnyway++
		}
		if l.fate == accepted || l.fate == refused {
			r.slowestAnswer = max(r.slowestAnswer, l.answered-l.sent)
		}
		r.deliveries += v.deliveries[n]
		r.resumed += v.resumed[n]
		r.announced += v.announced[n]
		r.delays = append(r.delays, v.delays[n]...)
	}
	for _, l := range v.lost {
		at(lines[l.number].sent).lost++
	}
	for _, m := range members {
		for _, e := range m.log[:max(0, len(m.log)-1)] { // without the end of all
			switch when := e.when(); e.kind {
			case gap:
				at(when).notices++
			case cut:
				at(when).cuts++
			}
		}
	}
	return rows
}

// printTable shows the rows and their sum.
func printTable(t testing.TB, rows []row) {
	var text strings.Builder
	w := tabwriter.NewWriter(&text, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(w, "phase\taccepted\trefused\tunknown\t(heard yet)\tdelivered\tresumed\tcuts\tgap notices\tlines announced\tlost unannounced\tdelay p50\tp99\tmax\tslowest answer\t")
	total := row{name: "all"}
	for _, r := range rows {
		total.accepted += r.accepted
		total.refused += r.refused
		total.unknown += r.unknown
		total.heardAnyway += r.heardAnyway
		total.deliveries += r.deliveries
		total.resumed += r.resumed
		total.cuts += r.cuts
		total.notices += r.notices
		total.announced += r.announced
		total.lost += r.lost
		total.delays = append(total.delays, r.delays...)
		total.slowestAnswer = max(total.slowestAnswer, r.slowestAnswer)
	}
	for _, r := range append(rows, total) {
		slices.Sort(r.delays)
		fmt.Fprintf(w, "%s\t%d\t%d\t%d\t%d\t%d\t%d\t%d\t%d\t%d\t%d\t%v\t%v\t%v\t%v\t\n", r.name, r.accepted, r.refused, r.unknown, r.heardAnyway,
			r.deliveries, r.resumed, r.cuts, r.notices, r.announced, r.lost,
			round(quantile(r.delays, 0.5)), round(quantile(r.delays, 0.99)), round(quantile(r.delays, 1)), round(r.slowestAnswer))
	}
	w.Flush()
	t.Logf("\n%s", text.String())
}

func round(d time.Duration) time.Duration { return d.Round(time.Millisecond) }

// quantile is of times in their order; 0 of none.
func quantile(sorted []time.Duration, q float64) time.Duration {
	if len(sorted) == 0 {
		return 0
	}
	return sorted[min(len(sorted)-1, int(q*float64(len(sorted))))]
}

// refusals counts the refused lines by their msg-id.
func refusals(lines []said) map[string]int {
	ids := map[string]int{}
	for i := range lines {
		if lines[i].fate == refused {
			ids[lines[i].told]++
		}
	}
	return ids
}

// examplesMax bounds how much of one kind a failed test shows.
const examplesMax = 5

// complain fails the test for all that was promised and not kept.
func (v *verdict) complain(t testing.TB, lines []said) {
	t.Helper()
	for _, c := range []struct {
		what string
		all  []string
	}{
		{"lines in different orders", v.disorder}, {"lines of one sender overtaken", v.overtaken}, {"lines heard twice", v.doubled},
		{"lines that are not what was said", v.forged}, {"gaps larger than announced", v.unmatched},
	} {
		if len(c.all) > 0 {
			t.Errorf("%d times %s: %s", len(c.all), c.what, strings.Join(c.all[:min(len(c.all), examplesMax)], "; "))
		}
	}
	if len(v.lost) > 0 {
		t.Errorf("%d deliveries lost and not announced", len(v.lost))
	}
	for _, l := range v.lost[:min(len(v.lost), examplesMax)] {
		line := &lines[l.number]
		t.Errorf("%s in room %s misses line %d (id %s, said by m%d at %v, accepted at %v) between lines %d and %d, at %v; its log there:%s",
			l.member.nick, l.member.name, l.number, line.id, line.sender, round(line.sent), round(line.answered), l.before, l.after, l.at, l.member.excerpt(l.before))
	}
	for n := range lines {
		if lines[n].fate == waiting {
			t.Errorf("line %d of m%d, said at %v, has no answer", n, lines[n].sender, lines[n].sent)
			break
		}
	}
}

// excerpt shows a member's log from a line on.
func (m *member) excerpt(from int) string {
	names := [...]string{heard: "line", gap: "gap of", cut: "cut", asked: "asked", seated: "seated", wrong: "wrong"}
	start := slices.IndexFunc(m.log, func(e entry) bool { return e.kind == heard && int(e.number) == from })
	var text strings.Builder
	for i, e := range m.log {
		if i >= start-2 && i < start+8 {
			fmt.Fprintf(&text, " [%v %s %d]", round(e.when()), names[e.kind], e.number)
		}
	}
	return text.String()
}
