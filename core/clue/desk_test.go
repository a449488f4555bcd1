package clue

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/uuid"

	"uproar/core/chat"
	"uproar/core/clue/command"
	"uproar/core/store"
)

// counter is a Clue that runs over a faulty store in a bubble of time.
type counter struct {
	t     *testing.T
	c     *Clue
	store *faulty
	out   *stage
	heard struct {
		sync.Mutex
		whispers []*chat.Whisper
		to       []string
		notices  []chat.Notice
		told     []string // of the last notice: whom
	}
}

func (n *counter) Whisper(to string, w *chat.Whisper) {
	n.heard.Lock()
	defer n.heard.Unlock()
	n.heard.to, n.heard.whispers = append(n.heard.to, to), append(n.heard.whispers, w)
}

func (n *counter) Notify(logins []string, room string, told chat.Notice) {
	n.heard.Lock()
	defer n.heard.Unlock()
	n.heard.told, n.heard.notices = logins, append(n.heard.notices, told)
}

// atCounter runs do with a Clue in which "mod" moderates "room".
func atCounter(t *testing.T, with func(*Config), do func(n *counter)) {
	synctest.Test(t, func(t *testing.T) {
		n := &counter{t: t, store: newFaulty(t), out: newStage()}
		n.store.change(t, memberKey("room", "mod"), store.Change{Grant: chat.Moderator})
		cfg := free()
		cfg.Store, cfg.Messenger = n.store, n
		if with != nil {
			with(&cfg)
		}
		n.c = New(cfg, n.out, n.out)
		stop := start(n.c)
		defer stop()
		synctest.Wait() // the watch has begun
		do(n)
	})
}

// say submits and returns the answer that follows.
func (n *counter) say(room, login, text string) Decision {
	n.t.Helper()
	before := len(n.out.answers())
	if err := n.c.Submit(Submission{Room: room, User: user(login), Text: text}); err != nil {
		n.t.Fatal(err)
	}
	synctest.Wait()
	if len(n.out.answers()) == before {
		time.Sleep(time.Second) // a store that is late
		synctest.Wait()
	}
	ds := n.out.answers()
	if len(ds) != before+1 {
		n.t.Fatalf("%q: %d answers", text, len(ds)-before)
	}
	return ds[before]
}

func (n *counter) wantTold(d Decision, id string) {
	n.t.Helper()
	if d.Outcome != Told || d.Notice.MsgID != id || d.Rejection != nil {
		n.t.Fatalf("got outcome %d, %v, %v; want %s", d.Outcome, d.Notice, d.Rejection, id)
	}
}

func (st *stage) allOf(room string) []chat.Event {
	st.mu.Lock()
	defer st.mu.Unlock()
	return append([]chat.Event(nil), st.mu.events[room]...)
}

func TestBanIsStoredShownAndBitesAtOnce(t *testing.T) {
	atCounter(t, nil, func(n *counter) {
		wantAccepted(n.t, n.say("room", "bad", "hello"), "hello")
		n.wantTold(n.say("room", "mod", "/ban Bad so bad"), "ban_success")
		wantID(n.t, n.say("room", "bad", "again"), "msg_banned")
		events := n.out.allOf("room")
		c, ok := events[len(events)-1].(*chat.Clearing)
		if !ok || c.Target.Login != "bad" || c.For != 0 || c.RoomID != chat.StableID("room") || c.Time.IsZero() {
			t.Fatalf("published %+v", events[len(events)-1])
		}
		if first := events[0].Where().Seq; c.Seq != first+1 {
			t.Fatalf("seq %d after %d", c.Seq, first)
		}
		n.wantTold(n.say("room", "mod", "/unban bad"), "unban_success")
		if m := wantAccepted(n.t, n.say("room", "bad", "back"), "back"); m.Seq != c.Seq+1 {
			t.Fatalf("seq %d after %d", m.Seq, c.Seq)
		}
	})
}

