package chat

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"

	"uproar/core/chat"
	"uproar/edge/engine"
)

// check holds what a loop owns against itself and against the index.
func (l *loop) check() error {
	for r := range l.parts {
		name, seats := r.name, 0
		for _, g := range r.groups {
			for at, c := range g.members {
				s := sessionOf(c)
				st := s.seatOf(r)
				switch {
				case st == nil:
					return fmt.Errorf("room %s: member %s has no seat", name, s.nick())
				case st.group != g || int(st.at) != at:
					return fmt.Errorf("room %s: the seat of %s is elsewhere", name, s.nick())
				case g.variant != variant{s.wire, s.caps &^ capResume}:
					return fmt.Errorf("room %s: %s is in the wrong group", name, s.nick())
				case !c.Open():
					return fmt.Errorf("room %s: %s is closed", name, s.nick())
				case c.Mark != 0:
					return fmt.Errorf("room %s: %s is marked outside a flush", name, s.nick())
				}
				seats++
			}
		}
		for _, sk := range r.skips {
			if st := sessionOf(sk.conn).seatOf(r); st == nil || st.skip != sk {
				return fmt.Errorf("room %s: lines are left out for who has no seat", name)
			}
		}
		if seats == 0 || seats != r.members {
			return fmt.Errorf("room %s: %d members seated, %d counted", name, seats, r.members)
		}
	}
	for c := range l.Conns {
		s := sessionOf(c)
		for i := range s.seats {
			if r := s.seats[i].room; !slices.Contains(l.partsOf(r.name), r) {
				return fmt.Errorf("%s sits in a room that is gone", s.nick())
			}
		}
	}
	return l.checkIndex()
}

// parts calls yield for every part of every room.
func (l *loop) parts(yield func(*room) bool) {
	for name := range l.rooms {
		for _, r := range l.partsOf(name) {
			if !yield(r) {
				return
			}
		}
	}
}

func (l *loop) partsOf(name string) (parts []*room) {
	for r := l.rooms[name]; r != nil; r = r.next {
		parts = append(parts, r)
	}
	return parts
}

func (l *loop) checkIndex() error {
	x := &l.hub.index
	for i := range x.stripes {
		for name, sh := range x.stripes[i].mu.rooms {
			parts := l.partsOf(name)
			if err := l.checkArrivals(name, sh); err != nil {
				return err
			}
			if len(parts) == 0 && len(sh.rooms) == 0 && sh.arrivals > 0 {
				continue
			}
			if len(parts) == 0 || len(parts) != len(sh.rooms) {
				return fmt.Errorf("index: room %s has the parts %v, not %v", name, sh.rooms, parts)
			}
			named, watchers, logins := 0, 0, map[string]int{}
			for _, r := range parts {
				if !slices.Contains(sh.rooms, r) {
					return fmt.Errorf("index: room %s lacks the part %v", name, r)
				}
				r.each(func(s *Session) {
					if s.caps&capMembership != 0 {
						watchers++
					}
					if !s.user.Anonymous {
						named++
						logins[s.user.Login]++
					}
				})
			}
			if named != sh.named || watchers != sh.watchers {
				return fmt.Errorf("index: room %s counts %d named and %d watchers, has %d and %d", name, sh.named, sh.watchers, named, watchers)
			}
			if sh.names != nil && fmt.Sprint(logins) != fmt.Sprint(sh.names) {
				return fmt.Errorf("index: room %s lists %v, has %v", name, sh.names, logins)
			}
		}
	}
	return nil
}

// checkArrivals holds who is about to sit down in a room against the index, and both
// against what the exchange was told.
func (l *loop) checkArrivals(name string, sh *shared) error {
	arrivals, waiting := 0, 0
	for c := range l.Conns {
		a := sessionOf(c).arrivals
		if a == nil {
			continue
		}
		for _, a := range a.queue {
			if a.expected == sh {
				arrivals++
			}
			if a.expected == sh && !a.ready {
				waiting++
			}
		}
	}
	if arrivals != sh.arrivals || !sh.ready && len(sh.waiting) < waiting {
		return fmt.Errorf("index: room %s counts %d arrivals, %d of which wait, has %d and %d", name, sh.arrivals, len(sh.waiting), arrivals, waiting)
	}
	if e, ok := l.hub.cfg.Interest.(*elsewhere); ok && !e.isJoined(name) {
		return fmt.Errorf("index: room %s is not joined", name)
	}
	return nil
}

// TestRoomsStayConsistent does what clients do, at random, and checks after each turn.
func TestRoomsStayConsistent(t *testing.T) {
	h := newHall(t, engine.Config{})
	h.hub.partMembersMax = 4
	l := loopOf(h.loop.Loop)
	random := rand.New(rand.NewPCG(7, 7))
	var guests []*guest
	for step := range 4000 {
		if len(guests) < 3 || random.IntN(10) == 0 && len(guests) < 40 {
			nick := fmt.Sprintf("PASS oauth:x\r\nNICK user%d\r\n", random.IntN(12))
			if random.IntN(3) == 0 {
				nick = fmt.Sprintf("NICK justinfan%d\r\n", random.IntN(5))
			}
			guests = append(guests, h.guest(Wire(random.IntN(4)), nick))
			continue
		}
		i := random.IntN(len(guests))
		g := guests[i]
		room := fmt.Sprintf("#room%d", random.IntN(4))
		switch random.IntN(8) {
		case 0, 1, 2:
			g.do("JOIN " + room + "\r\n")
		case 3, 4:
			g.do("PART " + room + "\r\n")
		case 5:
			sign := []string{"", "-"}[random.IntN(2)]
			capName := []string{"tags", "commands", "membership"}[random.IntN(3)]
			g.do("CAP REQ :" + sign + "twitch.tv/" + capName + "\r\n")
		case 6:
			m := message(g, "hello")
			m.Room = room[1:]
			h.hub.Deliver(m.Room, []chat.Event{m})
			h.loop.Turn(func() {})
		case 7:
			h.loop.Turn(func() { g.conn.Abort(engine.ReasonQuit) })
			guests = append(guests[:i], guests[i+1:]...)
		}
		for _, g := range guests {
			g.read()
		}
		if err := l.check(); err != nil {
			t.Fatalf("step %d: %v", step, err)
		}
	}
}
