package clue

import (
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"uproar/core/chat"
	"uproar/core/store"
)

func TestStoreIsAwayAndKnownStateServes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, st := storedScript(t, nil)
		st.change(t, memberKey("room", "bad"), store.Change{Ban: &store.Ban{}})
		wantAccepted(t, s.said("room", "ann", "before"), "before")
		wantID(t, s.said("room", "bad", "before"), "msg_banned")
		st.set(faults{down: true})
		time.Sleep(10 * time.Minute) // every record is past its time
		wantAccepted(t, s.said("room", "ann", "during"), "during")
		wantID(t, s.said("room", "bad", "during"), "msg_banned")
		wantRejection(t, s.said("room", "new", "during"), chat.RejectUnavailable)
		wantRejection(t, s.said("elsewhere", "ann", "during"), chat.RejectUnavailable)
		wantRejection(t, s.said("room", "ann", "during"), rejectDuplicate(halfMinute)) // what this process knows
		m := s.c.meters
		if m.unknown.Get() != 2 || m.stale.Get() == 0 || m.storeFailed.Get() == 0 {
			t.Fatalf("unknown %d, stale %d, failed %d", m.unknown.Get(), m.stale.Get(), m.storeFailed.Get())
		}
		st.set(faults{})
		wantAccepted(t, s.said("room", "new", "after"), "after")
	})
}

func TestLimitsFallBackToThisProcess(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, st := storedScript(t, nil)
		wantAccepted(t, s.said("room", "ann", "before"), "before")
		st.set(faults{down: true})
		said := 0
		for i := range 50 {
			if s.said("room", "ann", fmt.Sprint(i)).Outcome == Accepted {
				said++
			}
		}
		if said != 20 {
			t.Fatalf("%d lines, want 20", said)
		}
	})
}

// Each batch waits for its own timeout, and no longer: the store's breaker ends that.
func TestHangingStoreCostsItsTimeout(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, st := storedScript(t, nil)
		wantAccepted(t, s.said("room", "ann", "before"), "before")
		st.set(faults{hangs: true})
		for i := range 3 {
			began := time.Now()
			text := fmt.Sprint("hanging", i)
			wantAccepted(t, s.said("room", "ann", text), text)
			if took := time.Since(began); took != 100*time.Millisecond {
				t.Fatalf("line %d took %v", i, took)
			}
		}
		m := s.c.meters
		if m.storeTimedOut.Get() != 3 || m.breakerOpen.Get() != 0 || m.dropped.Get() != 3 {
			t.Fatalf("timed out %d, breaker open %d, dropped %d", m.storeTimedOut.Get(), m.breakerOpen.Get(), m.dropped.Get())
		}
	})
}

func TestOpenBreakerCostsNothingAndIsCounted(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, st := storedScript(t, nil)
		wantAccepted(t, s.said("room", "ann", "before"), "before")
		st.set(faults{open: true})
		began := time.Now()
		for i := range 5 {
			text := fmt.Sprint("open", i)
			wantAccepted(t, s.said("room", "ann", text), text)
		}
		if took := time.Since(began); took != 0 {
			t.Fatalf("with an open breaker: %v", took)
		}
		m := s.c.meters
		if m.breakerOpen.Get() != 10 || m.dropped.Get() != 5 || m.storeTimedOut.Get() != 0 { // a draw and a line to tell each
			t.Fatalf("breaker open %d, dropped %d, timed out %d", m.breakerOpen.Get(), m.dropped.Get(), m.storeTimedOut.Get())
		}
	})
}

// What is only told may fail like everything else, and is lost then.
func TestLineThatTheStoreIsNotToldOfIsCounted(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, st := storedScript(t, nil)
		wantAccepted(t, s.said("room", "ann", "hello"), "hello")
		st.set(faults{down: true})
		s.c.shards[0].fetch.tellNow(s.c.source, s.c.epoch)
		if n := s.c.meters.dropped.Get(); n != 1 {
			t.Fatalf("%d lines dropped, want 1", n)
		}
	})
}

// The first of two lines is told while the shard is quiet, by a store that hangs: that
// must not hold up the second.
func TestTellingWhoHasSpokenHoldsUpNoBatch(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		st := newFaulty(t)
		cfg := classic()
		cfg.Store = st
		out := newStage()
		c := New(cfg, out, out)
		stop := start(c)
		defer stop()
		say := func(text string) time.Duration {
			began, before := time.Now(), len(out.answers())
			if err := c.Submit(Submission{Room: "room", User: user("ann"), Text: text}); err != nil {
				t.Fatal(err)
			}
			for len(out.answers()) == before {
				time.Sleep(time.Millisecond)
			}
			return time.Since(began)
		}
		say("one")
		st.set(faults{hangs: true})
		time.Sleep(spokenWait + time.Millisecond)
		synctest.Wait()
		if took := say("two"); took > cfg.StoreTimeout+time.Millisecond {
			t.Fatalf("the line behind took %v, a round trip %v", took, cfg.StoreTimeout)
		}
	})
}

