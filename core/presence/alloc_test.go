//go:build !race

package presence

import "testing"

func TestAllocHearOfWhatIsKnown(t *testing.T) {
	b := lone(t)
	body, rooms := full(2, 10)
	n := 0
	hear := func() {
		n++
		renumber(body, 2, n)
		b.Hear(0, body)
	}
	hear()
	if allocs := testing.AllocsPerRun(100, hear); allocs != 0 {
		t.Errorf("%v allocations for a report of %d rooms that were known", allocs, rooms)
	}
}
