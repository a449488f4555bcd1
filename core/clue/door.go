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
func (c *Clue) Admit(a Admission) ([]Admitted, bool) {
	if !a.Behind {
		if as := c.door.atOnce(&a); as != nil {
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
	case c.door.lanes[uint64(a.Origin)%doorLanes] <- a:
		return nil, false
	default:
		c.meters.admitOff.Add(len(a.Rooms))
		return turnedAway(&a), true
	}
}

func turnedAway(a *Admission) []Admitted {
	as := make([]Admitted, len(a.Rooms))
	for i, name := range a.Rooms {
		as[i] = Admitted{Room: name, User: a.User, Rejection: rejectEntry}
	}
	return as
}

// atOnce answers from the cache, or returns nil.
func (d *door) atOnce(a *Admission) []Admitted {
	tick, now := d.clue.tick(), time.Now()
	as := make([]Admitted, 0, len(a.Rooms))
	for _, name := range a.Rooms {
		var known [3]*entry
		for i, k := range recordsFor(a.User, name) {
			if k.Kind == 0 {
				continue
			}
			e, fresh := d.clue.cache.get(k, tick)
			if !fresh {
				return nil
			}
			known[i] = e
		}
		as = append(as, admit(name, a.User, known[0], known[1], known[2], d.created, now))
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
	wait  []Admission
	refs  [][3]ref // of each room of each that waits
}

// run lets people in until ctx ends; who waits then is refused.
func (d *door) run(ctx context.Context, lane chan Admission) {
	m := doorman{door: d, fetch: newFetch()}
	for {
		select {
		case a := <-lane:
			m.look(a)
		case <-ctx.Done():
			for {
				select {
				case a := <-lane:
					d.clue.admitter.Admitted(a.Origin, turnedAway(&a))
				default:
					return
				}
			}
		}
		m.lookAtMore(lane)
		m.serve()
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
	m.wait = append(m.wait, a)
	tick := m.door.clue.tick()
	for _, name := range a.Rooms {
		var refs [3]ref
		for i, k := range recordsFor(a.User, name) {
			refs[i].read = -1
			if k.Kind != 0 {
				refs[i] = m.fetch.find(m.door.clue.cache, k, tick)
			}
		}
		m.refs = append(m.refs, refs)
	}
}

// serve makes the round trip and answers all that wait.
func (m *doorman) serve() {
	c := m.door.clue
	m.fetch.run(c.source, c.cache, c.epoch)
	now := time.Now()
	next := 0
	for i := range m.wait {
		a := &m.wait[i]
		refs := m.refs[next : next+len(a.Rooms)]
		next += len(a.Rooms)
		if now.Sub(a.queued) > c.deadline {
			c.meters.admitOff.Add(len(a.Rooms))
			c.admitter.Admitted(a.Origin, turnedAway(a))
			continue
		}
		c.meters.admitWaits.Add(len(a.Rooms))
		c.admitter.Admitted(a.Origin, m.answer(a, refs, now))
	}
	clear(m.wait)
	clear(m.refs)
	m.wait, m.refs = m.wait[:0], m.refs[:0]
	m.fetch.clear()
}

// answer decides about the rooms of a, whose records were asked for as refs.
func (m *doorman) answer(a *Admission, refs [][3]ref, now time.Time) []Admitted {
	as := make([]Admitted, len(a.Rooms))
	for i, name := range a.Rooms {
		room, _ := m.fetch.resolve(refs[i][0])
		member, _ := m.fetch.resolve(refs[i][1])
		who, _ := m.fetch.resolve(refs[i][2])
		as[i] = admit(name, a.User, room, member, who, m.door.created, now)
	}
	return as
}
