package store

import (
	"hash/maphash"
	"math/bits"
	"slices"
	"sync"

	"uproar/core/chat"
)

// rosters is, for each room, who holds which role, and how many member records it has.
// It follows records: its lock is taken while a stripe of records is held, never the
// other way round.
type rosters struct {
	seed    maphash.Seed
	stripes [stripeCount]rosterStripe
}

type rosterStripe struct {
	mu struct {
		sync.RWMutex
		rooms map[string]*roster
	}
}

// roster is one room. A room without member records has none.
type roster struct {
	members int
	holders [8]map[string]struct{} // by the bit of the role; logins
}

func (r *rosters) stripe(room string) *rosterStripe {
	return &r.stripes[maphash.String(r.seed, room)%stripeCount]
}

// enter counts a new member record and reports whether the room may have one more. Both
// names are kept.
func (r *rosters) enter(room string, membersMax int) bool {
	s := r.stripe(room)
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.mu.rooms == nil {
		s.mu.rooms = make(map[string]*roster)
	}
	one := s.mu.rooms[room]
	if one == nil {
		one = &roster{}
		s.mu.rooms[room] = one
	}
	if one.members >= membersMax {
		return false
	}
	one.members++
	return true
}

// leave counts a member record that is gone; its roles have been moved to none.
func (r *rosters) leave(room string) {
	s := r.stripe(room)
	s.mu.Lock()
	defer s.mu.Unlock()
	one := s.mu.rooms[room]
	one.members--
	if one.members == 0 {
		delete(s.mu.rooms, room)
	}
}

// move lists a member who has entered under its new roles.
func (r *rosters) move(k memberKey, from, to chat.Roles) {
	if from == to {
		return
	}
	s := r.stripe(k.room)
	s.mu.Lock()
	defer s.mu.Unlock()
	one := s.mu.rooms[k.room]
	for i := range one.holders {
		switch bit := chat.Roles(1) << i; {
		case from&^to&bit != 0:
			delete(one.holders[i], k.login)
		case to&^from&bit != 0:
			if one.holders[i] == nil {
				one.holders[i] = make(map[string]struct{})
			}
			one.holders[i][k.login] = struct{}{}
		}
	}
}

// list returns the first RosterMax logins, in order, that hold all of roles.
func (r *rosters) list(room string, roles chat.Roles) []string {
	s := r.stripe(room)
	s.mu.RLock()
	defer s.mu.RUnlock()
	one := s.mu.rooms[room]
	if one == nil || roles == 0 {
		return nil
	}
	var found []string
	for login := range one.fewest(roles) {
		if one.holds(login, roles) {
			found = append(found, login)
		}
		if len(found) == 2*RosterMax { // of very many, keep no more than needed
			found = first(found)
		}
	}
	return first(found)
}

// first sorts logins and cuts them to RosterMax.
func first(logins []string) []string {
	slices.Sort(logins)
	return logins[:min(len(logins), RosterMax)]
}

// fewest is the smallest set that all holders of roles are in.
func (r *roster) fewest(roles chat.Roles) map[string]struct{} {
	least := r.holders[bits.TrailingZeros8(uint8(roles))]
	for i, set := range r.holders {
		if roles&(1<<i) != 0 && len(set) < len(least) {
			least = set
		}
	}
	return least
}

func (r *roster) holds(login string, roles chat.Roles) bool {
	for i, set := range r.holders {
		if roles&(1<<i) == 0 {
			continue
		}
		if _, ok := set[login]; !ok {
			return false
		}
	}
	return true
}
