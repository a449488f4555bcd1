package clue

import (
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"uproar/core/chat"
	"uproar/core/store"
)

// These tests see whole decisions over a store that others change and that fails.

// storedScript is a script over a faulty store.
func storedScript(t *testing.T, with func(*Config)) (*script, *faulty) {
	st := newFaulty(t)
	cfg := classic()
	cfg.Store = st
	if with != nil {
		with(&cfg)
	}
	return newScript(t, cfg), st
}

func wantID(t *testing.T, d Decision, id string) {
	t.Helper()
	if d.Outcome != Rejected || d.Rejection == nil || d.Rejection.MsgID != id {
		t.Fatalf("got outcome %d, %v; want %s", d.Outcome, d.Rejection, id)
	}
}

func TestStoredBansAreKept(t *testing.T) {
	s, st := storedScript(t, nil)
	yes := true
	st.change(t, memberKey("room", "ann"), store.Change{Ban: &store.Ban{}})
	st.change(t, memberKey("room", "bob"), store.Change{Ban: &store.Ban{Until: time.Now().Add(time.Hour)}})
	st.change(t, accountKey("cat"), store.Change{Banned: &yes})
	st.change(t, roomKey("gone"), store.Change{Suspended: &yes})
	wantID(t, s.said("room", "ann", "hello"), "msg_banned")
	wantID(t, s.said("room", "bob", "hello"), "msg_timedout")
	wantID(t, s.said("other", "cat", "hello"), "msg_suspended")
	wantID(t, s.said("gone", "dan", "hello"), "msg_channel_suspended")
	wantAccepted(t, s.said("other", "ann", "hello"), "hello")
}

func TestRolesComeFromTheStore(t *testing.T) {
	s, st := storedScript(t, nil)
	st.change(t, memberKey("room", "ann"), store.Change{Grant: chat.Moderator | chat.Subscriber})
	m := wantAccepted(t, s.said("room", "ann", "same"), "same")
	d := s.said("room", "ann", "same") // a moderator may
	wantAccepted(t, d, "same")
	if want := chat.Moderator | chat.Subscriber; m.Roles != want || d.Roles != want {
		t.Fatalf("roles %b and %b, want %b", m.Roles, d.Roles, want)
	}
}

func TestUnknownModeratorHasTheModeratorsLimit(t *testing.T) {
	s, st := storedScript(t, func(c *Config) { c.RateLimit = Rate{1, time.Minute} })
	st.change(t, memberKey("room", "ann"), store.Change{Grant: chat.Moderator})
	wantAccepted(t, s.said("other", "ann", "one"), "one")
	for i := range 5 { // the first of these draws before anyone knows what ann is here
		text := fmt.Sprint(i)
		wantAccepted(t, s.said("room", "ann", text), text)
	}
	wantID(t, s.said("other", "ann", "two"), "msg_ratelimit")
}

func TestVerifiedAccountHasALimitOfItsOwn(t *testing.T) {
	s, st := storedScript(t, func(c *Config) { c.RateLimit, c.RateLimitVerified = Rate{1, time.Minute}, Rate{4, time.Minute} })
	yes := true
	st.change(t, accountKey("bot"), store.Change{Verified: &yes})
	said := 0
	for i := range 10 {
		if s.said("room", "bot", fmt.Sprint(i)).Outcome == Accepted {
			said++
		}
	}
	if said != 5 { // one before anyone knew
		t.Fatalf("%d lines, want 5", said)
	}
}

func TestColourComesFromTheStore(t *testing.T) {
	s, st := storedScript(t, nil)
	color := "#00FF00"
	st.change(t, accountKey("ann"), store.Change{Color: &color})
	ann := user("ann")
	first := s.say(Submission{Room: "room", User: ann, Text: "one"}).Message.User
	second := s.say(Submission{Room: "room", User: ann, Text: "two"}).Message.User
	if first.Color != color || first != second || ann.Color != "" {
		t.Fatalf("colour %q, again the same user: %v, the sender's own now %q", first.Color, first == second, ann.Color)
	}
}

func TestFirstLineIsToldOnce(t *testing.T) {
	s, st := storedScript(t, nil)
	for _, text := range []string{"one", "two"} {
		if err := s.c.Submit(Submission{Room: "room", User: user("ann"), Text: text}); err != nil {
			t.Fatal(err)
		}
	}
	s.decide() // both in one batch
	s.said("room", "ann", "three")
	lines := s.stage.published("room")
	if !lines[0].First || lines[1].First || lines[2].First {
		t.Fatalf("first: %v %v %v", lines[0].First, lines[1].First, lines[2].First)
	}
	s.c.shards[0].fetch.tellNow(s.c.source, s.c.epoch)
	again := classic()
	again.Store = st
	if m := newScript(t, again).said("room", "ann", "four").Message; m.First {
		t.Fatal("first again in another process")
	}
}

func TestRepeatIsKnownInAnotherProcess(t *testing.T) {
	s, st := storedScript(t, nil)
	cfg := classic()
	cfg.Store = st
	other := newScript(t, cfg)
	wantAccepted(t, s.said("room", "ann", "hello"), "hello")
	s.c.shards[0].fetch.tellNow(s.c.source, s.c.epoch)
	wantRejection(t, other.said("room", "ann", "hello"), rejectDuplicate(halfMinute))
	wantAccepted(t, other.said("room", "ann", "bye"), "bye")
	wantRejection(t, other.said("room", "ann", "bye"), rejectDuplicate(halfMinute)) // not told to the store yet
}

