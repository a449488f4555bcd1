package chat

import (
	"slices"
	"time"

	"uproar/edge/engine"
)

// news is who came to a room and who left since members were last told. Somebody who
// did both is not in it. It is bounded by namesMax joins, and as many leavers.
type news struct {
	joined, parted map[string]struct{}
}

// tell notes that a login came or left, if anyone wants to know, and has it told when
// the window ends. The stripe is locked.
func (x *index) tell(sh *shared, room, login string, came bool) {
	if sh.watchers == 0 {
		return
	}
	if sh.news == nil {
		sh.news = &news{map[string]struct{}{}, map[string]struct{}{}}
		time.AfterFunc(x.window, func() { x.publish(room) })
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

// publish sends the news of a room to all its loops.
func (x *index) publish(name string) {
	st := x.stripe(name)
	st.mu.Lock()
	defer st.mu.Unlock()
	sh := st.mu.rooms[name]
	if sh == nil || sh.news == nil {
		return
	}
	joined, parted := sortedKeys(sh.news.joined), sortedKeys(sh.news.parted)
	sh.news = nil
	for _, r := range sh.rooms {
		r.loop.PostAlways(newsTask{r, joined, parted}) // one per room and window
	}
}

func sortedKeys(m map[string]struct{}) []string {
	keys := make([]string, 0, len(m))
	for k := range m {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	return keys
}

// newsTask tells the members of a room's part who came and who left.
type newsTask struct {
	room           *room
	joined, parted []string
}

func (t newsTask) Run(*engine.Loop) {
	text := &t.room.loop.hub.text
	for _, g := range t.room.groups {
		if g.variant.caps&capMembership == 0 {
			continue
		}
		for _, c := range g.members {
			s := sessionOf(c)
			for _, login := range t.joined {
				if login != s.user.Login { // who has had its own JOIN
					s.loop.out = appendJoin(s.loop.out, text, login, t.room.name)
				}
			}
			for _, login := range t.parted {
				s.loop.out = appendPart(s.loop.out, text, login, t.room.name)
			}
			s.Flush()
		}
	}
}
