package engine

import (
	"testing"
	"time"
)

func TestLoopCountsItsStalls(t *testing.T) {
	d, err := NewDetached(Config{NewLoop: func(*Loop) any { return nil }})
	if err != nil {
		t.Fatal(err)
	}
	defer d.Stop()
	stats := &d.Loops()[0].stats
	d.Turn(func() {})
	if n := stats.stalls.Load(); n != 0 {
		t.Skipf("the machine stalled a loop that does nothing, %d times", n)
	}
	d.Turn(func() { time.Sleep(2 * stallMin) })
	if n, took := stats.stalls.Load(), time.Duration(stats.stalled.Load()); n != 1 || took < 2*stallMin {
		t.Fatalf("%d stalls, %v in all", n, took)
	}
}
