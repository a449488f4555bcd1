package chat

import (
	"maps"
	"slices"
	"time"

	"uproar/edge/engine"
)

// news is who came to a room and who left since members were last told. Somebody who
// did both is not in it. It is bounded by namesMax joins, and as many leavers, here and on
// other edges.
type news struct {
	joined, parted map[string]struct{}
}

// tell notes that a login came or left, if anyone wants to know, and has it told when
// the window ends. The stripe is locked.
func (x *index) tell(sh *shared, room, login string, came bool) {
	if sh.away.crowd || !x.await(sh, room) {
		return
	}
	to, from := sh.news.joined, sh.news.parted
	if !came {
		to, from = from, to
	}
	if _, back := from[login]; back {
		delete(from, login)
		return
	}
	to[login] = struct{}{}
}

// await begins the window in which news are collected, if anyone wants to know any.
func (x *index) await(sh *shared, room string) bool {
	if sh.watchers == 0 {
		return false
	}
	if sh.news == nil {
		sh.news = &news{map[string]struct{}{}, map[string]struct{}{}}
		time.AfterFunc(x.window, func() { x.publish(room) })
	}
	return true
}

// publish sends the news of a room to all its parts: one task per part and window.
func (x *index) publish(name string) {
	rooms, n := x.takeNews(name)
	if n == nil || len(n.joined)+len(n.parted) == 0 {
		return
	}
	joined, parted := slices.Sorted(maps.Keys(n.joined)), slices.Sorted(maps.Keys(n.parted))
	for _, r := range rooms {
		r.loop.PostAlways(newsTask{r, joined, parted})
	}
}

func (x *index) takeNews(name string) ([]*room, *news) {
	st := x.stripe(name)
	st.mu.Lock()
	defer st.mu.Unlock()
	sh := st.mu.rooms[name]
	if sh == nil || sh.news == nil {
		return nil, nil
	}
	x.look(sh, name)
	n := sh.news
	sh.news = nil
	return sh.rooms, n
}

// newsTask tells the members of a room's part who came and who left.
type newsTask struct {
	room           *room
	joined, parted []string
}

func (t newsTask) Run(*engine.Loop) {
	l := t.room.loop
	lines, ends := t.lines()
	for _, g := range t.room.groups {
		if g.variant.caps&capMembership == 0 || len(g.members) == 0 {
			continue
		}
		enc := encoded{buf: l.NewBuffer()}
		enc.frame(g.variant.wire, lines, ends)
		for _, c := range g.members {
			own, found := slices.BinarySearch(t.joined, sessionOf(c).user.Login)
			if !found {
				t.room.writePart(c, &enc, 0, len(ends))
				continue
			}
			t.room.writePart(c, &enc, 0, own) // it has had its own JOIN
			t.room.writePart(c, &enc, own+1, len(ends))
		}
		enc.reset()
	}
}

// lines are the news laid end to end, the joins first, and where each ends.
func (t newsTask) lines() (lines []byte, ends []int) {
	text := &t.room.loop.hub.text
	for _, login := range t.joined {
		lines = appendJoin(lines, text, login, t.room.name)
		ends = append(ends, len(lines))
	}
	for _, login := range t.parted {
		lines = appendPart(lines, text, login, t.room.name)
		ends = append(ends, len(lines))
	}
	return lines, ends
}
