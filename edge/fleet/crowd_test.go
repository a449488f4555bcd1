package fleet

import (
	"context"
	"fmt"
	"sync"
	"testing"
	"time"
)

// size is how big a storm is.
type size struct {
	members, rooms int
	rate           int // lines a second, of all rooms together
	unit           time.Duration
}

// Bounds of what a crowd waits for, beside its storm.
const (
	dialers   = 32
	gatherMax = 20 * time.Second
	settleMax = 20 * time.Second // from the end of the storm to its last line
	paceEvery = 10 * time.Millisecond
)

// crowd is the members of all rooms and what they have said. It belongs to the goroutine
// of its test.
type crowd struct {
	t       testing.TB
	size    size
	book    *book
	members []*member
	rooms   [][]*member
	turn    []int // of each room, who speaks next
	room    int   // which room is next

	stop    chan struct{}
	readers sync.WaitGroup
}

// gather returns when all members sit in their rooms.
func gather(t testing.TB, addr string, s size, resume bool) *crowd {
	t.Helper()
	c := &crowd{t: t, size: s, book: newBook(), rooms: make([][]*member, s.rooms), turn: make([]int, s.rooms), stop: make(chan struct{})}
	t.Cleanup(c.leave)
	for i := range s.members {
		room := i % s.rooms
		m := newMember(place{addr: addr, book: c.book, room: room, name: fmt.Sprintf("hall%d", room), resume: resume}, i)
		c.members = append(c.members, m)
		c.rooms[room] = append(c.rooms[room], m)
	}
	for from := 0; from < len(c.members); from += dialers {
		some := c.members[from:min(from+dialers, len(c.members))]
		for _, m := range some {
			c.readers.Go(func() { m.live(c.stop) })
		}
		if late := c.await("sit", gatherMax, some, (*member).sits); late != nil {
			t.FailNow()
		}
	}
	return c
}

func (m *member) sits() bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.mu.seated
}

func (m *member) idle() bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.mu.waiting < 0
}

// await polls until all of these members are so, and returns those that are not in time.
func (c *crowd) await(what string, limit time.Duration, members []*member, so func(*member) bool) (late []*member) {
	c.t.Helper()
	for began := time.Now(); ; time.Sleep(5 * time.Millisecond) {
		late = nil
		for _, m := range members {
			if !so(m) {
				late = append(late, m)
			}
		}
		if len(late) == 0 {
			return nil
		}
		if time.Since(began) > limit {
			c.t.Errorf("%d of %d members do not %s within %v, %s for one", len(late), len(members), what, limit, late[0].nick)
			return late
		}
	}
}

// talk says lines at the crowd's rate until ctx ends, and returns how many nobody
// was free to say.
func (c *crowd) talk(ctx context.Context) (unsaid int) {
	began, due := time.Now(), 0
	tick := time.NewTicker(paceEvery)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return unsaid
		case <-tick.C:
		}
		for now := int(time.Since(began) * time.Duration(c.size.rate) / time.Second); due < now; due++ {
			if !c.speak() {
				unsaid++
			}
		}
	}
}

// speak has somebody of the next room say a line.
func (c *crowd) speak() bool {
	room := c.rooms[c.room]
	turn := &c.turn[c.room]
	c.room = (c.room + 1) % len(c.rooms)
	for range room {
		m := room[*turn]
		*turn = (*turn + 1) % len(room)
		if _, ok := m.say(); ok {
			return true
		}
	}
	return false
}

// settle has one last line said in each room, so that what is missing before it is
// missing for good, and waits for everybody to hear it.
func (c *crowd) settle() {
	c.t.Helper()
	c.await("sit again", settleMax, c.members, (*member).sits)
	c.await("have an answer to each line", settleMax, c.members, (*member).idle)
	last := make([]int, len(c.rooms))
	for began := time.Now(); ; time.Sleep(100 * time.Millisecond) {
		var speakers []*member
		for room, members := range c.rooms {
			if last[room] > 0 && c.fateOf(last[room]) == accepted {
				continue
			}
			speakers = append(speakers, members[0])
			last[room], _ = members[0].say()
		}
		if len(speakers) == 0 {
			break
		}
		if late := c.await("have an answer to the last line", settleMax, speakers, (*member).idle); late != nil || time.Since(began) > settleMax {
			c.t.Errorf("the last lines of %d rooms are not accepted", len(speakers))
			return
		}
	}
	c.await("hear the last line", settleMax, c.members, func(m *member) bool {
		return m == c.rooms[m.room][0] || int(m.lastOne.Load()) == last[m.room]
	})
}

func (c *crowd) fateOf(number int) fate {
	c.book.mu.Lock()
	defer c.book.mu.Unlock()
	return c.book.mu.lines[number].fate
}

// leave ends all members, whose logs are complete then. It may be called twice.
func (c *crowd) leave() {
	select {
	case <-c.stop:
	default:
		close(c.stop)
	}
	c.scatter()
	c.readers.Wait()
}

// scatter ends all connections.
func (c *crowd) scatter() {
	for _, m := range c.members {
		m.mu.Lock()
		if m.mu.conn != nil {
			m.mu.conn.Close()
		}
		m.mu.Unlock()
	}
}
