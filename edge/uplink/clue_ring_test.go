package uplink

import (
	"math"
	"math/rand/v2"
	"testing"
)

// TestRingAgreesWithAMap: whatever is asked and answered, in any order, over the end of the tickets too.
func TestRingAgreesWithAMap(t *testing.T) {
	r := pending[uint32]{}
	r.head, r.sent, r.next = math.MaxUint32-100, math.MaxUint32-100, math.MaxUint32-100
	held, sent := map[uint32]bool{}, map[uint32]bool{}
	dice := rand.New(rand.NewPCG(1, 2))
	for range 20000 {
		switch next := r.next; dice.IntN(5) {
		case 0, 1:
			if r.add(&next, 500) != (next-r.head < 500) {
				t.Fatal("the bound")
			}
			if r.next != next {
				held[next] = true
			}
		case 2:
			r.send(dice.IntN(5), func(ticket uint32, v *uint32) {
				if *v != ticket || !held[ticket] || sent[ticket] {
					t.Fatalf("sends %d as %d", *v, ticket)
				}
				sent[ticket] = true
			})
		default:
			ticket := r.head + dice.Uint32N(r.next-r.head+2)
			if v := r.get(ticket); (v != nil) != held[ticket] || v != nil && *v != ticket {
				t.Fatalf("ticket %d", ticket)
			} else if v != nil {
				r.remove(ticket)
				delete(held, ticket)
			}
		}
		if len(held) == 0 && r.head != r.next {
			t.Fatal("an empty ring has a length")
		}
	}
	n, next := 0, r.next
	r.all(func(v *uint32, was bool) {
		if !held[*v] || was != sent[*v] {
			t.Fatalf("%d was sent: %v", *v, was)
		}
		n++
	})
	if n != len(held) || r.get(next-1) != nil || r.next != next {
		t.Fatalf("%d of %d are left", n, len(held))
	}
}
