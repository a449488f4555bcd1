package chat

import (
	"uproar/core/presence"
)

// Presence is who is in rooms on other edges: a presence.Board. Its methods never block,
// and are called under a lock of the index.
type Presence interface {
	// Touch says that a room's first seat here was taken, or its last was given up.
	Touch(room string)
	// Count is how many seats a room has elsewhere.
	Count(room string) int
	// Others is who sits there, unless that is the version that is known.
	Others(room string, known uint64) (o presence.Others, changed bool)
}

// away is what other edges add to the names in a room: as they were when somebody looked
// last, so that what is listed and told agrees. It is empty while nobody wants to know.
type away struct {
	version uint64
	host    bool                // the broadcaster is there
	crowd   bool                // here and there are too many names, or not all are known
	names   map[string]struct{} // nobody's in a crowd
	both    int                 // of these, those who have a seat here too
}

// Here implements presence.Own: who is in a room on this edge.
func (h *Hub) Here(room string, namesMax int, names []string) presence.Room {
	return h.index.here(room, namesMax, names)
}

// OthersChanged implements presence.Own.
func (h *Hub) OthersChanged(room string) { h.index.othersChanged(room) }

func (x *index) here(name string, namesMax int, names []string) presence.Room {
	st := x.stripe(name)
	st.mu.Lock()
	defer st.mu.Unlock()
	sh := st.mu.rooms[name]
	if sh == nil {
		return presence.Room{}
	}
	here := presence.Room{Seats: sh.seats(), Named: sh.named, Host: sh.hosts > 0}
	if sh.names == nil {
		return here
	}
	if here.Named = len(sh.names); here.Named <= namesMax {
		for login := range sh.names {
			names = append(names, login)
		}
		here.Names = names
	}
	return here
}

// othersChanged has those who want to know told of it when the window ends.
func (x *index) othersChanged(name string) {
	st := x.stripe(name)
	st.mu.Lock()
	defer st.mu.Unlock()
	if sh := st.mu.rooms[name]; sh != nil {
		x.await(sh, name)
	}
}

// touch tells other edges of a room's first seat and its last.
func (x *index) touch(room string) {
	if x.presence != nil {
		x.presence.Touch(room)
	}
}

// look takes what other edges have told of a room, and tells who came and who left. The
// stripe is locked, here and below. It comes before names are listed, and before news.
func (x *index) look(sh *shared, room string) {
	if x.presence == nil {
		return
	}
	known := sh.away.version
	if sh.away.crowd {
		known = 0 // names were not kept
	}
	if o, changed := x.presence.Others(room, known); changed || sh.away.crowd {
		x.meet(sh, room, &o)
	}
}

// meet puts o in the place of what was known of others.
func (x *index) meet(sh *shared, room string, o *presence.Others) {
	was := sh.away
	sh.away = away{version: o.Version, host: o.Host}
	most := namesMax
	if was.crowd {
		most = namesResume
	}
	if sh.names == nil || !o.Whole || len(o.Names) > most {
		sh.scatter()
		return
	}
	sh.away.names = make(map[string]struct{}, len(o.Names))
	for _, login := range o.Names {
		sh.away.names[login] = struct{}{}
		if sh.names[login] > 0 {
			sh.away.both++
		}
	}
	if sh.nameCount() > most {
		sh.scatter()
		return
	}
	if was.crowd {
		return // as when a list is begun again: nobody has come or left
	}
	x.tellMoves(sh, room, sh.away.names, was.names, true)
	x.tellMoves(sh, room, was.names, sh.away.names, false)
}

// tellMoves tells of logins in one set and not in the other, but for those who are here.
func (x *index) tellMoves(sh *shared, room string, of, but map[string]struct{}, came bool) {
	for login := range of {
		if _, both := but[login]; !both && sh.names[login] == 0 {
			x.tell(sh, room, login, came)
		}
	}
}

// scatter gives up the names of others: they are too many.
func (sh *shared) scatter() {
	sh.away = away{version: sh.away.version, host: sh.away.host, crowd: true}
	sh.news = nil
}

// nameCount counts the names in a room, here and elsewhere.
func (sh *shared) nameCount() int { return len(sh.names) + len(sh.away.names) - sh.away.both }

// isAway reports whether a login that comes here now or leaves is elsewhere too: then it
// is no news. d is 1 or -1.
func (sh *shared) isAway(login string, d int) bool {
	if _, ok := sh.away.names[login]; !ok {
		return false
	}
	sh.away.both += d
	return true
}
