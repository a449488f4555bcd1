package fleet

import (
	"fmt"
	"testing"
	"time"
)

// The members of the judge's own tests sit in room 0 and say nothing, but for member 0,
// who says every line: one each 10 ms, answered after 5.
const judgedLines = 6

func judgedBook() []said {
	lines := make([]said, judgedLines)
	for i := range lines {
		sent := time.Duration(i+1) * 10 * time.Millisecond
		lines[i] = said{fate: accepted, id: fmt.Sprint("id", i), sent: sent, answered: sent + 5*time.Millisecond}
	}
	return lines
}

// Steps of a log. hears names lines; the others are single entries.
func hears(numbers ...int) []entry {
	var log []entry
	for _, n := range numbers {
		log = append(log, entry{number: int32(n), id: idHash(fmt.Append(nil, "id", n)), kind: heard})
	}
	return log
}

func step(k kind, number int) []entry { return []entry{{number: int32(number), kind: k}} }

// logOf puts steps behind a first JOIN. An entry comes 8 ms after the line that it
// shows, or after what was before it.
func logOf(steps ...[]entry) []entry {
	log := []entry{{kind: asked}, {kind: seated}}
	for _, s := range steps {
		for _, e := range s {
			e.at = max(e.at, log[len(log)-1].at)
			if e.kind == heard {
				e.at = max(e.at, uint32(e.number+1)*10_000+8_000)
			}
			log = append(log, e)
		}
	}
	return log
}

func TestJudgeFindsEachCrime(t *testing.T) {
	all := hears(0, 1, 2, 3, 4, 5)
	for _, c := range []struct {
		name  string
		alter func(lines []said)
		log   []entry // of one member; others have heard all
		want  string
	}{
		{name: "nothing", log: logOf(all)},
		{name: "order", log: logOf(hears(0, 1, 3, 2, 4, 5)), want: "disorder overtaken "},
		{name: "twice", log: logOf(hears(0, 1, 2), hears(2, 3, 4, 5)), want: "doubled "},
		{name: "twice over a resumption", log: logOf(hears(0, 1, 2), step(cut, 0), step(asked, 1), step(seated, 0), hears(2, 3, 4, 5)), want: "doubled "},
		{name: "lost", log: logOf(hears(0, 1, 3, 4, 5)), want: "lost 2 "},
		{name: "lost at the end", log: logOf(hears(0, 1, 2, 3)), want: "lost 4 lost 5 "},
		{name: "lost at the beginning", log: logOf(hears(2, 3, 4, 5)), want: "lost 0 lost 1 "},
		{name: "lost over a resumption", log: logOf(hears(0, 1), step(cut, 0), step(asked, 1), step(seated, 0), hears(3, 4, 5)), want: "lost 2 "},
		{name: "announced", log: logOf(hears(0, 1), step(gap, 0), hears(4, 5)), want: "announced 2 announced 3 "},
		{name: "announced with a number", log: logOf(hears(0, 1), step(gap, 2), hears(4, 5)), want: "announced 2 announced 3 "},
		{name: "announced with too small a number", log: logOf(hears(0, 1), step(gap, 1), hears(4, 5)), want: "announced 2 announced 3 unmatched "},
		{name: "announced elsewhere", log: logOf(hears(0), step(gap, 0), hears(1, 3, 4, 5)), want: "lost 2 "},
		{name: "announced at a resumption", log: logOf(hears(0, 1), step(cut, 0), step(asked, 1), step(gap, 0), step(seated, 0), hears(4, 5)),
			want: "announced 2 announced 3 "},
		{name: "refused", alter: func(l []said) { l[2].fate = refused }, log: logOf(hears(0, 1, 3, 4, 5))},
		{name: "of unknown fate", alter: func(l []said) { l[2].fate = unknown }, log: logOf(hears(0, 1, 3, 4, 5))},
		{name: "of unknown fate, out of order", alter: func(l []said) { l[2].fate = unknown }, log: logOf(hears(2, 0, 1, 3, 4, 5)), want: "disorder "},
		{name: "one's own", alter: func(l []said) { l[2].sender = 7 }, log: logOf(hears(0, 1, 3, 4, 5))},
		{name: "said before it came back anew", log: logOf(hears(0), step(cut, 0), step(asked, 0), []entry{{at: 35_000, kind: seated}}, hears(3, 4, 5))},
		{name: "said after it came back anew", log: logOf(hears(0), step(cut, 0), step(asked, 0), []entry{{at: 15_000, kind: seated}}, hears(3, 4, 5)),
			want: "lost 1 lost 2 "},
		{name: "of another room", alter: func(l []said) { l[2].room = 1 }, log: logOf(all), want: "forged forged forged "},
		{name: "another id", log: logOf(hears(0, 1), []entry{{number: 2, id: 1, kind: heard}}, hears(3, 4, 5)), want: "forged "},
		{name: "another text", log: logOf(hears(0, 1), step(wrong, 0), hears(2, 3, 4, 5)), want: "forged "},
	} {
		t.Run(c.name, func(t *testing.T) {
			lines := judgedBook()
			if c.alter != nil {
				c.alter(lines)
			}
			members := []*member{{index: 7, log: c.log}, {index: 8, log: logOf(all)}, {index: 9, log: logOf(all)}}
			v := newVerdict()
			v.judgeRoom(lines, members)
			if got := v.summary(); got != c.want {
				t.Errorf("the judge finds %q, want %q", got, c.want)
			}
		})
	}
}

