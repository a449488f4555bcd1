package chat

import (
	"hash/maphash"
	"slices"
	"sync"
	"time"

	"uproar/core/chat"
	"uproar/edge/engine"
)

// index knows, for every room of the process, the loops that have members in it, and
// who is there while they are few. It is the one thing that loops share, so it is cut
// into stripes, and no lock is held during more than a few map operations. Deliveries
// pass it once per batch of lines and never per member.
//
// It is bounded by the seats of open connections.
type index struct {
	seed     maphash.Seed
	window   time.Duration
	interest Interest
	presence Presence
	recent   *recent
	stripes  [64]stripe
}

type stripe struct {
	mu struct {
		sync.Mutex
		rooms map[string]*shared
	}
}

// shared is what the loops know together about one room. It exists while the room has
// members or arrivals.
type shared struct {
	prospect
	rooms    []*room        // its parts on all loops; replaced, never modified
	watchers int            // members with the membership capability
	named    int            // seats of members that are not anonymous
	hosts    int            // those of the broadcaster, who is listed in any crowd
	names    map[string]int // seats by login; nil while there are too many
	away     away           // what other edges add to names
	epoch    uint32         // counts the lists of names begun, from 1
	news     *news          // JOIN and PART that have not been told
}

// Twitch tells of JOIN and PART, and lists names, only up to 1,000 members. The list
// is begun again at half of that, so that a room around the limit does not do it at
// every step.
const (
	namesMax    = 1000
	namesResume = namesMax / 2
)

func (x *index) init(cfg *Config, recent *recent) {
	x.seed = maphash.MakeSeed()
	x.window, x.interest, x.presence, x.recent = cfg.MembershipWindow, cfg.Interest, cfg.Presence, recent
	for i := range x.stripes {
		x.stripes[i].mu.rooms = map[string]*shared{}
	}
}

func (x *index) stripe(name string) *stripe {
	return &x.stripes[maphash.String(x.seed, name)%uint64(len(x.stripes))]
}

// deliver keeps events of a room for those who come back, and returns the room's parts on
// all loops that have members, which must not be modified, and the number of the last
// event. That is one step, so a part that comes to be is sent what has a higher number
// than its room.taken, and nothing else.
func (x *index) deliver(name string, events []chat.Event) (rooms []*room, last uint64) {
	st := x.stripe(name)
	st.mu.Lock()
	defer st.mu.Unlock()
	sh := st.mu.rooms[name]
	if sh == nil && x.interest != nil {
		return nil, 0 // it comes late; what follows it here would not follow in the room
	}
	last = x.recent.add(name, events)
	if sh != nil {
		rooms = sh.rooms
	}
	return rooms, last
}

// viewers counts the seats of a room, on all edges.
func (x *index) viewers(name string) (n int) {
	if x.presence != nil {
		n = x.presence.Count(name)
	}
	st := x.stripe(name)
	st.mu.Lock()
	defer st.mu.Unlock()
	if sh := st.mu.rooms[name]; sh != nil {
		n += sh.seats()
	}
	return n
}

func (sh *shared) seats() (n int) {
	for _, r := range sh.rooms {
		n += r.members
	}
	return n
}

// join counts a seat of s in r, and returns the names of the others if s is to be told
// them.
func (x *index) join(s *Session, r *room) []string {
	names := x.count(s, r)
	slices.Sort(names)
	return names
}

func (x *index) count(s *Session, r *room) (names []string) {
	st := x.stripe(r.name)
	st.mu.Lock()
	defer st.mu.Unlock()
	sh := x.open(st, r.name)
	if r.members++; r.members == 1 {
		sh.rooms = append(slices.Clone(sh.rooms), r)
		r.taken = x.recent.last()
		if len(sh.rooms) == 1 {
			x.touch(r.name)
		}
	}
	if s.caps&capMembership != 0 {
		x.look(sh, r.name)
		sh.watchers++
	}
	if !s.user.Anonymous {
		sh.named++
		if s.user.Login == r.name {
			sh.hosts++
		}
		if sh.names != nil {
			s.seatOf(r).epoch = sh.epoch
			x.enter(sh, r.name, s.user.Login)
		}
	}
	if s.caps&capMembership == 0 {
		return nil
	}
	return sh.others(r.name, s.user.Login)
}

// enter counts one seat of a login in the list of names.
func (x *index) enter(sh *shared, room, login string) {
	sh.names[login]++
	if sh.names[login] == 1 && !sh.isAway(login, 1) {
		x.tell(sh, room, login, true)
	}
	sh.limit()
}

