package hls

import (
	"sync"
	"testing"
)

// countingDesk wakes nobody: it counts.
type countingDesk struct {
	sync.Mutex
	woken map[*Waiter]int
}

func (d *countingDesk) Wake(ready []*Waiter) {
	d.Lock()
	defer d.Unlock()
	for _, w := range ready {
		d.woken[w]++
	}
}

func TestWaitersJoinLeaveAndWakeAtOnce(t *testing.T) {
	n, err := New(Config{Source: &fakeSource{}, BytesMax: 1 << 20})
	if err != nil {
		t.Fatal(err)
	}
	l := line{node: n}
	const each, workers = 2000, 4
	desks := [2]*countingDesk{{woken: map[*Waiter]int{}}, {woken: map[*Waiter]int{}}}
	stop := make(chan struct{})
	var waker, work sync.WaitGroup
	waker.Go(func() {
		for {
			select {
			case <-stop:
				return
			default:
				l.wake()
			}
		}
	})
	var stay [workers][]*Waiter
	for k := range workers {
		work.Go(func() {
			for i := range each {
				w := &Waiter{Desk: desks[i%2]}
				if !l.join(w) {
					t.Error("refused")
				}
				if i%3 == 0 {
					w.Cancel()
					w.Cancel()
				} else {
					stay[k] = append(stay[k], w)
				}
			}
		})
	}
	work.Wait()
	close(stop)
	waker.Wait()
	l.wake()
	for k := range stay {
		for _, w := range stay[k] {
			if woken := desks[0].woken[w] + desks[1].woken[w]; woken != 1 {
				t.Fatalf("one who stayed was woken %d times", woken)
			}
		}
	}
	if l.n.Load() != 0 || n.waiting.Load() != 0 {
		t.Errorf("%d in line, %d counted", l.n.Load(), n.waiting.Load())
	}
}

func TestCancelTakesOutOfTheMiddle(t *testing.T) {
	n, err := New(Config{Source: &fakeSource{}, BytesMax: 1 << 20})
	if err != nil {
		t.Fatal(err)
	}
	for gone := range 3 {
		d := &countingDesk{woken: map[*Waiter]int{}}
		l := line{node: n}
		ws := [3]*Waiter{{Desk: d}, {Desk: d}, {Desk: d}}
		for _, w := range ws {
			l.join(w)
		}
		ws[gone].Cancel()
		l.wake()
		for i, w := range ws {
			if want := map[bool]int{true: 0, false: 1}[i == gone]; d.woken[w] != want {
				t.Errorf("without %d: %d was woken %d times", gone, i, d.woken[w])
			}
		}
	}
}