func TestJudgeBearsWithProcessesThatWereApart(t *testing.T) {
	again := []entry{{kind: cut}, {kind: asked, number: 1}, {kind: seated}}
	for _, c := range []struct {
		name string
		log  []entry
		want string
	}{
		{"order", logOf(hears(0, 1, 3, 2, 4, 5)), "overtaken "}, // all are of one sender
		{"twice behind a gap of a resumption", logOf(hears(0, 1, 2), again, step(gap, 0), hears(1, 2, 3, 4, 5)), ""},
		{"twice without a gap", logOf(hears(0, 1, 2), again, hears(2, 3, 4, 5)), "doubled "},
		{"twice behind a gap of before", logOf(hears(0, 1), step(gap, 0), hears(2), again, hears(2, 3, 4, 5)), "doubled "},
		{"lost", logOf(hears(0, 1, 3, 4, 5)), "lost 2 "},
		{"twice though it was said while Redis was well", logOf(hears(0, 1, 2), again, hears(1, 2, 3, 4, 5)), "doubled doubled "},
		{"twice over a resumption, said while Redis was silent", logOf(hears(0, 1, 2, 3, 4), again, hears(4, 5)), ""},
		{"twice on one connection", logOf(hears(0, 1, 2, 3, 4, 4, 5)), "doubled "},
	} {
		t.Run(c.name, func(t *testing.T) {
			v := newVerdict()
			v.apart = true
			silent := judgedBook()[4].sent
			v.silences = []silence{{silent, silent}}
			all := logOf(hears(0, 1, 2, 3, 4, 5))
			v.judgeRoom(judgedBook(), []*member{{index: 7, log: c.log}, {index: 8, log: all}, {index: 9, log: all}})
			if got := v.summary(); got != c.want {
				t.Errorf("the judge finds %q, want %q", got, c.want)
			}
		})
	}
}

// What is accepted and has reached nobody has no place among the lines heard, but a time.
func TestJudgeMissesWhatNobodyHeard(t *testing.T) {
	for _, c := range []struct {
		name string
		log  []entry
		want string
	}{
		{"not announced", logOf(hears(0, 1, 3, 4, 5)), "lost 2 "},
		{"announced", logOf(hears(0, 1), step(gap, 0), hears(3, 4, 5)), "announced 2 "},
		{"announced too late", logOf(hears(0, 1, 3), step(gap, 0), hears(4, 5)), "lost 2 "},
		{"announced too early", logOf(hears(0), step(gap, 0), hears(1, 3, 4, 5)), "lost 2 "},
	} {
		t.Run(c.name, func(t *testing.T) {
			v := newVerdict()
			v.judgeRoom(judgedBook(), []*member{{index: 7, log: c.log}})
			if got := v.summary(); got != c.want {
				t.Errorf("the judge finds %q, want %q", got, c.want)
			}
		})
	}
}

func (v *verdict) summary() (text string) {
	for range v.disorder {
		text += "disorder "
	}
	for range v.overtaken {
		text += "overtaken "
	}
	for range v.doubled {
		text += "doubled "
	}
	for range v.forged {
		text += "forged "
	}
	for _, l := range v.lost {
		text += fmt.Sprintf("lost %d ", l.number)
	}
	for n := range judgedLines {
		for range v.announced[n] {
			text += fmt.Sprintf("announced %d ", n)
		}
	}
	for range v.unmatched {
		text += "unmatched "
	}
	return text
}
