package clue

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/uuid"
	"go.uber.org/goleak"

	"uproar/core/chat"
)

// free is a configuration without rates and without the duplicate rule.
func free() Config {
	cfg := classic()
	cfg.RateLimit, cfg.RateLimitModerator, cfg.DuplicateWindow = Rate{}, Rate{}, 0
	return cfg
}

func TestRunLeavesNoGoroutine(t *testing.T) {
	defer goleak.VerifyNone(t)
	st := newStage()
	c := New(free(), st, st)
	stop := start(c)
	for i := range 100 {
		if err := c.Submit(Submission{Room: fmt.Sprint("room", i), User: user("ann"), Text: "hello"}); err != nil {
			t.Fatal(err)
		}
	}
	stop()
	if n := len(st.answers()); n != 100 {
		t.Fatalf("%d answers to 100 lines", n)
	}
}

func TestLinesOfARoomKeepTheirOrder(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const speakers, each = 8, 400
		cfg := free()
		cfg.Shards, cfg.QueueMax = 3, 1<<20
		st := newStage()
		c := New(cfg, st, st)
		stop := start(c)
		defer stop()
		for s := range speakers {
			go func() {
				u := user(fmt.Sprint("speaker", s))
				for i := range each {
					if err := c.Submit(Submission{Room: []string{"even", "odd"}[i%2], User: u, Text: fmt.Sprint(i)}); err != nil {
						t.Error(err)
					}
				}
			}()
		}
		synctest.Wait()
		for _, room := range []string{"even", "odd"} {
			wantOrder(t, st.published(room), speakers*each/2)
		}
	})
}

// wantOrder checks that there are n lines, numbered without a hole, and that each
// speaker's numbers rise.
func wantOrder(t *testing.T, lines []*chat.Message, n int) {
	t.Helper()
	if len(lines) != n {
		t.Fatalf("%d lines, want %d", len(lines), n)
	}
	last := make(map[*chat.User]int)
	for i, m := range lines {
		said, err := strconv.Atoi(m.Text)
		if err != nil {
			t.Fatal(err)
		}
		if i > 0 && m.Seq != lines[i-1].Seq+1 {
			t.Fatalf("line %d has seq %d after %d", i, m.Seq, lines[i-1].Seq)
		}
		if before, spoke := last[m.User]; spoke && said <= before {
			t.Fatalf("%s said %d after %d", m.User.Login, said, before)
		}
		last[m.User] = said
	}
}

func TestAcceptedLineCarriesTheSubmission(t *testing.T) {
	s := newScript(t, classic())
	u := &chat.User{ID: "7", Login: "ann", Display: "Ann", Color: "#FF0000"}
	d := s.say(Submission{Room: "ann", User: u, Text: "/me waves", Nonce: "n1", Origin: chat.Origin{Conn: 9}})
	m := wantAccepted(t, d, "waves")
	if id, err := uuid.Parse(m.ID); err != nil || id.Version() != 4 || id.Variant() != uuid.RFC4122 {
		t.Fatalf("id %q is no UUID of version 4: %v", m.ID, err)
	}
	if m.Room != "ann" || m.RoomID != chat.StableID("ann") || m.User != u || m.Roles != chat.Broadcaster ||
		!m.Action || m.Nonce != "n1" || m.Origin.Conn != 9 || m.Reply != nil || m.Time.IsZero() || m.Seq == 0 {
		t.Fatalf("got %+v", m)
	}
	if d.Room != "ann" || d.Nonce != "n1" || d.Origin.Conn != 9 || d.User != u {
		t.Fatalf("got decision %+v", d)
	}
	if got := s.stage.published("ann"); len(got) != 1 || got[0] != m {
		t.Fatalf("published %v", got)
	}
}

func TestNothingToSayIsIgnored(t *testing.T) {
	s := newScript(t, classic())
	for _, text := range []string{"", "   ", "/me", "/me  ", "\x01ACTION\x01", "\x01ACTION  \x01", "\x01"} {
		if d := s.said("room", "ann", text); d.Outcome != Ignored || d.Message != nil || d.Rejection != nil {
			t.Errorf("%q: got outcome %d", text, d.Outcome)
		}
	}
	d := s.say(Submission{Room: "room", User: &chat.User{Login: "justinfan1", Anonymous: true}, Text: "hello"})
	if d.Outcome != Ignored {
		t.Errorf("anonymous: got outcome %d", d.Outcome)
	}
	if n := s.c.meters.ignored.Get(); n != 8 {
		t.Errorf("counted %d ignored, want 8", n)
	}
}