func TestUniqueChatForgetsNoBatch(t *testing.T) {
	s, st := storedScript(t, nil)
	st.change(t, roomKey("room"), store.Change{Mode: &store.ModeValue{Mode: chat.ModeUnique, Modes: chat.Modes{Unique: true}}})
	for _, login := range []string{"ann", "bob"} {
		if err := s.c.Submit(Submission{Room: "room", User: user(login), Text: "hello"}); err != nil {
			t.Fatal(err)
		}
	}
	s.decide()
	wantAccepted(t, s.stage.answers()[0], "hello")
	wantID(t, s.stage.answers()[1], "msg_r9k")
	wantID(t, s.said("room", "cat", "hello"), "msg_r9k")
}

func TestEmoteOnlyRoom(t *testing.T) {
	s, st := storedScript(t, func(c *Config) { c.Emotes = catalogue(t, "25 Kappa\n") })
	st.change(t, roomKey("room"), store.Change{Mode: &store.ModeValue{Mode: chat.ModeEmotes, Modes: chat.Modes{EmoteOnly: true}}})
	wantID(t, s.said("room", "ann", "Kappa me"), "msg_emoteonly")
	if m := wantAccepted(t, s.said("room", "ann", "Kappa Kappa"), "Kappa Kappa"); m.Emotes != "25:0-4,6-10" {
		t.Fatalf("emotes %q", m.Emotes)
	}
}

func TestRoomThatNobodyCreated(t *testing.T) {
	s, st := storedScript(t, func(c *Config) { c.RoomsCreated = true })
	yes := true
	st.change(t, roomKey("made"), store.Change{Created: &yes})
	wantID(t, s.said("room", "ann", "hello"), "msg_channel_suspended")
	wantAccepted(t, s.said("made", "ann", "hello"), "hello")
}

func TestBatchMakesOneRoundTrip(t *testing.T) {
	s, st := storedScript(t, nil)
	for i := range batchLinesMax {
		if err := s.c.Submit(Submission{Room: fmt.Sprint("room", i%5), User: user(fmt.Sprint("user", i%50)), Text: fmt.Sprint(i)}); err != nil {
			t.Fatal(err)
		}
	}
	s.decide()
	if st.mu.trips != 1 || st.mu.draws != batchLinesMax || st.mu.reads != 5+50+50 {
		t.Fatalf("%d trips, %d draws, %d reads", st.mu.trips, st.mu.draws, st.mu.reads)
	}
	s.said("room0", "user0", "again")
	if st.mu.trips != 2 || st.mu.reads != 105 || len(st.mu.spoken) != batchLinesMax {
		t.Fatalf("%d trips, %d reads, %d lines told", st.mu.trips, st.mu.reads, len(st.mu.spoken))
	}
}

func TestNothingIsAskedThatTheCacheKnows(t *testing.T) {
	s, st := storedScript(t, func(c *Config) {
		c.RateLimit, c.RateLimitModerator, c.DuplicateWindow = Rate{}, Rate{}, 0
	})
	wantAccepted(t, s.said("room", "ann", "one"), "one")
	before := st.trips()
	wantAccepted(t, s.said("room", "ann", "two"), "two")
	if n := st.trips() - before; n != 0 {
		t.Fatalf("%d round trips for nothing", n)
	}
}

func TestBusyShardThatAsksNothingStillTells(t *testing.T) {
	s, st := storedScript(t, func(c *Config) {
		c.RateLimit, c.RateLimitModerator, c.DuplicateWindow = Rate{}, Rate{}, 0
	})
	for _, first := range []bool{true, false} { // who is known, then who speaks for the first time
		for i := range 2 * batchLinesMax {
			login, text := fmt.Sprint("user", i), "hello"
			if first {
				text = "/nosuch"
			}
			s.said("room", login, text)
		}
	}
	if n := s.c.meters.dropped.Get(); n != 0 || len(st.mu.spoken) < batchLinesMax || !st.mu.spoken[0].Mark {
		t.Fatalf("%d told, %d dropped", len(st.mu.spoken), n)
	}
}

func TestQuietShardTellsWhoHasSpoken(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		st := newFaulty(t)
		cfg := classic()
		cfg.Store = st
		out := newStage()
		c := New(cfg, out, out)
		stop := start(c)
		defer stop()
		if err := c.Submit(Submission{Room: "room", User: user("ann"), Text: "hello"}); err != nil {
			t.Fatal(err)
		}
		time.Sleep(spokenWait)
		synctest.Wait()
		st.mu.Lock()
		defer st.mu.Unlock()
		if len(st.mu.spoken) != 1 || !st.mu.spoken[0].Mark || st.mu.spoken[0].Ago != spokenWait {
			t.Fatalf("told %+v", st.mu.spoken)
		}
	})
}

// Nobody runs this Clue, so no notice comes.
func TestRecordThatThisProcessChangedIsAskedAgainAtOnce(t *testing.T) {
	s, st := storedScript(t, nil)
	wantAccepted(t, s.said("room", "ann", "one"), "one")
	st.change(t, memberKey("room", "ann"), store.Change{Ban: &store.Ban{}})
	wantAccepted(t, s.said("room", "ann", "two"), "two")
	s.c.Changed(memberKey("room", "ann"))
	wantID(t, s.said("room", "ann", "three"), "msg_banned")
}
