package clue

import (
	"context"
	"time"

	"uproar/core/chat"
	"uproar/core/store"
)

// doorLanes is the number of goroutines that let people in. An origin always has the
// same, so its answers come in order.
const doorLanes = 2

// doorRecordsMax is about how many records a lane asks for at once: it takes no further
// admission into a round trip that has so many.
const doorRecordsMax = 512

// door lets people into rooms. A loop is answered at once when all is in the cache, or
// when the store is in this process; otherwise a lane asks the store for all that waits
// in one round trip.
type door struct {
	clue    *Clue
	created bool
	local   bool
	lanes   [doorLanes]chan Admission
}

func newDoor(c *Clue, cfg *Config) *door {
	d := &door{clue: c, created: cfg.RoomsCreated, local: cfg.StoreLocal}
	for i := range d.lanes {
		d.lanes[i] = make(chan Admission, max(1, cfg.AdmissionsMax/doorLanes))
	}
	return d
}

// Admit decides about rooms that somebody wants to enter, and never waits. With true the
// answers, one for each room, are those returned; with false they come to
// Config.Admitter. When too many wait, all rooms are refused at once, even if a.Behind.
// What is asked after Run has ended may never be answered.
func (c *Clue) Admit(a Admission) ([]Admitted, bool) {
	if !a.Behind {
		if as := c.door.byCache(&a, false); as != nil {
			c.meters.admitted.Add(len(as))
			return as, true
		}
		if c.door.local {
			m := doorman{door: c.door, fetch: newFetch()}
			m.look(a)
			m.fetch.run(c.source, c.cache, c.epoch)
			c.meters.admitted.Add(len(a.Rooms))
			return m.answer(&a, m.refs, time.Now()), true
		}
	}
	if c.admitter == nil {
		panic("BUG: clue.Admit without Config.Admitter")
	}
	a.queued = time.Now()
	select {
	case c.door.lanes[(a.Origin.Edge^a.Origin.Conn)%doorLanes] <- a:
		return nil, false
	default:
		c.meters.admitOff.Add(len(a.Rooms))
		return turnedAway(&a), true
	}
}

// Holds reports whether a is still what clue would answer. An answer may be overtaken by
// a change: who is let in after the room was told of it would never learn of it. So
// whoever lets somebody in asks afterwards, and if it does not hold, for another answer,
// with Admission.Again. It may say no when nothing has changed.
func (c *Clue) Holds(a *Admitted) bool {
	return a.stamp == c.door.stamp(a.User, a.Room)
}

// stamp changes with the records that let a user into a room.
func (d *door) stamp(u *chat.User, room string) uint64 {
	keys := recordsFor(u, room)
	stamp := uint64(d.clue.cache.stripe(keys[0]).Load()) << 32
	if u.Anonymous {
		return stamp
	}
	return stamp | uint64(d.clue.cache.stripe(keys[1]).Load())
}

func turnedAway(a *Admission) []Admitted {
	as := make([]Admitted, len(a.Rooms))
	for i, name := range a.Rooms {
		as[i] = Admitted{Room: name, User: a.User, Rejection: RejectEntry, Again: a.Again}
	}
	return as
}

// byCache answers from the cache. Unless what is stale will do, it returns nil when the
// store is to be asked.
func (d *door) byCache(a *Admission, staleToo bool) []Admitted {
	tick, now := d.clue.tick(), time.Now()
	as := make([]Admitted, 0, len(a.Rooms))
	for _, name := range a.Rooms {
		stamp := d.stamp(a.User, name)
		var known [3]*entry
		for i, k := range recordsFor(a.User, name) {
			if k.Kind == 0 {
				continue
			}
			e, fresh := d.clue.cache.get(k, tick)
			if !fresh && !staleToo {
				return nil
			}
			known[i] = e
		}
		answer := admit(name, a.User, known[0], known[1], known[2], d.created, now)
		answer.stamp, answer.Again = stamp, a.Again
		as = append(as, answer)
	}
	return as
}