// limit gives names up when they are too many.
func (sh *shared) limit() {
	if len(sh.names) > namesMax {
		sh.names, sh.news = nil, nil
	}
	if len(sh.away.names) > 0 && (sh.names == nil || sh.nameCount() > namesMax) {
		sh.scatter()
	}
}

// others lists all names but one. Of a crowd, as on Twitch, only those are listed who
// have a role.
func (sh *shared) others(room, login string) []string {
	if sh.names == nil || sh.away.crowd {
		if (sh.hosts > 0 || sh.away.host) && room != login {
			return []string{room}
		}
		return nil
	}
	names := make([]string, 0, sh.nameCount())
	for name := range sh.names {
		if name != login {
			names = append(names, name)
		}
	}
	for name := range sh.away.names {
		if name != login && sh.names[name] == 0 {
			names = append(names, name)
		}
	}
	return names
}

// leave undoes join, and watch.
func (x *index) leave(s *Session, seat *seat) {
	parts, epoch := x.discount(s, seat)
	for _, part := range parts {
		part.loop.PostAlways(rollCall{part, epoch}) // one per part, after at least namesResume have left
	}
}

// discount returns the parts of the room whose members a new list of names must be
// filled with, if one was begun.
func (x *index) discount(s *Session, seat *seat) (parts []*room, epoch uint32) {
	r := seat.room
	st := x.stripe(r.name)
	st.mu.Lock()
	defer st.mu.Unlock()
	sh := st.mu.rooms[r.name]
	if r.members--; r.members == 0 {
		sh.rooms = slices.DeleteFunc(slices.Clone(sh.rooms), func(o *room) bool { return o == r })
		if len(sh.rooms) == 0 {
			x.touch(r.name)
		}
		if x.closeIfUnused(st, r.name, sh) {
			return nil, 0
		}
	}
	if s.caps&capMembership != 0 {
		sh.unwatch()
	}
	if s.user.Anonymous {
		return nil, 0
	}
	sh.named--
	if s.user.Login == r.name {
		sh.hosts--
	}
	switch {
	case sh.names != nil && seat.epoch == sh.epoch:
		if sh.names[s.user.Login]--; sh.names[s.user.Login] == 0 {
			delete(sh.names, s.user.Login)
			x.left(sh, r.name, s.user.Login)
		}
	case sh.names == nil && sh.named <= namesResume:
		sh.names = map[string]int{}
		sh.epoch++
		return sh.rooms, sh.epoch
	}
	return nil, 0
}

// left follows the last seat of a login here. There may be few enough again to list them.
func (x *index) left(sh *shared, room, login string) {
	if !sh.isAway(login, -1) {
		x.tell(sh, room, login, false)
	}
	if sh.away.crowd {
		x.await(sh, room)
	}
}

// watch follows a change of a member's membership capability.
func (x *index) watch(r *room, on bool) {
	st := x.stripe(r.name)
	st.mu.Lock()
	defer st.mu.Unlock()
	sh := st.mu.rooms[r.name]
	if !on {
		sh.unwatch()
		return
	}
	x.look(sh, r.name)
	sh.watchers++
}

func (sh *shared) unwatch() {
	if sh.watchers--; sh.watchers == 0 {
		sh.away = away{}
	}
}

// rollCall enters the members of a room's part that a new list of names lacks.
type rollCall struct {
	room  *room
	epoch uint32
}

func (t rollCall) Run(*engine.Loop) {
	var lacking []*seat
	var logins []string
	t.room.each(func(s *Session) {
		if st := s.seatOf(t.room); !s.user.Anonymous && st.epoch != t.epoch {
			lacking = append(lacking, st)
			logins = append(logins, s.user.Login)
		}
	})
	if t.room.loop.hub.index.fill(t.room.name, t.epoch, logins) {
		for _, st := range lacking {
			st.epoch = t.epoch
		}
	}
}

// fill enters logins into the list of names of an epoch, if that is still in use.
func (x *index) fill(room string, epoch uint32, logins []string) bool {
	st := x.stripe(room)
	st.mu.Lock()
	defer st.mu.Unlock()
	sh := st.mu.rooms[room]
	if sh == nil || sh.names == nil || sh.epoch != epoch {
		return false
	}
	for _, login := range logins {
		if sh.names[login]++; sh.names[login] == 1 {
			sh.isAway(login, 1)
		}
	}
	sh.limit()
	if sh.away.crowd {
		x.await(sh, room)
	}
	return true
}
