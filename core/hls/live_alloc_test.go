//go:build !race

package hls

import (
	"testing"
	"time"
)

func TestAllocDecideIsFree(t *testing.T) {
	v := versionOf(t, lowList(5, 20, 2))
	now := liveStart.Add(time.Second)
	if n := testing.AllocsPerRun(100, func() {
		if v.Decide(Reload{MSN: 25, Part: 1, Skip: SkipYes}, liveStart, now).Text != &v.Delta ||
			v.Decide(Reload{MSN: 25, Part: 2}, liveStart, now).Verdict != VerdictWait {
			t.Fatal("wrong verdict")
		}
	}); n != 0 {
		t.Errorf("%v allocations, want 0", n)
	}
}
