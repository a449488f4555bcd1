// Package trace remembers by which hops lines have passed through a process, so that one
// line that is late or lost can be followed by its id. It is off unless a process makes a
// Recorder.
package trace

import (
	"sync"
	"time"

	"github.com/google/uuid"
)

// Hop is a station of a line's way.
type Hop uint8

// The hops, in the order of the way. Not every process has all of them.
const (
	Decided   Hop = iota + 1 // clue has accepted the line
	Published                // the exchange has it
	Relayed                  // a relay has sent it on to those below
	Received                 // it has come to an edge
	Repaired                 // it had been missing, and was asked for
	Home                     // it is delivered where it was said, for the exchange is away
	Delivered                // it is handed to the event loops with members
	Written                  // a loop has written it to its members
	Resumed                  // a member who came back was sent it
	hops
)

var hopNames = [hops]string{"", "decided", "published", "relayed", "received", "repaired", "home", "delivered", "written", "resumed"}

func (h Hop) String() string { return hopNames[h] }

// notesMax is how many notes a Recorder keeps: minutes of a busy edge. The oldest are
// forgotten. They take 3 MiB.
const notesMax = 1 << 16

// Recorder keeps the last notes of a process. A nil Recorder is off: it notes nothing, and
// at no cost. Any goroutine may call its methods; they hold a lock for a few instructions,
// once per line and hop, never per member.
type Recorder struct {
	mu struct {
		sync.Mutex
		ring []note
		next int // in ring, once it is full
	}
}

type note struct {
	id  uuid.UUID
	at  int64 // ns since 1970
	hop Hop
}

// New returns a Recorder.
func New() *Recorder { return new(Recorder) }

// Note remembers that the line has passed a hop now. What is no UUID is no line of ours,
// and is passed over.
func (r *Recorder) Note(hop Hop, id string) {
	if r == nil {
		return
	}
	parsed, err := uuid.Parse(id)
	if err != nil {
		return
	}
	n := note{parsed, time.Now().UnixNano(), hop}
	r.mu.Lock()
	defer r.mu.Unlock()
	if len(r.mu.ring) < notesMax {
		r.mu.ring = append(r.mu.ring, n)
		return
	}
	r.mu.ring[r.mu.next] = n
	r.mu.next = (r.mu.next + 1) % notesMax
}

// Passage is one hop of a line.
type Passage struct {
	Hop string    `json:"hop"`
	At  time.Time `json:"at"` // by the clock of this process
}

// Of returns the hops of a line that are still remembered, the oldest first.
func (r *Recorder) Of(id string) []Passage {
	parsed, err := uuid.Parse(id)
	if r == nil || err != nil {
		return nil
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	var all []Passage
	for i := range r.mu.ring {
		if n := &r.mu.ring[(r.mu.next+i)%len(r.mu.ring)]; n.id == parsed {
			all = append(all, Passage{n.hop.String(), time.Unix(0, n.at)})
		}
	}
	return all
}
