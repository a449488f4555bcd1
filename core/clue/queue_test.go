package clue

import (
	"errors"
	"fmt"
	"testing"
	"testing/synctest"
	"time"
)

func putIn(q *queue, room, text string) error {
	return q.put(&Submission{Room: room, Text: text}, hashOf(room))
}

// fill puts lines of one room until the queue refuses.
func fill(q *queue, room string) (n int, err error) {
	for ; err == nil; n++ {
		err = putIn(q, room, "x")
	}
	return n - 1, err
}

func TestHotRoomStopsAtHalf(t *testing.T) {
	q := newQueue(1000)
	n, err := fill(q, "hot")
	if n != 500 || !errors.Is(err, errRoomShare) {
		t.Fatalf("the hot room holds %d of 1000, then %v", n, err)
	}
	if n, err = fill(q, "hot2"); n != 250 || !errors.Is(err, errRoomShare) {
		t.Fatalf("a second holds %d, then %v", n, err)
	}
	if err = putIn(q, "quiet", "x"); err != nil {
		t.Fatalf("a quiet room is refused: %v", err)
	}
}

func TestHotRoomGetsRoomBackAsItDrains(t *testing.T) {
	q := newQueue(100)
	_, _ = fill(q, "hot")
	var out [10]waiting
	q.take(out[:])
	if n, _ := fill(q, "hot"); n != 10 {
		t.Fatalf("10 taken, %d put", n)
	}
}

func TestPutNeverWaitsForWhoeverWasWokenOtherwise(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		q := newQueue(8)
		go func() { // ends, or the test is told of a deadlock
			var out [8]waiting
			for range 3 {
				q.take(out[:]) // finds nothing: it would sleep now, and is woken by a handover
				if err := putIn(q, "room", "x"); err != nil {
					t.Error(err)
				}
				if n := q.take(out[:]); n != 1 {
					t.Errorf("took %d", n)
				}
			}
		}()
		synctest.Wait()
	})
}

func TestFullQueueRefusesAtOnce(t *testing.T) {
	q := newQueue(64)
	for i := 0; q.len() < 64; i++ {
		if i > 10_000 {
			t.Fatal("the queue does not fill")
		}
		_ = putIn(q, fmt.Sprint("room", i), "x")
	}
	if err := putIn(q, "another", "x"); !errors.Is(err, ErrBusy) {
		t.Fatalf("got %v", err)
	}
	if n := len(q.mu.ring); n > 256 {
		t.Fatalf("a queue of 64 grew to %d", n)
	}
}

func TestBusyShardRefusesAtOnceAndCounts(t *testing.T) {
	cfg := free()
	cfg.QueueMax = 8
	s := newScript(t, cfg)
	submit := func(room string) error {
		return s.c.Submit(Submission{Room: room, User: user("ann"), Text: "x"})
	}
	for range 4 {
		if err := submit("hot"); err != nil {
			t.Fatal(err)
		}
	}
	if err := submit("hot"); err != ErrBusy {
		t.Fatalf("beyond the share: %v", err)
	}
	for i := range 4 {
		if err := submit(fmt.Sprint("quiet", i)); err != nil {
			t.Fatal(err)
		}
	}
	if err := submit("late"); err != ErrBusy {
		t.Fatalf("full: %v", err)
	}
	if r, f := s.c.meters.refusedRoom.Get(), s.c.meters.refusedFull.Get(); r != 1 || f != 1 {
		t.Fatalf("counted %d for the room and %d for the shard", r, f)
	}
	if n := s.c.QueueLen(); n != 8 {
		t.Fatalf("%d wait", n)
	}
	s.decide()
	if n := len(s.stage.answers()); n != 8 {
		t.Fatalf("%d answers", n)
	}
}

func TestQueueKeepsOrderWhileItGrowsAndWraps(t *testing.T) {
	q := newQueue(10_000)
	put, taken := 0, 0
	var out [97]waiting
	for round := range 60 {
		for range 40 + round*2 {
			if err := putIn(q, "room", fmt.Sprint(put)); err != nil {
				t.Fatal(err)
			}
			put++
		}
		n := q.take(out[:])
		for i := range n {
			if out[i].Text != fmt.Sprint(taken) {
				t.Fatalf("took %q, want %d", out[i].Text, taken)
			}
			taken++
		}
	}
	for n := q.take(out[:]); n > 0; n = q.take(out[:]) {
		taken += n
	}
	if taken != put || q.mu.byRoom != [roomCells]int32{} {
		t.Fatalf("put %d, took %d; the cells must be back at zero", put, taken)
	}
}

func TestTakenEntryKeepsNothingAlive(t *testing.T) {
	q := newQueue(16)
	_ = putIn(q, "room", "text")
	var out [1]waiting
	q.take(out[:])
	for i := range q.mu.ring {
		if q.mu.ring[i].Submission != (Submission{}) {
			t.Fatalf("slot %d still holds %q", i, q.mu.ring[i].Text)
		}
	}
}

func TestClosedQueueRefusesAndDrains(t *testing.T) {
	q := newQueue(16)
	_ = putIn(q, "room", "x")
	q.close()
	if err := putIn(q, "room", "y"); !errors.Is(err, ErrStopped) {
		t.Fatalf("got %v", err)
	}
	var out [4]waiting
	if n := q.take(out[:]); n != 1 {
		t.Fatalf("took %d", n)
	}
}

func TestOneTokenPerSleep(t *testing.T) {
	q := newQueue(16)
	var out [4]waiting
	for range 3 {
		if q.take(out[:]) != 0 {
			t.Fatal("not empty")
		}
		_ = putIn(q, "a", "x")
		_ = putIn(q, "b", "x")
		select {
		case <-q.wake:
		case <-time.After(time.Second):
			t.Fatal("no token")
		}
		if len(q.wake) != 0 || q.take(out[:]) != 2 {
			t.Fatal("a second token, or lost lines")
		}
	}
}
