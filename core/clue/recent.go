package clue

import (
	"github.com/google/uuid"

	"uproar/core/chat"
)

// recentLinesMax is the number of lines of one room that can be answered. An older
// line is unknown, and a reply to it is an ordinary line.
const recentLinesMax = 256

// recent is the last lines of one room: a ring that grows as the room speaks. The
// ids lie beside the pointers so that a search touches no message.
type recent struct {
	ring []recentLine
	next int // where the next line goes once the ring does not grow
}

type recentLine struct {
	id   uuid.UUID
	line *chat.Message
}

// add remembers m in place of the oldest line, or in a new place if the ring may
// grow; it reports whether it grew. A ring of no places that may not grow forgets m.
func (r *recent) add(id uuid.UUID, m *chat.Message, mayGrow bool) (grew bool) {
	// The ring grows only while its oldest line is at 0, or order would be lost.
	if mayGrow && r.next == 0 && len(r.ring) < recentLinesMax {
		r.ring = append(r.ring, recentLine{id, m})
		return true
	}
	if len(r.ring) > 0 {
		r.ring[r.next] = recentLine{id, m}
		r.next = (r.next + 1) % len(r.ring)
	}
	return false
}

// find returns the line with that id, or nil.
func (r *recent) find(id uuid.UUID) *chat.Message {
	for i := range r.ring {
		if r.ring[i].id == id {
			return r.ring[i].line
		}
	}
	return nil
}

// drop forgets m, which was not published after all. Its place stays.
func (r *recent) drop(m *chat.Message) {
	for i := range r.ring {
		if r.ring[i].line == m {
			r.ring[i] = recentLine{}
			return
		}
	}
}
