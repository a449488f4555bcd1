package clue

import (
	"cmp"
	"fmt"
	"slices"
	"sync"
	"time"

	"uproar/core/chat"
)

// hotRoomsMax is the number of rooms that a shard counts: any that has more than one part
// in hotRoomsMax of its lines is among them.
const hotRoomsMax = 32

// hotHalf is half of the time that is looked back on.
const hotHalf = 5 * time.Second

// HotRoom is a room with much to decide in the last hotHalf to twice hotHalf.
type HotRoom struct {
	Room           string
	Shard          int
	LinesPerSecond float64 // at least
	Share          float64 // of its shard's lines, 0 to 1; at least
}

// hot counts the lines of a shard's hottest rooms, refused ones too: a space-saving
// sketch (Metwally, Agrawal and El Abbadi, 2005), which costs a line a look at a few
// cache lines, whatever rooms there are. The shard counts; anybody may look.
type hot struct {
	epoch time.Time // the Clue's

	mu struct {
		sync.Mutex
		now, before sketch
	}
}

// sketch is the rooms of one half of the time.
type sketch struct {
	since int64 // tick
	lines int64
	n     int
	rooms [hotRoomsMax]hotCell
}

// hotCell is one room. It took its place from another, and that one's count, of which
// some may have been its own.
type hotCell struct {
	hash  uint64
	lines int64
	over  int64 // of lines, those that may be another's
	name  [chat.LoginBytesMax]byte
	bytes uint8 // of name
}

// count counts a batch.
func (h *hot) count(batch []waiting, tick int64) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.turn(tick)
	for i := range batch {
		h.mu.now.count(batch[i].Room, batch[i].hash)
	}
}

// turn begins a new half when it is time. The lock is held.
func (h *hot) turn(tick int64) {
	switch age := tick - h.mu.now.since; {
	case age < int64(hotHalf):
		return
	case age < 2*int64(hotHalf):
		h.mu.before = h.mu.now
		h.mu.now = sketch{since: h.mu.before.since + int64(hotHalf)}
	default: // nothing was said for the whole of a half
		h.mu.before = sketch{since: tick - int64(hotHalf)}
		h.mu.now = sketch{since: tick}
	}
}

func (s *sketch) count(room string, hash uint64) {
	s.lines++
	least := 0
	for i := range s.n {
		if s.rooms[i].hash == hash {
			s.rooms[i].lines++
			return
		}
		if s.rooms[i].lines < s.rooms[least].lines {
			least = i
		}
	}
	var over int64
	if s.n < hotRoomsMax {
		least = s.n
		s.n++
	} else {
		over = s.rooms[least].lines
	}
	c := &s.rooms[least]
	c.hash, c.lines, c.over = hash, over+1, over
	c.bytes = uint8(copy(c.name[:], room))
}

// of is how many lines of a room are sure.
func (s *sketch) of(hash uint64) int64 {
	for i := range s.n {
		if s.rooms[i].hash == hash {
			return s.rooms[i].lines - s.rooms[i].over
		}
	}
	return 0
}

// top is the hottest rooms, hottest first.
func (h *hot) top(shard int) []HotRoom {
	tick := int64(time.Since(h.epoch))
	h.mu.Lock()
	h.turn(tick)
	now, before := h.mu.now, h.mu.before
	h.mu.Unlock()
	span := max(1, time.Duration(tick-before.since).Seconds()) // or a process that has just begun would seem hot
	all := float64(now.lines + before.lines)
	var rooms []HotRoom
	add := func(c *hotCell, lines int64) {
		if lines > 0 {
			rooms = append(rooms, HotRoom{
				Room: string(c.name[:c.bytes]), Shard: shard,
				LinesPerSecond: float64(lines) / span, Share: float64(lines) / all,
			})
		}
	}
	for i := range now.n {
		c := &now.rooms[i]
		add(c, c.lines-c.over+before.of(c.hash))
	}
	for i := range before.n {
		if c := &before.rooms[i]; now.of(c.hash) == 0 {
			add(c, c.lines-c.over)
		}
	}
	slices.SortFunc(rooms, hotter)
	return rooms
}

func hotter(a, b HotRoom) int {
	return cmp.Or(cmp.Compare(b.LinesPerSecond, a.LinesPerSecond), cmp.Compare(a.Room, b.Room))
}

// share is the part of the lines that the hottest room has.
func (h *hot) share() float64 {
	if top := h.top(0); len(top) > 0 {
		return top[0].Share
	}
	return 0
}

// HotRooms are the rooms with the most lines lately, hottest first: at most twice
// hotRoomsMax of each shard.
func (c *Clue) HotRooms() []HotRoom {
	var rooms []HotRoom
	for i, s := range c.shards {
		rooms = append(rooms, s.hot.top(i)...)
	}
	slices.SortFunc(rooms, hotter)
	return rooms
}

// watchHot publishes how much of each shard its hottest room has.
func (m *meters) watchHot(shards []*shard) {
	for i, s := range shards {
		m.set.GetOrCreateGauge(fmt.Sprintf(`uproar_clue_hot_room_share{shard="%d"}`, i), s.hot.share)
	}
}
