package faults

import (
	"fmt"
	"strings"
	"sync"
	"time"
)

// talkEvery is how long a member waits after an answer.
const talkEvery = 40 * time.Millisecond

// deliveryMax is how long a line of a member may be on its way to the room's reader: it
// may be decided at the end of clue's deadline, and then needs loops alone.
const deliveryMax = lineDeadline + stallMax

// member talks in a room from before a fault until after it: the cache knows it, so
// every line of it is accepted, and delivered to the room's reader.
type member struct {
	*client
	n int
}

// crowd is the members of one room, and its reader. Each is a goroutine.
type crowd struct {
	w        *world
	room     string
	members  []*member
	heard    chan hearing // by the listener, an anonymous reader
	listener *client
	stop     chan struct{} // talking
	talkers  sync.WaitGroup
	deaf     chan struct{} // ends listening
	reader   sync.WaitGroup

	mu struct {
		sync.Mutex
		lines, refused   int
		onTheirWay       map[string]time.Time // when a line was sent, by its text
		answer, delivery time.Duration        // the slowest
	}
}

// gather has members join a room.
func gather(w *world, room string, members int) *crowd {
	w.t.Helper()
	c := &crowd{w: w, room: room, heard: make(chan hearing, 1<<16), stop: make(chan struct{}), deaf: make(chan struct{})}
	c.mu.onTheirWay = map[string]time.Time{}
	c.listener = dial(w.t, w.srv, "justinfan7", c.heard)
	if _, entered := c.listener.join(room); !entered {
		w.t.Fatalf("the reader did not enter %q", room)
	}
	for i := range members {
		m := &member{client: dial(w.t, w.srv, fmt.Sprintf("%s_member%d", room, i), nil)}
		if a, entered := m.join(room); !entered {
			w.t.Fatalf("%q did not enter: %v", m.nick, a)
		}
		c.members = append(c.members, m)
	}
	return c
}

func (c *crowd) talk() {
	c.reader.Go(c.listen)
	for _, m := range c.members {
		c.talkers.Go(func() { every(talkEvery, c.stop, func() { c.line(m) }) })
	}
}

// line holds that a member's next line is accepted in time, or refused for the machine
// was late.
func (c *crowd) line(m *member) {
	m.n++
	text := fmt.Sprintf("%s %d", m.nick, m.n)
	c.mu.Lock()
	c.mu.lines++
	c.mu.onTheirWay[text] = time.Now()
	c.mu.Unlock()
	a := m.say(c.room, text)
	c.w.inTime("line "+text, a, lineDeadline)
	if !a.accepted() && !c.w.outOfTime(a) {
		c.w.t.Errorf("line %s: %v", text, a)
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.mu.answer = max(c.mu.answer, a.took)
	if !a.accepted() {
		c.mu.refused++
		delete(c.mu.onTheirWay, text)
	}
}

// listen holds that the reader hears the accepted lines of each member once, in order and
// in time.
func (c *crowd) listen() {
	last := map[string]int{}
	for {
		var h hearing
		select {
		case h = <-c.heard:
		case <-c.deaf:
			return
		}
		if !strings.HasPrefix(h.text, c.room+"_member") {
			continue // of a stranger
		}
		var nick string
		var n int
		if _, err := fmt.Sscan(h.text, &nick, &n); err != nil || n <= last[nick] {
			c.w.t.Errorf("the reader heard %q after line %d, %v", h.text, last[nick], err)
		}
		last[nick] = n
		c.mu.Lock()
		sent, known := c.mu.onTheirWay[h.text]
		if !known {
			c.w.t.Errorf("the reader heard %q, which was refused", h.text)
			sent = h.at
		}
		delete(c.mu.onTheirWay, h.text)
		took := h.at.Sub(sent)
		c.mu.delivery = max(c.mu.delivery, took)
		c.mu.Unlock()
		c.w.judge("delivery of line "+h.text, sent, took, deliveryMax)
	}
}

// end holds that nothing is still on its way.
func (c *crowd) end() {
	c.w.t.Helper()
	close(c.stop)
	c.talkers.Wait()
	for began := time.Now(); c.left() > 0 && time.Since(began) < 5*time.Second; {
		time.Sleep(time.Millisecond)
	}
	close(c.deaf)
	c.reader.Wait()
	c.mu.Lock()
	defer c.mu.Unlock()
	c.w.t.Logf("room %s: %d lines, %d of them refused, slowest answer %v, slowest delivery %v", c.room, c.mu.lines, c.mu.refused,
		c.mu.answer.Round(time.Millisecond), c.mu.delivery.Round(time.Millisecond))
	if len(c.mu.onTheirWay) > 0 && c.listener.gaps.Load() == 0 {
		c.w.t.Errorf("%d lines of members did not reach the reader, who was not told of it", len(c.mu.onTheirWay))
	}
}

// told counts how often members were told of lines missed.
func (c *crowd) told() (n int64) {
	for _, m := range c.members {
		n += m.gaps.Load()
	}
	return n
}

func (c *crowd) left() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return len(c.mu.onTheirWay)
}
