package clue

import (
	"fmt"
	"hash/maphash"
	"math/bits"
	"math/rand/v2"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"uproar/core/chat"
	"uproar/core/store"
)

func TestLineIsTakenBackWhenItsPublicationFailsLater(t *testing.T) {
	s, st := storedScript(t, nil)
	first := wantAccepted(t, s.said("room", "ann", "before"), "before")
	s.stage.hold(true)
	s.submit("room", "ann", "one", "two")
	s.release(errLost)
	for _, d := range s.last(2) {
		wantRejection(t, d, chat.RejectUnavailable)
	}
	for _, e := range s.c.shards[0].rooms.byName["room"].recent.ring[1:] {
		if e.line != nil {
			t.Fatalf("an unpublished line %q can be answered", e.line.Text)
		}
	}
	if v, ok := lastSaid(s.c.shards[0], "ann"); !ok || v.text != hashOf("before") {
		t.Fatalf("the line before does not count again: %v, %v", v, ok)
	}
	s.stage.hold(false)
	again := wantAccepted(t, s.said("room", "ann", "two"), "two")
	if again.Seq != first.Seq+3 {
		t.Fatalf("seq %d after %d: numbers of failed lines must not return", again.Seq, first.Seq)
	}
	if m := s.c.meters; m.takenBack.Get() != 2 || m.publishFailed.Get() != 2 || m.accepted.Get() != 2 || m.underWay.Load() != 0 {
		t.Fatalf("%d taken back, %d failed, %d accepted, %d under way", m.takenBack.Get(), m.publishFailed.Get(), m.accepted.Get(), m.underWay.Load())
	}
	s.c.shards[0].fetch.tellNow(s.c.source, s.c.epoch)
	if n := len(st.mu.spoken); n != 2 {
		t.Fatalf("the store was told of %d lines, want the 2 that are published", n)
	}
}

// Until it is taken back a line counts for every rule that looks at the lines before.
func TestLineUnderWayCountsAsSaid(t *testing.T) {
	for _, c := range []struct {
		name   string
		mode   store.ModeValue
		login  string // who says text next, and what it is told
		text   string
		refuse string
	}{
		{"duplicate", store.ModeValue{}, "ann", "hello", "msg_duplicate"},
		{"slow", store.ModeValue{Mode: chat.ModeSlow, Modes: chat.Modes{Slow: time.Minute}}, "ann", "else", "msg_slowmode"},
		{"unique", store.ModeValue{Mode: chat.ModeUnique, Modes: chat.Modes{Unique: true}}, "bob", "hello", "msg_r9k"},
	} {
		t.Run(c.name, func(t *testing.T) {
			s, st := storedScript(t, nil)
			st.change(t, roomKey("room"), store.Change{Mode: &c.mode})
			s.stage.hold(true)
			s.submit("room", "ann", "hello")
			s.submit("room", c.login, c.text)
			wantID(t, s.last(1)[0], c.refuse)
			s.release(errLost)
			wantRejection(t, s.last(1)[0], chat.RejectUnavailable)
			s.submit("room", c.login, c.text)
			s.release(nil)
			wantAccepted(t, s.last(1)[0], c.text)
			s.submit("room", c.login, c.text)
			if d := s.last(1)[0]; d.Outcome != Rejected {
				t.Fatalf("published, and said again: outcome %d", d.Outcome)
			}
		})
	}
}

// The later of two is refused at once, while the earlier is still under way.
func TestEarlierLineUnderWayCountsAgain(t *testing.T) {
	s := newScript(t, classic())
	s.stage.hold(true)
	s.submit("room", "ann", "earlier")
	s.stage.refuse(true)
	s.submit("room", "ann", "later", "later still")
	s.stage.refuse(false)
	s.submit("room", "ann", "earlier")
	wantRejection(t, s.last(1)[0], rejectDuplicate(halfMinute))
	s.submit("room", "ann", "later still")
	s.release(nil)
	wantAccepted(t, s.last(1)[0], "earlier")
	s.release(nil)
	wantAccepted(t, s.last(1)[0], "later still")
}

