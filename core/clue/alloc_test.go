//go:build !race

package clue

import "testing"

// TestAllocAcceptedLine: a line costs its message and its id, and nothing else.
func TestAllocAcceptedLine(t *testing.T) {
	wantAllocs(t, "accepted", 2, texts, Submission{Room: "room"})
}

// TestAllocRefusedLine: the answer to a flood costs nothing.
func TestAllocRefusedLine(t *testing.T) {
	wantAllocs(t, "duplicate", 0, [2]string{"same", "same"}, Submission{Room: "room"})
	wantAllocs(t, "ignored", 0, [2]string{"", " "}, Submission{Room: "room"})
}

// wantAllocs counts the allocations per line of batches in which 256 users speak,
// each the two texts in turn.
func wantAllocs(t *testing.T, what string, want float64, texts [2]string, sub Submission) {
	t.Helper()
	var out sink
	c := New(roomy(), &out, &out)
	s := c.shards[0]
	users := crowd(batchLinesMax)
	round := 0
	batch := func() {
		for _, u := range users {
			sub.User, sub.Text = u, texts[round%2]
			if err := c.Submit(sub); err != nil {
				t.Fatal(err)
			}
		}
		round++
		s.decideBatch(s.queue.take(s.batch[:]))
	}
	for range 5 { // rings, maps and rooms grow to their size
		batch()
	}
	// Histograms of metrics allocate a bucket when a value is new to them.
	if got := testing.AllocsPerRun(50, batch) / batchLinesMax; got > want+0.05 {
		t.Errorf("%s: %.2f allocations per line, want %.0f", what, got, want)
	}
}

func TestAllocNormalText(t *testing.T) {
	if n := testing.AllocsPerRun(100, func() { _ = Parse("/me is here") }); n != 0 {
		t.Errorf("%v allocations", n)
	}
}
