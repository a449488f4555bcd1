package chat

import (
	"iter"
	"slices"
	"sync"
	"time"

	"uproar/core/chat"
	"uproar/core/exchange"
)

// recent is the last events of all rooms that were delivered in this process, for members
// who come back. Beyond its bounds the oldest go, of whatever room.
//
// Events are numbered from 1 as they come, and those of a room are chained, newest first.
// Its lock is taken once per delivery of a room, inside the lock of an index's stripe.
type recent struct {
	eventsMax int // a power of two
	bytesMax  int

	mu struct {
		sync.Mutex
		ring  []kept // by number; as long as a power of two
		first uint64 // number of the oldest
		next  uint64 // number of the next
		bytes int    // about what the events take
		rooms map[string]*chain
	}
}

// kept is an event, or where its room was cut: what came between nobody here has heard.
type kept struct {
	event  chat.Event // nil: a cut
	room   *chain
	before uint64 // number of the one before it in its room; it may be gone
	// late is not 0 since the stream has said that the event was delivered elsewhere, or
	// here where it has no position, before the stream had it: number of what came next here.
	late uint64
}

// chain is what is kept of one room, one at least.
type chain struct {
	name  string
	last  uint64
	count int
	home  int // of them without a position
}

// Bounds of what is kept.
const (
	recentEventsMax = 1 << 16
	recentBytesMax  = 64 << 20
	eventBytes      = 512 // about what an event takes beside its text
)

func newRecent(eventsMax, bytesMax int) *recent {
	c := &recent{eventsMax: eventsMax, bytesMax: bytesMax}
	c.mu.first, c.mu.next, c.mu.rooms = 1, 1, map[string]*chain{}
	return c
}

// size is how many events are kept.
func (c *recent) size() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.held()
}

// last is the number of the last event of all.
func (c *recent) last() uint64 {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.mu.next - 1
}

// add keeps events of a room, and returns the number of the last of them. Their numbers
// follow each other.
func (c *recent) add(room string, events []chat.Event) (last uint64) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, e := range events {
		c.push(room, e)
	}
	return c.mu.next - 1
}

// cut notes that what follows in a room does not follow what is kept of it.
func (c *recent) cut(room string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if ch := c.mu.rooms[room]; ch != nil && c.at(ch.last).event != nil {
		c.push(room, nil)
	}
}

func (c *recent) push(room string, e chat.Event) {
	size := sizeOf(e)
	for c.held() == c.eventsMax || c.held() > 0 && c.mu.bytes+size > c.bytesMax {
		c.drop()
	}
	if c.held() == len(c.mu.ring) {
		c.grow()
	}
	ch := c.mu.rooms[room]
	if ch == nil {
		ch = &chain{name: room}
		c.mu.rooms[room] = ch
	}
	k := kept{event: e, room: ch, before: ch.last}
	if e != nil && e.Where().Late {
		k.late = c.mu.next
	}
	*c.at(c.mu.next) = k
	ch.home += homes(e)
	ch.last = c.mu.next
	ch.count++
	c.mu.next++
	c.mu.bytes += size
}

// drop forgets the oldest.
func (c *recent) drop() {
	k := c.at(c.mu.first)
	c.mu.first++
	c.mu.bytes -= sizeOf(k.event)
	k.room.home -= homes(k.event)
	if k.room.count--; k.room.count == 0 {
		delete(c.mu.rooms, k.room.name)
	}
	*k = kept{}
}

func (c *recent) grow() {
	ring := make([]kept, max(64, 2*len(c.mu.ring)))
	for n := c.mu.first; n != c.mu.next; n++ {
		ring[n&uint64(len(ring)-1)] = *c.at(n)
	}
	c.mu.ring = ring
}

func (c *recent) held() int { return int(c.mu.next - c.mu.first) }

func (c *recent) at(number uint64) *kept { return &c.mu.ring[number&uint64(len(c.mu.ring)-1)] }

// place is where a line stands among what is kept of its room.
type place struct {
	found  bool
	number uint64            // of the line
	at     exchange.Position // of the line, where it has one
	cut    bool              // something is missing behind it
	late   bool              // who has read it elsewhere may not have read what is before it here
}

// lookMax bounds how far a line is looked for, in events of its room: more than replayMax
// behind it are not sent anyway.
const lookMax = 2 * replayMax

