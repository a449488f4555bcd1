package engine

import (
	"math/rand/v2"
	"testing"
)

func TestTimersFireInOrderAndOnTime(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	for _, start := range []int64{0, 63, 4095, 1<<30 - 5000, 1<<36 - 17} {
		w := wheel{now: start}
		timers := make([]Timer, 5000)
		want := map[int64]int{}
		for i := range timers {
			when := start + 1 + random.Int64N(1<<uint(1+random.IntN(22)))
			w.set(&timers[i], when)
			want[when]++
		}
		for i := range timers { // a third stops, a third moves
			switch i % 3 {
			case 0:
				want[timers[i].when]--
				w.stop(&timers[i])
			case 1:
				want[timers[i].when]--
				when := start + 1 + random.Int64N(100000)
				w.set(&timers[i], when)
				want[when]++
			}
		}
		now, last := start, start
		for now < start+1<<23 {
			before := now
			now += random.Int64N(3000)
			w.advance(now, func(*Timer) {
				if w.now <= before || w.now > now || w.now < last {
					t.Fatalf("fired at %d in the step from %d to %d, last %d", w.now, before, now, last)
				}
				last = w.now
				want[w.now]--
			})
		}
		for when, n := range want {
			if n != 0 {
				t.Fatalf("start %d: %d timers for %d did not fire once", start, n, when)
			}
		}
		if w.next() != 0 {
			t.Fatalf("wheel is not empty: next %d", w.next())
		}
	}
}

func TestTimerMayStopAndSetOthersWhileFiring(t *testing.T) {
	var w wheel
	var timers [4]Timer
	for i := range timers {
		w.set(&timers[i], 100)
	}
	var fired []*Timer
	w.advance(200, func(tm *Timer) {
		fired = append(fired, tm)
		for i := range timers { // the first to fire takes the others with it
			w.stop(&timers[i])
		}
		if len(fired) == 1 {
			w.set(&timers[0], 150)
			w.set(tm, 0) // the past: the next millisecond
		}
	})
	if len(fired) != 2 || fired[0] != fired[1] || w.next() != 0 {
		t.Fatalf("fired %d times, next %d: a stopped timer fired or stayed", len(fired), w.next())
	}
}

func TestFarDeadlineIsCutToTheWheel(t *testing.T) {
	w := wheel{now: 5}
	var tm Timer
	w.set(&tm, 1<<40)
	if tm.when != 5+wheelMax {
		t.Fatalf("when %d", tm.when)
	}
	fired := false
	w.advance(5+wheelMax, func(*Timer) { fired = true })
	if !fired {
		t.Fatal("did not fire")
	}
}

func BenchmarkTimerSetAndStop(b *testing.B) {
	var w wheel
	timers := make([]Timer, 10000)
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		w.set(&timers[i%len(timers)], int64(i%300000)+1)
	}
}