// Whatever fails, in whatever order: a line that was taken back does not count, and no
// line but the last published one does.
func TestLineTakenBackNeverCounts(t *testing.T) {
	known := 0
	for seed := range uint64(300) {
		rng := rand.New(rand.NewPCG(seed, 7))
		s := newScript(t, classic())
		shard := s.c.shards[0]
		s.stage.hold(true)
		said, failed := 0, map[uint64]bool{}
		texts := []uint64{} // in the order said
		for range 30 {
			if s.stage.underWay() > 0 && rng.IntN(2) == 0 {
				at := rng.IntN(min(2, s.stage.underWay())) // mostly in order
				hash := hashOf(s.stage.mu.held[at].events[0].(*chat.Message).Text)
				err := error(nil)
				if rng.IntN(2) == 0 {
					err, failed[hash] = errLost, true
				}
				s.stage.release(t, at, err)
				shard.lookAtEnds()
				continue
			}
			said++
			text := fmt.Sprint("line ", said)
			refuse := rng.IntN(6) == 0
			s.stage.refuse(refuse)
			s.submit("room", "room", text)
			texts = append(texts, hashOf(text))
			failed[hashOf(text)] = refuse
		}
		for s.stage.underWay() > 0 {
			s.release(nil)
		}
		last := uint64(0)
		for _, text := range texts {
			if !failed[text] {
				last = text
			}
		}
		v, ok := lastSaid(shard, "room")
		if ok {
			known++
		}
		if ok && v.text != last {
			t.Fatalf("seed %d: line %d of %d counts (it failed: %v)", seed, slices.Index(texts, v.text)+1, said, failed[v.text])
		}
		if len(shard.void) != 0 || len(shard.underWay) != 0 {
			t.Fatalf("seed %d: %d void, %d under way are left", seed, len(shard.void), len(shard.underWay))
		}
	}
	if known < 200 {
		t.Fatalf("the last line is known in %d cases of 300", known)
	}
}

// lastSaid is the last line of somebody in "room" that counts.
func lastSaid(s *shard, login string) (said, bool) {
	return s.speakers.Get(bits.RotateLeft64(maphash.String(s.seed, login), 31) ^ maphash.String(s.seed, "room"))
}

func TestFirstLineIsFirstAgainWhenItIsTakenBack(t *testing.T) {
	s, st := storedScript(t, nil)
	s.stage.hold(true)
	first := func(text string) bool {
		s.submit("room", "ann", text)
		return s.stage.mu.held[len(s.stage.mu.held)-1].events[0].(*chat.Message).First
	}
	if !first("one") || first("two") {
		t.Fatal("of two lines under way the first is the first")
	}
	s.release(errLost)
	s.release(errLost)
	if !first("three") {
		t.Fatal("those that were taken back were not the first")
	}
	s.release(nil)
	s.c.shards[0].fetch.tellNow(s.c.source, s.c.epoch)
	if n := len(st.mu.spoken); n != 1 || !st.mu.spoken[0].Mark {
		t.Fatalf("the store was told %+v", st.mu.spoken)
	}
}

func TestStoreIsToldOfAllThatIsPublishedAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, st := storedScript(t, nil)
		s.stage.hold(true)
		const batches = spokenMax/batchLinesMax + 1
		for i := range batches {
			for j := range batchLinesMax {
				if err := s.c.Submit(Submission{Room: "room", User: user(fmt.Sprint("user", i, "_", j)), Text: "hello"}); err != nil {
					t.Fatal(err)
				}
			}
			s.decide()
		}
		for range batches {
			s.stage.release(t, 0, nil)
		}
		s.c.shards[0].lookAtEnds()
		synctest.Wait()
		s.c.shards[0].fetch.tellNow(s.c.source, s.c.epoch)
		if n := len(st.mu.spoken); n != batches*batchLinesMax || s.c.meters.dropped.Get() != 0 {
			t.Fatalf("told of %d lines of %d, %d dropped", n, batches*batchLinesMax, s.c.meters.dropped.Get())
		}
	})
}