func TestCommandOfAViewerIsRefused(t *testing.T) {
	atCounter(t, nil, func(n *counter) {
		wantID(n.t, n.say("room", "viewer", "/ban mod"), "no_permission")
		wantID(n.t, n.say("room", "viewer", "/nosuch"), "unrecognized_cmd")
		n.wantTold(n.say("room", "mod", "/timeout viewer 60"), "timeout_success")
		wantID(n.t, n.say("room", "viewer", "/vips"), "msg_timedout")
		n.wantTold(n.say("room", "viewer", "/color #ff0000"), "color_changed") // personal: anywhere
	})
}

func TestModeChangeTellsTheRoom(t *testing.T) {
	atCounter(t, nil, func(n *counter) {
		n.wantTold(n.say("room", "mod", "/slow 10"), "")
		wantAccepted(n.t, n.say("room", "ann", "one"), "one")
		wantID(n.t, n.say("room", "ann", "two"), "msg_slowmode")
		if d := n.say("room", "mod", "/slow 20"); len(d.Events) != 1 || d.Events[0].Where().Seq == 0 {
			t.Fatalf("a sender who is not in the room cannot be told: %+v", d)
		}
		change, ok := n.out.allOf("room")[0].(*chat.ModeChange)
		if !ok || change.Notice.MsgID != "slow_on" || change.Modes.Slow != 10*time.Second {
			t.Fatalf("published %+v", n.out.allOf("room")[0])
		}
	})
}

func TestDeleteFindsTheLine(t *testing.T) {
	atCounter(t, nil, func(n *counter) {
		m := wantAccepted(n.t, n.say("room", "ann", "rude"), "rude")
		n.wantTold(n.say("room", "mod", "/delete "+m.ID), "delete_message_success")
		events := n.out.allOf("room")
		if d, ok := events[1].(*chat.Deletion); !ok || d.MessageID != m.ID || d.Login != "ann" || d.Text != "rude" {
			t.Fatalf("published %+v", events[1])
		}
		wantID(n.t, n.say("other", "other", "/delete "+m.ID), "bad_delete_message_error")
	})
}

func TestLineThatAnotherProcessHasDecidedIsDeletedAndRepliedTo(t *testing.T) {
	theirs := &chat.Message{Place: chat.Place{Room: "room"}, ID: uuid.NewString(), User: user("ann"), Text: "rude"}
	heard := func(c *Config) {
		c.Heard = func(room, id string) *chat.Message {
			if room != "room" || id != theirs.ID {
				return nil
			}
			return theirs
		}
	}
	atCounter(t, heard, func(n *counter) {
		n.wantTold(n.say("room", "mod", "/delete "+theirs.ID), "delete_message_success")
		if d, ok := n.out.allOf("room")[0].(*chat.Deletion); !ok || d.MessageID != theirs.ID || d.Login != "ann" || d.Text != "rude" {
			t.Fatalf("published %+v", n.out.allOf("room")[0])
		}
		wantID(n.t, n.say("room", "mod", "/delete "+uuid.NewString()), "bad_delete_message_error")
	})
	cfg := classic()
	heard(&cfg)
	s := newScript(t, cfg)
	d := s.say(Submission{Room: "room", User: user("bob"), Text: "why?", ReplyTo: theirs.ID})
	if d.Message == nil || d.Message.Reply == nil || d.Message.Reply.ParentUser != theirs.User {
		t.Fatalf("a reply: %+v, %v", d.Message, d.Rejection)
	}
}

func TestRostersAreListed(t *testing.T) {
	atCounter(t, nil, func(n *counter) {
		d := n.say("room", "ann", "/mods")
		n.wantTold(d, "room_mods")
		if !strings.HasSuffix(d.Notice.Text, ": mod") {
			t.Fatalf("got %q", d.Notice.Text)
		}
		n.wantTold(n.say("room", "room", "/vip ann"), "vip_success")
		n.wantTold(n.say("room", "ann", "/vips"), "vips_success")
	})
}

