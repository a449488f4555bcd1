package chat

import (
	"slices"
	"sync/atomic"

	"uproar/edge/engine"
)

// Interest is told in which rooms this process has members, where lines come from other
// processes: an exchange.Inbox. Its methods never block, and are called under a lock of
// the index.
type Interest interface {
	// Join says that the room's lines are wanted. It calls ready once, on any goroutine,
	// perhaps before it returns, when nothing that is said from then on will be missed;
	// perhaps never, when Leave comes before.
	Join(room string, ready func())
	// Leave says that they are wanted no more.
	Leave(room string)
}

// prospect is what there is of a room before its first member: it is joined first, and
// then sat down in.
type prospect struct {
	arrivals int         // sessions that are about to sit down
	waiting  []*arrival  // those of them that wait until it is ready
	ready    bool        // nothing that is said from now on will be missed
	early    bool        // somebody sat down all the same
	known    atomic.Bool // Interest has called ready
}

// open returns what the loops know together about a room, and joins it if it is new. The
// stripe is locked, here and in closeIfUnused.
func (x *index) open(st *stripe, name string) *shared {
	sh := st.mu.rooms[name]
	if sh != nil {
		return sh
	}
	sh = &shared{names: map[string]int{}, epoch: 1}
	st.mu.rooms[name] = sh
	if x.interest == nil {
		sh.ready = true
		return sh
	}
	x.recent.cut(name) // what was said before is followed by what nobody here has heard
	x.interest.Join(name, func() {
		sh.known.Store(true)
		go x.readied(name, sh) // the stripe may be locked by who calls
	})
	sh.ready = sh.known.Load()
	return sh
}

// closeIfUnused forgets a room that has neither members nor arrivals.
func (x *index) closeIfUnused(st *stripe, name string, sh *shared) bool {
	if len(sh.rooms) > 0 || sh.arrivals > 0 {
		return false
	}
	delete(st.mu.rooms, name)
	if x.interest != nil {
		x.interest.Leave(name)
	}
	return true
}

// expect counts an arrival, until it is released: meanwhile the room stays joined. It
// reports whether a may sit down at once; if not, readyTask follows. A room that is late
// makes only its first members wait, for all will be told of a gap.
func (x *index) expect(a *arrival) (ready bool) {
	name := a.answer.Room
	st := x.stripe(name)
	st.mu.Lock()
	defer st.mu.Unlock()
	sh := x.open(st, name)
	sh.arrivals++
	a.expected = sh
	if sh.ready || sh.early {
		return true
	}
	sh.waiting = append(sh.waiting, a)
	return false
}

// release follows a session that sits down now, or that has gone.
func (x *index) release(a *arrival, seated bool) {
	name, sh := a.answer.Room, a.expected
	a.expected = nil
	st := x.stripe(name)
	st.mu.Lock()
	defer st.mu.Unlock()
	if seated && !sh.ready {
		sh.early = true
	}
	sh.waiting = slices.DeleteFunc(sh.waiting, func(o *arrival) bool { return o == a })
	sh.arrivals--
	x.closeIfUnused(st, name, sh)
}

// readied lets those sit down who wait for a room, and tells those who sit there already
// that they may have missed lines.
func (x *index) readied(name string, sh *shared) {
	gapped, number, waiting := x.nowReady(name, sh)
	for _, r := range gapped {
		r.loop.PostAlways(gapTask{r, number}) // once per life of the room
	}
	for _, a := range waiting {
		a.session.loop.PostAlways(readyTask{a}) // one per arrival, of which sessions have few
	}
}

// nowReady returns the room's parts whose members have missed something, and the number of
// the gap that is kept of it.
func (x *index) nowReady(name string, sh *shared) (gapped []*room, number uint64, waiting []*arrival) {
	st := x.stripe(name)
	st.mu.Lock()
	defer st.mu.Unlock()
	if st.mu.rooms[name] != sh {
		return nil, 0, nil // it was left, and perhaps joined again
	}
	sh.ready = true
	waiting, sh.waiting = sh.waiting, nil
	if sh.early {
		gapped, number = sh.rooms, x.recent.add(name, uncounted(name))
	}
	return gapped, number, waiting
}

// gapTask tells a room's part of a gap. It may overtake what has a lower number, and be
// overtaken by what has a higher one.
type gapTask struct {
	room   *room
	number uint64
}

func (t gapTask) Run(*engine.Loop) {
	t.room.gapAt = t.number
	t.room.add(uncounted(t.room.name))
}