// recordsFor are the keys that an admission to a room is decided by. An anonymous
// reader has the first alone.
func recordsFor(u *chat.User, room string) (keys [3]store.Key) {
	keys[0] = store.Key{Kind: store.KindRoom, Room: room}
	if !u.Anonymous {
		keys[1] = store.Key{Kind: store.KindMember, Room: room, Login: u.Login}
		keys[2] = store.Key{Kind: store.KindAccount, Login: u.Login}
	}
	return keys
}

// doorman is one lane while it runs.
type doorman struct {
	door  *door
	fetch fetch
	now   time.Time // when it began to take in
	wait  []Admission
	refs  []needed // of each room of each that waits
}

// needed is what one room is decided by.
type needed struct {
	refs  [3]ref
	stamp uint64
}

// run lets people in until ctx ends; who waits then is refused.
func (d *door) run(ctx context.Context, lane chan Admission) {
	m := doorman{door: d, fetch: newFetch()}
	for {
		select {
		case a := <-lane:
			m.now = time.Now()
			m.look(a)
		case <-ctx.Done():
			for {
				select {
				case a := <-lane:
					d.clue.admitter.Admitted(&a, turnedAway(&a))
				default:
					return
				}
			}
		}
		m.lookAtMore(lane)
		if len(m.wait) > 0 {
			m.serve()
		}
	}
}

// lookAtMore takes in what waits without waiting for more.
func (m *doorman) lookAtMore(lane chan Admission) {
	for len(m.fetch.Reads) < doorRecordsMax && len(m.wait) < doorRecordsMax {
		select {
		case a := <-lane:
			m.look(a)
		default:
			return
		}
	}
}

func (m *doorman) look(a Admission) {
	if m.now.Sub(a.queued) > m.door.clue.deadline {
		m.overdue(&a)
		return
	}
	m.wait = append(m.wait, a)
	tick := m.door.clue.tick()
	for _, name := range a.Rooms {
		stamp := m.door.stamp(a.User, name)
		var refs [3]ref
		for i, k := range recordsFor(a.User, name) {
			refs[i].read = -1
			if k.Kind != 0 {
				refs[i] = m.fetch.find(m.door.clue.cache, k, tick)
			}
		}
		m.refs = append(m.refs, needed{refs, stamp})
	}
}

// overdue answers an admission whose time is over, without another wait: by what is known,
// however old, as when the store has no answer. Those of its origin that came before are
// answered, for they have waited longer by the same clock.
func (m *doorman) overdue(a *Admission) {
	c := m.door.clue
	as := m.door.byCache(a, true)
	for i := range as {
		if as[i].Rejection == RejectEntry {
			c.meters.admitOff.Inc()
		} else {
			c.meters.admitted.Inc()
		}
	}
	c.admitter.Admitted(a, as)
}

// serve makes the round trip and answers all that wait: they have waited for at most the
// deadline and one timeout of the store.
func (m *doorman) serve() {
	c := m.door.clue
	m.fetch.run(c.source, c.cache, c.epoch)
	now := time.Now()
	next := 0
	for i := range m.wait {
		a := &m.wait[i]
		refs := m.refs[next : next+len(a.Rooms)]
		next += len(a.Rooms)
		c.meters.admitWaits.Add(len(a.Rooms))
		c.admitter.Admitted(a, m.answer(a, refs, now))
	}
	clear(m.wait)
	clear(m.refs)
	m.wait, m.refs = m.wait[:0], m.refs[:0]
	m.fetch.clear()
}

// answer decides about the rooms of a, whose records were asked for as refs.
func (m *doorman) answer(a *Admission, refs []needed, now time.Time) []Admitted {
	as := make([]Admitted, len(a.Rooms))
	for i, name := range a.Rooms {
		room, _ := m.fetch.resolve(refs[i].refs[0])
		member, _ := m.fetch.resolve(refs[i].refs[1])
		who, _ := m.fetch.resolve(refs[i].refs[2])
		as[i] = admit(name, a.User, room, member, who, m.door.created, now)
		as[i].stamp, as[i].Again = refs[i].stamp, a.Again
	}
	return as
}