func TestLineThatWaitedTooLongIsUnavailable(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		st := newStage()
		cfg := free()
		cfg.Deadline = 250 * time.Millisecond
		c := New(cfg, st, st)
		submit := func(text string) {
			if err := c.Submit(Submission{Room: "room", User: user("ann"), Text: text}); err != nil {
				t.Fatal(err)
			}
		}
		submit("late")
		time.Sleep(time.Millisecond)
		submit("just in time")
		time.Sleep(250 * time.Millisecond)
		stop := start(c)
		synctest.Wait()
		stop()
		ds := st.answers()
		wantRejection(t, ds[0], chat.RejectUnavailable)
		wantAccepted(t, ds[1], "just in time")
		if n := c.meters.timedOut.Get(); n != 1 {
			t.Fatalf("counted %d timed out", n)
		}
	})
}

func TestEndAnswersWhatIsQueued(t *testing.T) {
	st := newStage()
	c := New(free(), st, st)
	for range 1000 {
		if err := c.Submit(Submission{Room: "room", User: user("ann"), Text: "hello"}); err != nil {
			t.Fatal(err)
		}
	}
	ended, cancel := context.WithCancel(context.Background())
	cancel()
	if err := c.Run(ended); err != nil {
		t.Fatal(err)
	}
	ds := st.answers()
	if len(ds) != 1000 {
		t.Fatalf("%d answers", len(ds))
	}
	for _, d := range ds {
		wantRejection(t, d, chat.RejectUnavailable)
	}
	if err := c.Submit(Submission{Room: "room", User: user("ann"), Text: "hello"}); !errors.Is(err, ErrStopped) {
		t.Fatalf("after the end: %v", err)
	}
}

func TestSubmitWakesASleepingShard(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		st := newStage()
		c := New(free(), st, st)
		stop := start(c)
		defer stop()
		for i := range 10 {
			synctest.Wait() // every shard sleeps
			if err := c.Submit(Submission{Room: "room", User: user("ann"), Text: "hello"}); err != nil {
				t.Fatal(err)
			}
			synctest.Wait()
			if n := len(st.answers()); n != i+1 {
				t.Fatalf("%d answers after %d lines", n, i+1)
			}
		}
	})
}

func TestFailedPublicationIsTakenBack(t *testing.T) {
	s := newScript(t, classic())
	first := wantAccepted(t, s.said("room", "ann", "before"), "before")
	s.stage.refuse(true)
	for _, text := range []string{"one", "two"} {
		if err := s.c.Submit(Submission{Room: "room", User: user("ann"), Text: text}); err != nil {
			t.Fatal(err)
		}
	}
	s.decide()
	for _, d := range s.stage.answers()[1:] {
		wantRejection(t, d, chat.RejectUnavailable)
	}
	if n := len(s.c.shards[0].rooms.byName["room"].recent.ring); n != 3 {
		t.Fatalf("%d places, want 3", n)
	}
	for _, e := range s.c.shards[0].rooms.byName["room"].recent.ring[1:] {
		if e.line != nil {
			t.Fatalf("an unpublished line %q can be answered", e.line.Text)
		}
	}
	s.stage.refuse(false)
	again := wantAccepted(t, s.said("room", "ann", "two"), "two")
	if again.Seq != first.Seq+3 {
		t.Fatalf("seq %d after %d: numbers of failed lines must not return", again.Seq, first.Seq)
	}
	if n := s.c.meters.publishFailed.Get(); n != 2 {
		t.Fatalf("counted %d", n)
	}
}

func TestBatchOfManyRoomsIsPublishedByRoom(t *testing.T) {
	s := newScript(t, free())
	for i := range batchLinesMax {
		if err := s.c.Submit(Submission{Room: fmt.Sprint("room", i%7), User: user("ann"), Text: fmt.Sprint(i)}); err != nil {
			t.Fatal(err)
		}
	}
	s.decide()
	for r := range 7 {
		lines := s.stage.published(fmt.Sprint("room", r))
		for i, m := range lines {
			if want := fmt.Sprint(r + 7*i); m.Text != want {
				t.Fatalf("room %d, line %d: %q, want %q", r, i, m.Text, want)
			}
		}
		if want := (batchLinesMax - r + 6) / 7; len(lines) != want {
			t.Fatalf("room %d: %d lines, want %d", r, len(lines), want)
		}
	}
}

func TestRoomKeepsItsShard(t *testing.T) {
	// The values are part of the contract: processes that share rooms must agree.
	for room, want := range map[string]uint64{"": 0xcbf29ce2dbb6c401, "a": 0xaf63dc49fd1f0ee8, "twitchplayspokemon": 0xc7d85b04f790ca48} {
		if got := hashOf(room); got != want {
			t.Errorf("hashOf(%q) = %#x, want %#x", room, got, want)
		}
	}
	var perShard [4]int
	for i := range 4000 {
		perShard[hashOf(fmt.Sprint("streamer", i))%4]++
	}
	for i, n := range perShard {
		if n < 800 || n > 1200 {
			t.Errorf("shard %d has %d of 4000 rooms", i, n)
		}
	}
}
