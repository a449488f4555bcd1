package faults

import (
	"fmt"
	"sync"
	"sync/atomic"
	"time"
)

// talkEvery is how long a member waits after an answer.
const talkEvery = 40 * time.Millisecond

// member talks in a room from before a fault until after it: the cache knows it, so
// every line of it is accepted, and delivered to the room's reader.
type member struct {
	*client
	room string
	n    int
}

// crowd is the members of one room, and its reader. Each member is a goroutine.
type crowd struct {
	w       *world
	room    string
	members []*member
	heard   chan string // by an anonymous reader
	stop    chan struct{}
	all     sync.WaitGroup

	lines   atomic.Int64
	slowest atomic.Int64 // ns of an answer
}

// gather has members join a room and say what makes them known.
func gather(w *world, room string, members int) *crowd {
	w.t.Helper()
	c := &crowd{w: w, room: room, heard: make(chan string, 1<<16), stop: make(chan struct{})}
	if _, entered := dial(w.t, w.srv, "justinfan7", c.heard).join(room); !entered {
		w.t.Fatalf("the reader did not enter %q", room)
	}
	for i := range members {
		m := &member{client: dial(w.t, w.srv, fmt.Sprintf("%s_member%d", room, i), nil), room: room}
		if a, entered := m.join(room); !entered {
			w.t.Fatalf("%q did not enter: %v", m.nick, a)
		}
		c.members = append(c.members, m)
	}
	return c
}

func (c *crowd) talk() {
	for _, m := range c.members {
		c.all.Go(func() {
			for {
				select {
				case <-c.stop:
					return
				case <-time.After(talkEvery):
					m.n++
					c.line(m)
				}
			}
		})
	}
}

func (c *crowd) line(m *member) {
	a := m.say(m.room, fmt.Sprintf("%s %d", m.nick, m.n))
	what := fmt.Sprintf("line %d of member %s", m.n, m.nick)
	c.w.inTime(what, a, clueDeadline)
	if !a.accepted() {
		c.w.t.Errorf("%s: %v", what, a)
	}
	c.lines.Add(1)
	for most := c.slowest.Load(); int64(a.took) > most && !c.slowest.CompareAndSwap(most, int64(a.took)); {
		most = c.slowest.Load()
	}
}

// end holds that the reader heard every line of every member, once and in order.
func (c *crowd) end() {
	c.w.t.Helper()
	close(c.stop)
	c.all.Wait()
	left := int(c.lines.Load())
	c.w.t.Logf("room %s: %d lines, slowest answer %v", c.room, left, time.Duration(c.slowest.Load()).Round(time.Millisecond))
	heard := map[string]int{}
	for late := time.After(5 * time.Second); left > 0; {
		select {
		case text := <-c.heard:
			var nick string
			var n int
			if _, err := fmt.Sscanf(text, c.room+"_%s %d", &nick, &n); err != nil {
				continue // of a stranger
			}
			if heard[nick]++; n != heard[nick] {
				c.w.t.Fatalf("the reader heard line %d of %q as its %dth", n, nick, heard[nick])
			}
			left--
		case <-late:
			c.w.t.Fatalf("%d accepted lines did not reach the reader", left)
		}
	}
}