// A change that an open breaker has kept back was not made: what is known stays true.
func TestChangeThatWasNotMadeLeavesNoDoubt(t *testing.T) {
	atCounter(t, nil, func(n *counter) {
		wantAccepted(t, n.say("room", "mod", "one"), "one")
		wantAccepted(t, n.say("room", "ann", "one"), "one")
		n.store.setChangesOnly(faults{open: true})
		wantRejection(t, n.say("room", "mod", "/slow 10"), chat.RejectUndone)
		reads := n.store.readsSoFar()
		wantAccepted(t, n.say("room", "ann", "two"), "two")
		if got := n.store.readsSoFar(); got != reads {
			t.Fatalf("%d records are asked for again", got-reads)
		}
	})
}

// The desk waits for the store several times, and each time for its timeout at most.
func TestChangesAndListsOfRolesAreBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, st := storedScript(t, nil)
		st.set(faults{hangs: true})
		began := time.Now()
		if err := s.c.source.change(t.Context(), memberKey("room", "ann"), store.Change{Grant: chat.VIP}); err == nil {
			t.Fatal("changed")
		}
		if _, err := s.c.source.roster(t.Context(), "room", chat.VIP); err == nil {
			t.Fatal("listed")
		}
		if took := time.Since(began); took != 200*time.Millisecond || s.c.meters.storeTimedOut.Get() != 2 {
			t.Fatalf("took %v, %d timed out", took, s.c.meters.storeTimedOut.Get())
		}
		st.set(faults{open: true})
		_ = s.c.source.change(t.Context(), memberKey("room", "ann"), store.Change{Grant: chat.VIP})
		_, _ = s.c.source.roster(t.Context(), "room", chat.VIP)
		if n := s.c.meters.breakerOpen.Get(); n != 2 {
			t.Fatalf("%d kept back by the breaker, want 2", n)
		}
	})
}

// As on a server of several that was killed, or on a replica that takes no changes.
func TestStoreThatFailsAtOnceIsStillAsked(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, st := storedScript(t, nil)
		wantAccepted(t, s.said("room", "ann", "before"), "before")
		st.set(faults{down: true})
		for i := range 6 {
			text := fmt.Sprint("down", i)
			wantAccepted(t, s.said("room", "ann", text), text)
		}
		st.set(faults{})
		wantAccepted(t, s.said("room", "new", "after"), "after")
	})
}

func TestChangeElsewhereBitesHere(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		st := newFaulty(t)
		cfg := free()
		cfg.Store = st
		out := newStage()
		c := New(cfg, out, out)
		stop := start(c)
		defer stop()
		say := func(text string) Decision {
			if err := c.Submit(Submission{Room: "room", User: user("ann"), Text: text}); err != nil {
				t.Fatal(err)
			}
			synctest.Wait()
			ds := out.answers()
			return ds[len(ds)-1]
		}
		wantAccepted(t, say("one"), "one")
		st.change(t, memberKey("room", "ann"), store.Change{Ban: &store.Ban{}})
		synctest.Wait()
		wantID(t, say("two"), "msg_banned")
		st.change(t, memberKey("room", "ann"), store.Change{Unban: true})
		synctest.Wait()
		wantAccepted(t, say("three"), "three")
	})
}

func TestCacheKeepsNoAnswerThatChangedOnTheWay(t *testing.T) {
	cfg := classic()
	c := newCache(&cfg, time.Now())
	k := memberKey("room", "ann")
	read := store.Read{Key: k, Member: &store.Member{}}
	stamp := c.stamp(k)
	c.stale(k) // a ban, while the answer is under way
	c.put(&read, stamp, 1)
	if e, _ := c.get(k, 1); e != nil {
		t.Fatal("the answer from before the change is kept")
	}
	c.put(&read, c.stamp(k), 1)
	if _, fresh := c.get(k, 1); !fresh {
		t.Fatal("an answer is not kept")
	}
	if _, fresh := c.get(k, 1+int64(cfg.MemberTTL)); fresh {
		t.Fatal("fresh past its time")
	}
	c.stale(store.Key{})
	if e, fresh := c.get(k, 1); e == nil || fresh {
		t.Fatalf("after a gap in the watch: known %v, fresh %v", e != nil, fresh)
	}
	stamp = c.stamp(k)
	c.stale(store.Key{})
	c.put(&read, stamp, 1)
	if _, fresh := c.get(k, 1); fresh {
		t.Fatal("an answer from before the gap is fresh")
	}
}

func TestCacheIsBounded(t *testing.T) {
	cfg := classic()
	cfg.CacheMax = 100
	c := newCache(&cfg, time.Now())
	for i := range 10_000 {
		k := accountKey(fmt.Sprint("user", i))
		c.put(&store.Read{Key: k, Account: &store.Account{}}, c.stamp(k), 0)
	}
	c.table.CleanUp()
	if n := c.table.EstimatedSize(); n > 100 {
		t.Fatalf("%d records, the bound is 100", n)
	}
}