func TestRaidIsRememberedUntilItEnds(t *testing.T) {
	atCounter(t, func(c *Config) { c.Viewers = func(string) int { return 7 } }, func(n *counter) {
		wantID(n.t, n.say("room", "room", "/unraid"), "unraid_error_no_active_raid")
		if d := n.say("room", "room", "/raid goal"); d.Outcome != Told {
			t.Fatalf("got %v", d.Rejection)
		}
		if r, ok := n.out.allOf("goal")[0].(*chat.Raid); !ok || r.Viewers != 7 || r.RoomID != chat.StableID("goal") {
			t.Fatalf("published %+v", n.out.allOf("goal")[0])
		}
		wantID(n.t, n.say("room", "room", "/raid other"), "raid_error_already_raiding")
		n.wantTold(n.say("room", "room", "/unraid"), "unraid_success")
		wantID(n.t, n.say("room", "room", "/unraid"), "unraid_error_no_active_raid")
		wantID(n.t, n.say("room", "room", "/raid goal"), "raid_error_unexpected")
		if events := n.out.allOf("goal"); len(events) != 1 {
			t.Fatalf("the goal has heard of %d raids", len(events))
		}
		time.Sleep(command.RaidFor)
		n.wantTold(n.say("room", "room", "/raid goal"), "raid_success")
	})
}

func TestRaidThatNobodyWasShownCanBeTriedAgain(t *testing.T) {
	atCounter(t, nil, func(n *counter) {
		n.out.refuse(true)
		wantRejection(n.t, n.say("room", "room", "/raid goal"), chat.RejectUndone)
		n.out.refuse(false)
		n.wantTold(n.say("room", "room", "/raid goal"), "raid_success")
		n.out.refuse(true)
		wantRejection(n.t, n.say("room", "room", "/unraid"), chat.RejectUndone)
		n.out.refuse(false)
		wantID(n.t, n.say("room", "room", "/raid other"), "raid_error_already_raiding")
		n.wantTold(n.say("room", "room", "/unraid"), "unraid_success")
		wantID(n.t, n.say("room", "room", "/raid other"), "raid_error_unexpected")
	})
}

// A session goes on as the user that its last line came back with.
func TestAccountThatIsVerifiedNoMoreHasAViewersRate(t *testing.T) {
	atCounter(t, func(c *Config) { c.RateLimit, c.RateLimitVerified = Rate{2, halfMinute}, Rate{10, halfMinute} }, func(n *counter) {
		bot := user("bot")
		say := func(text string) Decision {
			if err := n.c.Submit(Submission{Room: "room", User: bot, Text: text}); err != nil {
				t.Fatal(err)
			}
			synctest.Wait()
			ds := n.out.answers()
			return ds[len(ds)-1]
		}
		yes, no := true, false
		n.store.change(n.t, accountKey("bot"), store.Change{Verified: &yes})
		synctest.Wait()
		for i := range 3 {
			text := fmt.Sprint("verified ", i)
			bot = wantAccepted(n.t, say(text), text).User
		}
		n.store.change(n.t, accountKey("bot"), store.Change{Verified: &no})
		synctest.Wait()
		bot = wantAccepted(n.t, say("as a viewer"), "as a viewer").User // its second: it was unknown at its first
		wantRejection(n.t, say("too many"), chat.RejectRateLimit)
	})
}

func TestWhisperReachesItsUserAndIsLimited(t *testing.T) {
	atCounter(t, func(c *Config) { c.Emotes = catalogue(t, "25 Kappa\n") }, func(n *counter) {
		for range 3 {
			n.wantTold(n.say("nowhere", "ann", "/w bob psst Kappa"), "")
		}
		wantID(n.t, n.say("nowhere", "ann", "/w bob psst"), "whisper_limit_per_sec")
		if len(n.heard.to) != 3 || n.heard.to[0] != "bob" {
			t.Fatalf("whispers to %v", n.heard.to)
		}
		if w := n.heard.whispers[0]; w.From.Login != "ann" || w.Text != "psst Kappa" || w.Emotes != "25:5-9" {
			t.Fatalf("whispered %+v", w)
		}
	})
}

