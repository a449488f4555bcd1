package clue

import (
	"testing"
	"unsafe"

	"github.com/google/uuid"

	"uproar/core/chat"
)

// sharesMemory reports whether b lies inside a.
func sharesMemory(a, b string) bool {
	from := uintptr(unsafe.Pointer(unsafe.StringData(a)))
	at := uintptr(unsafe.Pointer(unsafe.StringData(b)))
	return from <= at && at < from+uintptr(len(a))
}

// TestRingKeepsTheNewest lets the ring grow by fits and starts, as it does when the
// bound over all rooms comes and goes, and compares it with a plain list.
func TestRingKeepsTheNewest(t *testing.T) {
	var r recent
	var all []recentLine
	g := newIDs()
	for i := range 3 * recentLinesMax {
		e := recentLine{g.next(), &chat.Message{Place: chat.Place{Seq: uint64(i)}}}
		all = append(all, e)
		places := len(r.ring)
		grew := r.add(e.id, e.line, i%5 != 0 || i == 0)
		if grew != (len(r.ring) == places+1) {
			t.Fatalf("line %d: grew %v from %d to %d", i, grew, places, len(r.ring))
		}
		newest := all[len(all)-len(r.ring):]
		for _, want := range newest {
			if r.find(want.id) != want.line {
				t.Fatalf("line %d is gone at %d, with %d places", want.line.Seq, i, len(r.ring))
			}
		}
	}
	if len(r.ring) == 0 || len(r.ring) > recentLinesMax {
		t.Fatalf("%d places", len(r.ring))
	}
}

func TestRingOfNoPlacesForgets(t *testing.T) {
	var r recent
	id := newIDs().next()
	if r.add(id, &chat.Message{}, false) || r.find(id) != nil {
		t.Fatal("it remembers")
	}
}

func TestDroppedLineCannotBeAnswered(t *testing.T) {
	var r recent
	g := newIDs()
	m, id := &chat.Message{}, g.next()
	r.add(g.next(), &chat.Message{}, true)
	r.add(id, m, true)
	r.drop(m)
	if r.find(id) != nil || r.find(uuid.Nil) != nil || len(r.ring) != 2 {
		t.Fatal("the line, or the hole it left, can be answered")
	}
}

func TestIDsDiffer(t *testing.T) {
	g := newIDs()
	seen := make(map[uuid.UUID]bool)
	for range 10_000 {
		id := g.next()
		if id.Version() != 4 || id.Variant() != uuid.RFC4122 || seen[id] {
			t.Fatalf("id %v after %d", id, len(seen))
		}
		seen[id] = true
	}
}
