package clue

import (
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"uproar/core/chat"
)

// checkRooms verifies the list of rooms against the map, and the number of places.
func checkRooms(t *testing.T, rs *rooms) {
	t.Helper()
	n, places := 0, 0
	for r := rs.oldest; r != nil; r = r.newer {
		if rs.byName[r.name] != r {
			t.Fatalf("room %q is listed but unknown", r.name)
		}
		if r.newer != nil && (r.newer.older != r || r.newer.spoke < r.spoke) {
			t.Fatalf("room %q is out of order", r.name)
		}
		if r.newer == nil && rs.newest != r {
			t.Fatalf("room %q is not the newest", r.name)
		}
		n++
		places += len(r.recent.ring)
	}
	if n != len(rs.byName) || places != rs.recentLines {
		t.Fatalf("%d rooms listed of %d; %d places counted of %d", n, len(rs.byName), rs.recentLines, places)
	}
}

func TestTooManyRoomsForgetTheSilent(t *testing.T) {
	cfg := free()
	cfg.RoomsMax = 10
	s := newScript(t, cfg)
	rs := s.c.shards[0].rooms
	for i := range 200 {
		s.said(fmt.Sprint("room", i%17), "ann", "hello")
		s.said("lively", "ann", "hello")
		checkRooms(t, rs)
		if len(rs.byName) > 10 || rs.byName["lively"] == nil {
			t.Fatalf("%d rooms, the lively one %v", len(rs.byName), rs.byName["lively"])
		}
	}
	if n := s.c.meters.forgotRooms.Get(); n != 191 {
		t.Fatalf("counted %d forgotten", n)
	}
	lively := s.stage.published("lively")
	for i := 1; i < len(lively); i++ {
		if lively[i].Seq != lively[i-1].Seq+1 {
			t.Fatal("a room that was never forgotten jumped")
		}
	}
	silent := s.stage.published("room0")
	for i := 1; i < len(silent); i++ {
		if silent[i].Seq <= silent[i-1].Seq {
			t.Fatalf("seq %d after %d", silent[i].Seq, silent[i-1].Seq)
		}
	}
}

func TestSilentRoomIsForgottenAndItsNumbersAreNot(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newScript(t, free())
		rs := s.c.shards[0].rooms
		before := s.said("room", "ann", "hello").Message
		time.Sleep(10*time.Minute - 1)
		s.said("other", "ann", "hello")
		if rs.byName["room"] == nil {
			t.Fatal("forgotten before its time")
		}
		time.Sleep(time.Nanosecond)
		s.said("other", "ann", "hello")
		checkRooms(t, rs)
		if rs.byName["room"] != nil {
			t.Fatal("a room outlived the idle time")
		}
		after := s.said("room", "ann", "hello").Message
		if after.Seq <= before.Seq || after.RoomID != before.RoomID {
			t.Fatalf("seq %d after %d", after.Seq, before.Seq)
		}
		if after.Seq >= 1<<53 {
			t.Fatalf("seq %d does not fit a JavaScript number", after.Seq)
		}
	})
}

func TestNumbersGrowThoughTheClockDoesNot(t *testing.T) {
	synctest.Test(t, func(t *testing.T) { // the clock stands still in here
		cfg := free()
		cfg.RoomsMax = 1
		s := newScript(t, cfg)
		last := uint64(0)
		for i := range 50 {
			m := s.said("room", "ann", "hello").Message
			if m.Seq <= last {
				t.Fatalf("line %d: seq %d after %d", i, m.Seq, last)
			}
			last = m.Seq
			s.said("other", "ann", "hello") // forgets room
		}
	})
}

func TestRecentLinesAreBoundedPerRoom(t *testing.T) {
	s := newScript(t, free())
	var all []*chat.Message
	for i := range recentLinesMax + 10 {
		all = append(all, s.said("room", "ann", fmt.Sprint(i)).Message)
	}
	r := s.c.shards[0].rooms.byName["room"]
	for i, m := range all {
		if got, want := r.parent(m.ID) != nil, i >= 10; got != want {
			t.Fatalf("line %d of %d can be answered: %v", i, len(all), got)
		}
	}
	if n := s.c.meters.forgotRecent.Get(); n != 0 {
		t.Fatalf("counted %d: a full ring is no overflow", n)
	}
}

func TestRecentLinesAreBoundedOverAllRooms(t *testing.T) {
	cfg := free()
	cfg.RecentMax = 8
	s := newScript(t, cfg)
	rs := s.c.shards[0].rooms
	for i := range 20 {
		for _, room := range []string{"a", "b", "c"} {
			s.said(room, "ann", fmt.Sprint(i))
			checkRooms(t, rs)
		}
	}
	if rs.recentLines != 8 {
		t.Fatalf("%d places, the bound is 8", rs.recentLines)
	}
	last := s.said("a", "ann", "last").Message
	if rs.byName["a"].parent(last.ID) != last {
		t.Fatal("a room with places forgets its newest line")
	}
	m := s.said("late", "ann", "x").Message
	if rs.byName["late"].parent(m.ID) != nil {
		t.Fatal("a room without places remembers")
	}
	if n := s.c.meters.forgotRecent.Get(); n != 60-8+2 {
		t.Fatalf("counted %d", n)
	}
	rs.sweep(1 << 62)
	checkRooms(t, rs)
	if rs.recentLines != 0 || len(rs.byName) != 0 {
		t.Fatalf("%d places, %d rooms after the sweep", rs.recentLines, len(rs.byName))
	}
}

func TestTooManySpeakersMayRepeat(t *testing.T) {
	cfg := classic()
	cfg.SpeakersMax = 4
	st := newFaulty(t)
	cfg.Store = st
	s := newScript(t, cfg)
	wantAccepted(t, s.said("room", "ann", "hello"), "hello")
	wantRejection(t, s.said("room", "ann", "hello"), rejectDuplicate(halfMinute))
	for i := range 6 { // known to the cache, before the store goes away
		s.said("room", fmt.Sprint("user", i), "")
		s.said("room", fmt.Sprint("user", i), "/foo")
	}
	st.set(faults{down: true})
	for i := range 6 {
		s.said("room", fmt.Sprint("user", i), "hello")
		if n := s.c.shards[0].speakers.Len(); n > 4 {
			t.Fatalf("%d speakers, the bound is 4", n)
		}
	}
	wantAccepted(t, s.said("room", "ann", "hello"), "hello")
	if n := s.c.meters.forgotSpeakers.Get(); n != 4 {
		t.Fatalf("counted %d forgotten", n)
	}
}

func TestLineDoesNotPinItsSubmission(t *testing.T) {
	s := newScript(t, free())
	raw := fmt.Sprintf("%4000s", "hello")
	m := wantAccepted(t, s.said("room", "ann", raw), "hello")
	if n := len(raw) - len(m.Text); n <= pinnedBytesMax {
		t.Fatalf("the test says nothing: %d bytes", n)
	}
	if sharesMemory(raw, m.Text) {
		t.Fatal("a short text keeps a long one alive")
	}
}