func TestCommandIsRefusedInTimeWhenTheStoreHangs(t *testing.T) {
	atCounter(t, nil, func(n *counter) {
		wantAccepted(n.t, n.say("room", "mod", "hello"), "hello")
		n.store.set(faults{hangs: true})
		began := time.Now()
		if err := n.c.Submit(Submission{Room: "room", User: user("mod"), Text: "/ban bad"}); err != nil {
			t.Fatal(err)
		}
		time.Sleep(n.c.deadline)
		synctest.Wait()
		ds := n.out.answers()
		wantRejection(n.t, ds[len(ds)-1], chat.RejectUndone)
		if took := time.Since(began); took > n.c.deadline {
			t.Fatalf("took %v", took)
		}
		n.store.set(faults{})
		time.Sleep(time.Second)
		n.wantTold(n.say("room", "mod", "/ban bad"), "ban_success")
	})
}

func TestSlowCommandHoldsNoLine(t *testing.T) {
	atCounter(t, nil, func(n *counter) {
		wantAccepted(n.t, n.say("room", "mod", "warm"), "warm")
		wantAccepted(n.t, n.say("room", "ann", "warm"), "warm")
		time.Sleep(spokenWait) // the store is told who has spoken
		synctest.Wait()
		n.store.set(faults{late: 80 * time.Millisecond})
		if err := n.c.Submit(Submission{Room: "room", User: user("mod"), Text: "/clear"}); err != nil {
			t.Fatal(err)
		}
		synctest.Wait()
		wantAccepted(n.t, n.say("room", "ann", "meanwhile"), "meanwhile") // free: it draws from nothing
		if events := n.out.allOf("room"); len(events) != 3 {
			t.Fatalf("%d events before the command is done", len(events))
		}
		time.Sleep(200 * time.Millisecond)
		synctest.Wait()
		if _, ok := n.out.allOf("room")[3].(*chat.Clearing); !ok {
			t.Fatal("the command was not done")
		}
	})
}

func TestTooManyCommandsAreRefused(t *testing.T) {
	atCounter(t, func(c *Config) { c.CommandsMax = 4 }, func(n *counter) {
		n.store.set(faults{late: 50 * time.Millisecond})
		for i := range 20 {
			if err := n.c.Submit(Submission{Room: "room", User: user("mod"), Text: fmt.Sprintf("/ban bad%d", i)}); err != nil {
				t.Fatal(err)
			}
		}
		time.Sleep(2 * time.Second)
		synctest.Wait()
		if got := len(n.out.answers()); got != 20 {
			t.Fatalf("%d answers to 20 commands", got)
		}
		if n.c.meters.deskFull.Get() == 0 || n.c.desk.turns.len() != 0 {
			t.Fatalf("%d refused, %d wait", n.c.meters.deskFull.Get(), n.c.desk.turns.len())
		}
	})
}

// deaf is a store whose Fetch takes its time, whatever its context says.
type deaf struct {
	*faulty
	late atomic.Int64 // time.Duration
}

func (d *deaf) Fetch(ctx context.Context, b *store.Batch) {
	time.Sleep(time.Duration(d.late.Load()))
	d.faulty.Fetch(ctx, b)
}

func TestCommandThatOutlastsTheShardsIsAnswered(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		st, out := &deaf{faulty: newFaulty(t)}, newStage()
		cfg := free()
		cfg.Store = st
		c := New(cfg, out, out)
		stop := start(c)
		for _, text := range []string{"warm", "/clear"} {
			for i := range deskLanes {
				room := fmt.Sprint("room", i)
				if err := c.Submit(Submission{Room: room, User: user(room), Text: text}); err != nil {
					t.Fatal(err)
				}
			}
			time.Sleep(2 * spokenWait) // all is known, and told
			st.late.Store(int64(3 * spokenWait))
		}
		if n := len(out.answers()); n != deskLanes {
			t.Fatalf("%d answers before the end", n)
		}
		stop()
		if n := len(out.answers()); n != 2*deskLanes {
			t.Fatalf("%d answers to %d lines and commands", n, 2*deskLanes)
		}
	})
}