// find looks for the line with an id in a room.
func (c *recent) find(room, id string) (p place) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for n, e := range c.back(room) {
		if e == nil {
			p.cut = true
		} else if idOf(e) == id {
			p.found, p.number, p.at = true, n, positionOf(e)
			p.late = p.at.Epoch != 0 && (c.at(n).late != 0 || c.strays(n))
			return p
		}
	}
	return p
}

// strayMax is how long after it was said a line that was delivered at home comes in the
// stream at the latest, or a gap in its place.
const strayMax = time.Minute

// strays reports whether a line that was delivered here at home before the event with a
// number is behind that in the stream.
func (c *recent) strays(number uint64) bool {
	k := c.at(number)
	left, from := k.room.home, k.event.Where().Time.Add(-strayMax)
	for range lookMax {
		if left == 0 || k.before < c.mu.first {
			return false
		}
		k = c.at(k.before)
		if homes(k.event) == 0 {
			continue
		}
		left--
		if k.event.Where().Time.After(from) && (k.late == 0 || k.late > number) {
			return true
		}
	}
	return false
}

// markLate notes that the stream says of events now that they are late.
func (c *recent) markLate(room string, events []chat.Event) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, late := range events {
		id := idOf(late)
		if id == "" {
			continue
		}
		for n, e := range c.back(room) {
			if e != nil && idOf(e) == id {
				if k := c.at(n); k.late == 0 {
					k.late = c.mu.next
				}
				break
			}
		}
	}
}

// lineMax bounds how far Hub.Line looks, in events of the room.
const lineMax = 256

// line is the line with an id in a room, or nil.
func (c *recent) line(room, id string) *chat.Message {
	c.mu.Lock()
	defer c.mu.Unlock()
	looked := 0
	for _, e := range c.back(room) {
		if m, ok := e.(*chat.Message); ok && m.ID == id {
			return m
		}
		if looked++; looked == lineMax {
			break
		}
	}
	return nil
}

// behind returns the events of a room behind a number, or behind the last cut, up to
// another number, oldest first. It reports whether that number is still kept: else some
// behind it may be gone too.
func (c *recent) behind(room string, number, upTo uint64) (events []chat.Event, whole bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for n, e := range c.back(room) {
		if e == nil || n <= number {
			break
		}
		if n <= upTo {
			events = append(events, e)
		}
	}
	slices.Reverse(events)
	return events, number >= c.mu.first
}

// back yields the last events of a room with their numbers, newest first, and nil where
// it was cut; at most lookMax.
func (c *recent) back(room string) iter.Seq2[uint64, chat.Event] {
	return func(yield func(uint64, chat.Event) bool) {
		ch := c.mu.rooms[room]
		if ch == nil {
			return
		}
		n := ch.last
		var next chat.Event
		for range min(ch.count, lookMax) {
			k := c.at(n)
			if next != nil && k.event != nil && !follows(next, k.event) && !yield(n, nil) {
				return
			}
			if !yield(n, k.event) {
				return
			}
			n, next = k.before, k.event
		}
	}
}

// follows reports whether no position is between two events of a room. It is, with no Gap
// told, where the room was left and joined again while the first was on its way.
func follows(next, e chat.Event) bool {
	at, then := positionOf(e), positionOf(next)
	return at.Epoch == 0 || at.Epoch != then.Epoch || at.Seq+1 == then.Seq
}

// idOf is the id by which clients know an event; most have none.
func idOf(e chat.Event) string {
	switch e := e.(type) {
	case *chat.Message:
		return e.ID
	case *chat.Announcement:
		return e.ID
	case *chat.Raid:
		return e.ID
	}
	return ""
}

func positionOf(e chat.Event) exchange.Position {
	p := e.Where()
	return exchange.Position{Epoch: p.Epoch, Seq: p.Seq}
}

// homes is 1 for an event without a position, which was delivered at home, and else 0.
func homes(e chat.Event) int {
	if _, gap := e.(*chat.Gap); gap || e == nil || e.Where().Epoch != 0 {
		return 0
	}
	return 1
}

// sizeOf is about how many bytes an event takes.
func sizeOf(e chat.Event) int {
	switch e := e.(type) {
	case nil:
		return 0
	case *chat.Message:
		return eventBytes + len(e.Text) + len(e.Emotes)
	case *chat.Announcement:
		return eventBytes + len(e.Text)
	case *chat.Deletion:
		return eventBytes + len(e.Text)
	}
	return eventBytes
}
