package clue

import (
	"fmt"
	"math"
	"testing"
	"testing/synctest"
	"time"
)

// near reports whether two numbers are the same but for rounding.
func near(a, b float64) bool { return math.Abs(a-b) < 1e-9 }

func TestHottestRoomIsFoundAmongMany(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newScript(t, free())
		for i := range 400 {
			room := fmt.Sprint("room", i)
			if i%4 == 0 {
				room = "hot"
			}
			s.said(room, "ann", fmt.Sprint(i))
		}
		time.Sleep(4 * time.Second)
		top := s.c.HotRooms()
		if len(top) == 0 || len(top) > hotRoomsMax || top[0].Room != "hot" || top[0].Shard != 0 {
			t.Fatalf("hottest of %d: %+v", len(top), top[:min(1, len(top))])
		}
		if got := top[0]; !near(got.Share, 0.25) || !near(got.LinesPerSecond, 25) {
			t.Fatalf("got %+v, want a quarter and 100 lines in 4 s", got)
		}
		if len(top) > 1 && top[1].Share > 0.01 {
			t.Fatalf("a quiet room is hot: %+v", top[1])
		}
	})
}

func TestHotRoomCoolsDown(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newScript(t, free())
		say := func(room string, lines int) {
			for i := range lines {
				s.said(room, "ann", fmt.Sprint(i))
			}
		}
		time.Sleep(10 * time.Second) // a shard that has always been quiet
		say("one", 60)
		time.Sleep(hotHalf)
		say("two", 20)
		if top := s.c.HotRooms(); len(top) != 2 || top[0].Room != "one" || !near(top[0].Share, 0.75) || !near(top[0].LinesPerSecond, 12) {
			t.Fatalf("got %+v", top)
		}
		time.Sleep(hotHalf)
		if top := s.c.HotRooms(); len(top) != 1 || top[0].Room != "two" || !near(s.c.shards[0].hot.share(), 1) {
			t.Fatalf("got %+v", top)
		}
		time.Sleep(2 * hotHalf)
		if top := s.c.HotRooms(); len(top) != 0 || s.c.shards[0].hot.share() != 0 {
			t.Fatalf("got %+v after silence", top)
		}
	})
}
