package store

import (
	"fmt"
	"hash/maphash"
	"sync"
	"sync/atomic"
	"time"
)

// stripeCount is the number of locks over the records: many more than cores, so that
// two goroutines seldom meet at one.
const stripeCount = 64

// ErrFull is wrapped by the error of a Change that would make one record more than the
// bounds allow. Records that exist can still be changed.
var ErrFull error = notDone("store full")

// bounds are of records in memory and so of the file. What a client's input can make
// grow has an action on overflow.
type bounds struct {
	rooms         int // beyond: ErrFull
	members       int // that hold more than that they spoke; beyond: ErrFull
	membersOfRoom int // of those; beyond: ErrFull, and other rooms are not affected
	spoken        int // members that only spoke; beyond: another of them is forgotten, and is a first-time chatter again
	accounts      int // beyond: one that only chose a color is forgotten, or else ErrFull
}

// defaultBounds keep a full store below about 1 GB: a member takes some 250 bytes,
// one that only spoke some 100.
func defaultBounds() bounds {
	return bounds{rooms: 100_000, members: 1_000_000, membersOfRoom: 500_000, spoken: 2_000_000, accounts: 1_000_000}
}

// records is the state that lives in memory. Records are immutable: a change swaps the
// pointer under the lock of its stripe, so what was fetched stays as it was and a read
// allocates nothing, but of a member that only spoke: there are very many of those. Lock order: stripe -> roster stripe, stripe -> journal.
type records struct {
	bounds  bounds
	seed    maphash.Seed
	rosters rosters
	dirty   func(Key) // told, under the stripe's lock, of what changed by itself
	meters  *meters
	stripes [stripeCount]stripe

	roomCount, memberCount, spokenCount, accountCount atomic.Int64
}

type stripe struct {
	mu struct {
		sync.RWMutex
		rooms    map[string]*Room
		members  map[memberKey]*Member
		spoken   map[memberKey]mark // members that only spoke
		accounts map[string]*Account
	}
}

type memberKey struct{ room, login string }

func newRecords(b bounds, dirty func(Key), m *meters) *records {
	r := &records{bounds: b, seed: maphash.MakeSeed(), dirty: dirty, meters: m}
	r.rosters.seed = r.seed
	for i := range r.stripes {
		mu := &r.stripes[i].mu
		mu.rooms = make(map[string]*Room)
		mu.members = make(map[memberKey]*Member)
		mu.spoken = make(map[memberKey]mark)
		mu.accounts = make(map[string]*Account)
	}
	return r
}

func (r *records) stripe(room, login string) *stripe {
	h := maphash.String(r.seed, room)*0x9E3779B97F4A7C15 + maphash.String(r.seed, login)
	return &r.stripes[h>>32%stripeCount]
}

// read fills in what rd asks for.
func (r *records) read(rd *Read, now time.Time) {
	*rd = Read{Key: rd.Key} // a batch may be used again
	switch rd.Key.Kind {
	case KindRoom:
		rd.Room = r.room(rd.Key.Room)
	case KindMember:
		rd.Member = r.member(memberKey{rd.Key.Room, rd.Key.Login}, now)
	case KindAccount:
		rd.Account = r.account(rd.Key.Login)
	default:
		rd.Err = fmt.Errorf("cannot fetch %s: no such kind", rd.Key)
	}
}

func (r *records) room(name string) *Room {
	s := r.stripe(name, "")
	s.mu.RLock()
	defer s.mu.RUnlock()
	if one := s.mu.rooms[name]; one != nil {
		return one
	}
	return zeroRoom
}

func (r *records) account(login string) *Account {
	s := r.stripe("", login)
	s.mu.RLock()
	defer s.mu.RUnlock()
	if one := s.mu.accounts[login]; one != nil {
		return one
	}
	return zeroAccount
}

func (r *records) member(k memberKey, now time.Time) *Member {
	s := r.stripe(k.room, k.login)
	s.mu.RLock()
	one := s.member(k)
	s.mu.RUnlock()
	// Fast path
	if !one.lapsed(now) {
		return one
	}
	// Slow path: once for each timeout.
	s.mu.Lock()
	defer s.mu.Unlock()
	r.lapse(s, k, now)
	return s.member(k)
}

// member returns what is under k, with a lock of the stripe held.
func (s *stripe) member(k memberKey) *Member {
	if m := s.mu.members[k]; m != nil {
		return m
	}
	if at, ok := s.mu.spoken[k]; ok {
		one := at.with(Member{})
		return &one
	}
	return zeroMember
}

// change applies c, which is valid.
func (r *records) change(k Key, c *Change, now time.Time) error {
	s := r.stripe(k.Room, k.Login)
	s.mu.Lock()
	defer s.mu.Unlock()
	switch k.Kind {
	case KindRoom:
		old := s.mu.rooms[k.Room]
		if old == nil {
			old = zeroRoom
		}
		return r.putRoom(s, k.Room, old.patched(c))
	case KindMember:
		mk := memberKey{k.Room, k.Login}
		r.lapse(s, mk, now)
		return r.putMember(s, mk, s.member(mk).patched(c))
	default:
		old := s.mu.accounts[k.Login]
		if old == nil {
			old = zeroAccount
		}
		return r.putAccount(s, k.Login, old.patched(c))
	}
}

// spoke marks a line of members whose names are names, unless one of the hour before it
// is marked.
func (r *records) spoke(k memberKey, at time.Time) {
	key := Key{KindMember, k.room, k.login}
	if key.validate() != nil {
		return
	}
	s := r.stripe(k.room, k.login)
	s.mu.Lock()
	defer s.mu.Unlock()
	m := s.member(k)
	if !m.First.IsZero() && !at.Before(m.First) && at.Sub(m.Last) < MarkEvery {
		return
	}
	if r.putMember(s, k, m.Marked(at)) == nil {
		r.dirty(key)
	}
}

// sweep drops the timeouts of one stripe that have ended.
func (r *records) sweep(i int, now time.Time) {
	s := &r.stripes[i%stripeCount]
	var ended []memberKey
	s.mu.RLock()
	for k, m := range s.mu.members {
		if m.lapsed(now) {
			ended = append(ended, k)
		}
	}
	s.mu.RUnlock()
	for _, k := range ended {
		s.mu.Lock()
		r.lapse(s, k, now)
		s.mu.Unlock()
	}
}

// get returns the record of k as one of the three kinds, or nils for a zero record.
func (r *records) get(k Key) (*Room, *Member, *Account) {
	s := r.stripe(k.Room, k.Login)
	s.mu.RLock()
	defer s.mu.RUnlock()
	if k.Kind != KindMember {
		return s.mu.rooms[k.Room], nil, s.mu.accounts[k.Login]
	}
	m := s.member(memberKey{k.Room, k.Login})
	if m == zeroMember {
		m = nil
	}
	return nil, m, nil
}
