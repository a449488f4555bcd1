package clue

import (
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"uproar/core/chat"
)

// timedLobby notes how long each admission waited, and in which order they were answered.
type timedLobby struct {
	lobby
	slowest time.Duration
	before  map[chat.Origin]time.Time
	t       *testing.T
}

func (l *timedLobby) Admitted(a *Admission, as []Admitted) {
	l.lobby.Admitted(a, as)
	l.mu.Lock()
	defer l.mu.Unlock()
	l.slowest = max(l.slowest, time.Since(a.queued))
	if a.queued.Before(l.before[a.Origin]) {
		l.t.Errorf("an admission of origin %v was overtaken", a.Origin)
	}
	l.before[a.Origin] = a.queued
}

func TestCrowdAtTheDoorOfASlowStoreIsAnsweredInTime(t *testing.T) {
	l := &timedLobby{t: t, before: make(map[chat.Origin]time.Time)}
	atDoor(t, func(c *Config) { c.Admitter = l }, func(c *Clue, st *faulty, _ *lobby) {
		st.set(faults{late: 90 * time.Millisecond})
		const crowd = 2000
		for i := range crowd {
			if i%500 == 0 {
				time.Sleep(time.Millisecond)
			}
			a := Admission{User: user(fmt.Sprint("user", i)), Rooms: []string{fmt.Sprint("room", i)}, Origin: chat.Origin{Conn: uint64(i % 20)}, Behind: true}
			if _, now := c.Admit(a); now {
				t.Fatalf("admission %d was refused at once", i)
			}
		}
		time.Sleep(5 * time.Second)
		synctest.Wait()
		off := int(c.meters.admitOff.Get())
		if len(l.mu.answers) != crowd || off == 0 || off == crowd {
			t.Fatalf("%d answers, %d refused, to %d", len(l.mu.answers), off, crowd)
		}
		if most := c.deadline + 100*time.Millisecond; l.slowest > most {
			t.Fatalf("the slowest took %v, the most is %v", l.slowest, most)
		}
	})
}

func TestWhoIsKnownEntersThoughItsTimeIsOver(t *testing.T) {
	atDoor(t, func(c *Config) { c.Deadline = 150 * time.Millisecond }, func(c *Clue, st *faulty, l *lobby) {
		c.Admit(Admission{User: user("ann"), Rooms: []string{"room"}})
		synctest.Wait()
		time.Sleep(10 * time.Minute) // what is known is stale
		st.set(faults{hangs: true})
		for i := range doorRecordsMax { // two round trips' worth
			c.Admit(Admission{User: user(fmt.Sprint("new", i)), Rooms: []string{"room"}})
		}
		c.Admit(Admission{User: user("ann"), Rooms: []string{"room"}, Again: true})
		time.Sleep(time.Second)
		synctest.Wait()
		last := l.mu.answers[len(l.mu.answers)-1][0]
		if last.User.Login != "ann" || last.Rejection != nil || !last.Again {
			t.Fatalf("got %+v", last)
		}
		if n := c.meters.admitted.Get(); n != 1 {
			t.Fatalf("%d were answered from the cache, want ann alone", n)
		}
		if r := l.mu.answers[1][0].Rejection; r != RejectEntry {
			t.Fatalf("a stranger: got %v", r)
		}
	})
}
