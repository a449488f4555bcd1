package fleet

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"time"
)

// verdict is what the logs of all members say of what the server has promised.
type verdict struct {
	// Processes were apart for a while, and delivered their own lines first: lines have one
	// order in each process, and who came back to another one may have been sent some twice,
	// behind a gap that says that it is not known where he was.
	apart bool
	// Redis was silent then, or back for less than a unit. Lines of that time may come
	// twice over a resumption without a gap: for some ms after it is back a stream does not
	// say yet that they were delivered at home (ARCHITECTURE, "Order while away").
	silences []silence

	disorder  []string // two members have heard two lines in different orders
	overtaken []string // a member has heard two accepted lines of one sender in another order than they were said
	doubled   []string // a member has heard a line twice
	forged    []string // a line is not what was said
	lost      []loss   // accepted, not heard, not announced
	unmatched []string // more is missing than a gap with a number has announced

	deliveries, resumed, announced map[int]int // by number of the line; announced: missing where a gap is announced
	delays                         map[int][]time.Duration
}

// silence is a time by the book's clock.
type silence struct{ from, to time.Duration }

func (v *verdict) silentAt(at time.Duration) bool {
	return slices.ContainsFunc(v.silences, func(s silence) bool { return s.from <= at && at <= s.to })
}

// loss is a line that a member has missed, and where in its log.
type loss struct {
	member        *member
	number        int
	before, after int // the lines that it has heard around; -1: none
	at            time.Duration
}

// judgeRoom looks at all logs of one room. lines are those of all rooms.
func (v *verdict) judgeRoom(lines []said, members []*member) {
	order, position := v.order(lines, members)
	for _, m := range members {
		v.judgeMember(lines, order, position, m)
	}
	v.judgeUnheard(lines, position, members)
}

func newVerdict() *verdict {
	return &verdict{deliveries: map[int]int{}, resumed: map[int]int{}, announced: map[int]int{}, delays: map[int][]time.Duration{}}
}

// order merges the logs of a room: every line that somebody has heard, each behind all
// that anybody has heard before it. Lines that nothing puts in order stand by when they
// were heard first.
func (v *verdict) order(lines []said, members []*member) (order []int, position map[int]int) {
	first := map[int]uint32{}
	behind := map[int][]int{} // direct followers
	ahead := map[int]int{}    // how many lines it directly follows
	pair := map[[2]int]bool{}
	for _, m := range members {
		last := -1
		seen := map[int]bool{}
		for _, e := range m.log {
			n := int(e.number)
			if e.kind != heard || seen[n] {
				continue
			}
			seen[n] = true
			if at, ok := first[n]; !ok || e.at < at {
				first[n] = e.at
			}
			if last >= 0 && !pair[[2]int{last, n}] {
				pair[[2]int{last, n}] = true
				behind[last] = append(behind[last], n)
				ahead[n]++
			}
			last = n
		}
	}
	earlier := func(a, b int) int { return cmp.Or(cmp.Compare(first[a], first[b]), cmp.Compare(a, b)) }
	rest := slices.SortedFunc(maps.Keys(first), earlier)
	position = map[int]int{}
	for len(rest) > 0 {
		i := slices.IndexFunc(rest, func(n int) bool { return ahead[n] == 0 })
		if i < 0 { // all stand behind each other
			if !v.apart {
				v.disorder = append(v.disorder, v.explain(members, position))
			}
			i = 0
		}
		n := rest[i]
		rest = slices.Delete(rest, i, i+1)
		position[n] = len(order)
		order = append(order, n)
		for _, next := range behind[n] {
			ahead[next]--
		}
	}
	return order, position
}

// explain finds two members that have heard two lines, which have no position, in
// different orders.
func (v *verdict) explain(members []*member, position map[int]int) string {
	where := map[[2]int]*member{}
	for _, m := range members {
		var mine []int
		seen := map[int]bool{}
		for _, e := range m.log {
			n := int(e.number)
			if _, placed := position[n]; e.kind != heard || placed || seen[n] {
				continue
			}
			seen[n] = true
			for _, before := range mine[max(0, len(mine)-50):] {
				where[[2]int{before, n}] = m
				if other := where[[2]int{n, before}]; other != nil {
					return fmt.Sprintf("room %s: %s heard line %d before %d, %s the other way round", m.name, m.nick, before, n, other.nick)
				}
			}
			mine = append(mine, n)
		}
	}
	return fmt.Sprintf("room %s: lines go round in a circle over three members or more", members[0].name)
}

// stretch is what a member's log says between two lines that it has heard.
type stretch struct {
	after     int  // position of the line before; -1: none
	gaps      int  // announced
	numbers   int  // how many lines those speak of; -1: one speaks of none
	fresh     bool // it came without an id to resume from
	freshAt   time.Duration
	lastHeard int
}

