package store

import (
	"fmt"
	"strings"
	"sync/atomic"
	"time"
)

// victimsMax is how many accounts are looked at for one that may be forgotten.
const victimsMax = 32

// The puts swap one record under the lock of its stripe, which the caller holds. They
// drop what is zero again, keep the counts and the rosters, and hold the bounds: after
// an error nothing has changed.

func (r *records) putRoom(s *stripe, name string, room Room) error {
	_, known := s.mu.rooms[name]
	switch {
	case room.isZero() && known:
		delete(s.mu.rooms, name)
		r.roomCount.Add(-1)
	case room.isZero():
	case !known && !reserve(&r.roomCount, r.bounds.rooms):
		return fmt.Errorf("%w: %d rooms", ErrFull, r.bounds.rooms)
	default:
		s.mu.rooms[strings.Clone(name)] = &room
	}
	return nil
}

func (r *records) putMember(s *stripe, k memberKey, m Member) error {
	switch {
	case m == *zeroMember:
		r.dropMember(s, k)
		r.dropSpoken(s, k)
	case m.onlySpoke():
		r.dropMember(s, k)
		r.putSpoken(s, k, m.mark())
	default:
		old := s.mu.members[k]
		if old == nil {
			k = memberKey{strings.Clone(k.room), strings.Clone(k.login)}
			if err := r.enter(k.room); err != nil {
				return err
			}
			old = zeroMember
			r.dropSpoken(s, k)
		}
		s.mu.members[k] = &m
		r.rosters.move(k, old.Roles, m.Roles)
	}
	return nil
}

// enter makes place for one more member of the room.
func (r *records) enter(room string) error {
	if !reserve(&r.memberCount, r.bounds.members) {
		return fmt.Errorf("%w: %d members of rooms", ErrFull, r.bounds.members)
	}
	if !r.rosters.enter(room, r.bounds.membersOfRoom) {
		r.memberCount.Add(-1)
		return fmt.Errorf("%w: %d members of room %q", ErrFull, r.bounds.membersOfRoom, room)
	}
	return nil
}

func (r *records) dropMember(s *stripe, k memberKey) {
	old := s.mu.members[k]
	if old == nil {
		return
	}
	delete(s.mu.members, k)
	r.rosters.move(k, old.Roles, 0)
	r.rosters.leave(k.room)
	r.memberCount.Add(-1)
}

// putSpoken forgets another member of the stripe that only spoke when there are too
// many, and k itself if there is none.
func (r *records) putSpoken(s *stripe, k memberKey, at mark) {
	if _, known := s.mu.spoken[k]; known {
		s.mu.spoken[k] = at
		return
	}
	for !reserve(&r.spokenCount, r.bounds.spoken) {
		if len(s.mu.spoken) == 0 {
			r.meters.forgotSpoken.Inc() // k itself
			return
		}
		for victim := range s.mu.spoken {
			r.dropSpoken(s, victim)
			r.meters.forgotSpoken.Inc()
			r.dirty(Key{KindMember, victim.room, victim.login})
			break
		}
	}
	s.mu.spoken[memberKey{strings.Clone(k.room), strings.Clone(k.login)}] = at
}

func (r *records) dropSpoken(s *stripe, k memberKey) {
	if _, known := s.mu.spoken[k]; known {
		delete(s.mu.spoken, k)
		r.spokenCount.Add(-1)
	}
}

func (r *records) putAccount(s *stripe, login string, a Account) error {
	_, known := s.mu.accounts[login]
	switch {
	case a == *zeroAccount && known:
		delete(s.mu.accounts, login)
		r.accountCount.Add(-1)
	case a == *zeroAccount:
	case !known && !r.placeForAccount(s):
		return fmt.Errorf("%w: %d accounts", ErrFull, r.bounds.accounts)
	default:
		s.mu.accounts[strings.Clone(login)] = &a
	}
	return nil
}

// placeForAccount forgets an account that only chose a color when there are too many.
func (r *records) placeForAccount(s *stripe) bool {
	if reserve(&r.accountCount, r.bounds.accounts) {
		return true
	}
	looked := 0
	for login, a := range s.mu.accounts {
		if *a == (Account{Color: a.Color}) {
			delete(s.mu.accounts, login) // its place is the new one's
			r.meters.forgotAccounts.Inc()
			r.dirty(Key{Kind: KindAccount, Login: login})
			return true
		}
		if looked++; looked == victimsMax {
			break
		}
	}
	return false
}

// lapse drops a timeout that has ended. No watcher is told: whoever holds the record
// sees its end.
func (r *records) lapse(s *stripe, k memberKey, now time.Time) {
	m := s.mu.members[k]
	if m == nil || !m.lapsed(now) {
		return
	}
	if r.putMember(s, k, m.patched(&Change{Unban: true})) == nil { // one that exists is never refused
		r.dirty(Key{KindMember, k.room, k.login})
	}
}

// reserve counts one more unless there are most already.
func reserve(count *atomic.Int64, most int) bool {
	if count.Add(1) > int64(most) {
		count.Add(-1)
		return false
	}
	return true
}