func (v *verdict) judgeMember(lines []said, order []int, position map[int]int, m *member) {
	s := stretch{after: -1, lastHeard: -1}
	seen, all := map[int]bool{}, map[int]bool{}
	last := map[int]int{} // by sender, of the accepted ones
	for _, e := range m.log {
		if e.kind == heard {
			all[int(e.number)] = true
		}
	}
	var joined time.Duration
	resuming, unplaced := false, false // unplaced: it resumes, and was told of a gap
	for _, e := range m.log {
		at := e.when()
		switch e.kind {
		case wrong:
			v.forged = append(v.forged, fmt.Sprintf("%s heard a line that is none of this room, at %v", m.nick, at))
		case gap:
			s.announce(int(e.number))
			unplaced = unplaced || resuming
		case asked:
			joined, resuming, unplaced = at, e.number == 1, false
		case seated:
			if !resuming {
				s.fresh, s.freshAt = true, at
			}
		case heard:
			n := int(e.number)
			if seen[n] {
				if v.apart && unplaced || resuming && v.silentAt(lines[n].sent) {
					continue
				}
				v.doubled = append(v.doubled, fmt.Sprintf("%s heard line %d once more at %v", m.nick, n, at))
				continue
			}
			seen[n] = true
			if !v.genuine(lines, m, n, e.id) {
				continue
			}
			v.deliveries[n]++
			if lines[n].fate == accepted {
				if before, ok := last[lines[n].sender]; ok && n < before {
					v.overtaken = append(v.overtaken, fmt.Sprintf("%s heard line %d of m%d behind line %d", m.nick, n, lines[n].sender, before))
				}
				last[lines[n].sender] = n
			}
			if resuming && lines[n].sent < joined {
				v.resumed[n]++
			} else {
				v.delays[n] = append(v.delays[n], at-lines[n].sent)
			}
			v.missing(lines, order, m, &s, position[n], at, all)
			s = stretch{after: max(position[n], s.after), lastHeard: n}
		}
	}
	v.missing(lines, order, m, &s, len(order), 0, all)
}

func (s *stretch) announce(n int) {
	s.gaps++
	if n == 0 || s.numbers < 0 {
		s.numbers = -1
	} else {
		s.numbers += n
	}
}

// genuine holds that a line heard is one that was said here, under its one id.
func (v *verdict) genuine(lines []said, m *member, n int, id uint32) bool {
	switch {
	case n >= len(lines) || lines[n].room != m.room:
		v.forged = append(v.forged, fmt.Sprintf("%s heard line %d, which nobody has said in room %s", m.nick, n, m.name))
		return false
	case lines[n].fate == accepted && idHash([]byte(lines[n].id)) != id:
		v.forged = append(v.forged, fmt.Sprintf("%s heard line %d under another id than %s", m.nick, n, lines[n].id))
	}
	return true
}

// missing judges the lines between those of a stretch and the one at position p.
func (v *verdict) missing(lines []said, order []int, m *member, s *stretch, p int, at time.Duration, all map[int]bool) {
	excused := 0
	for q := s.after + 1; q < p; q++ {
		n := order[q]
		l := &lines[n]
		switch {
		case l.fate != accepted || l.sender == m.index || all[n]:
		case s.fresh && l.sent < s.freshAt: // said before it came
		case s.gaps > 0:
			excused++
			v.announced[n]++
		default:
			after := -1
			if p < len(order) {
				after = order[p]
			}
			v.lost = append(v.lost, loss{m, n, s.lastHeard, after, at})
		}
	}
	if s.gaps > 0 && s.numbers >= 0 && excused > s.numbers {
		v.unmatched = append(v.unmatched, fmt.Sprintf("%s misses %d lines behind line %d and is told of %d", m.nick, excused, s.lastHeard, s.numbers))
	}
}

// judgeUnheard looks at accepted lines that nobody has heard: each member must have been
// told of a gap, or have come anew, between what was decided before such a line was said
// and what was said after it was decided.
func (v *verdict) judgeUnheard(lines []said, position map[int]int, members []*member) {
	for n := range lines {
		l := &lines[n]
		if _, placed := position[n]; placed || l.fate != accepted || l.room != members[0].room {
			continue
		}
		for _, m := range members {
			if l.sender == m.index {
				continue
			}
			switch s, at := around(lines, l, m); {
			case s.gaps > 0:
				v.announced[n]++
			case s.fresh && l.sent < s.freshAt:
			default:
				v.lost = append(v.lost, loss{m, n, s.lastHeard, -1, at})
			}
		}
	}
}

// around is the stretch of a member's log in which a line would be.
func around(lines []said, l *said, m *member) (s stretch, at time.Duration) {
	s.lastHeard = -1
	resuming := false
	for _, e := range m.log {
		at = e.when()
		switch e.kind {
		case gap:
			s.announce(int(e.number))
		case asked:
			resuming = e.number == 1
		case seated:
			if !resuming {
				s.fresh, s.freshAt = true, at
			}
		case heard:
			n := int(e.number)
			if n >= len(lines) {
				continue
			}
			if lines[n].sent > l.answered {
				return s, at
			}
			if lines[n].fate == accepted && lines[n].answered < l.sent {
				s = stretch{lastHeard: n}
			}
		}
	}
	return s, at
}
