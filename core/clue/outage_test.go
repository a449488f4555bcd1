package clue

import (
	"context"
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
		wantRejection(t, s.said("room", "ann", "during"), chat.RejectDuplicate) // what this process knows
		m := s.c.meters
		if m.unknown.Get() != 2 || m.stale.Get() == 0 || m.storeFailed.Get() == 0 {
			t.Fatalf("unknown %d, stale %d, failed %d", m.unknown.Get(), m.stale.Get(), m.storeFailed.Get())
		}
		st.set(faults{})
		time.Sleep(breakerPause + 1)
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

func TestHangingStoreCostsItsTimeoutUntilTheBreakerOpens(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, st := storedScript(t, nil)
		wantAccepted(t, s.said("room", "ann", "before"), "before")
		st.set(faults{hangs: true})
		for i := range breakerFailures {
			began := time.Now()
			text := fmt.Sprint("hanging", i)
			wantAccepted(t, s.said("room", "ann", text), text)
			if took := time.Since(began); took != 100*time.Millisecond {
				t.Fatalf("line %d took %v", i, took)
			}
		}
		began, before := time.Now(), st.trips()
		for i := range 5 {
			text := fmt.Sprint("open", i)
			wantAccepted(t, s.said("room", "ann", text), text)
		}
		if took := time.Since(began); took != 0 || st.trips() != before {
			t.Fatalf("with an open breaker: %v, %d round trips", took, st.trips()-before)
		}
		m := s.c.meters
		if m.breakerOpen.Get() != 5 || m.storeTimedOut.Get() != breakerFailures {
			t.Fatalf("breaker open %d, timed out %d", m.breakerOpen.Get(), m.storeTimedOut.Get())
		}
		st.set(faults{})
		time.Sleep(breakerPause + 1)
		s.said("room", "ann", "back")
		s.said("room", "ann", "and again")
		if n := st.trips() - before; n != 2 {
			t.Fatalf("%d round trips after the store is back", n)
		}
	})
}

// A command may come to the desk with little of its time left.
func TestCallerInAHurryDoesNotOpenTheBreaker(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, st := storedScript(t, nil)
		st.set(faults{hangs: true})
		for range 2 * breakerFailures {
			ctx, cancel := context.WithTimeout(t.Context(), time.Millisecond)
			s.c.source.fetch(ctx, &store.Batch{Reads: []store.Read{{Key: roomKey("room")}}})
			cancel()
		}
		if n := s.c.meters.breakerOpen.Get(); n != 0 || !s.c.source.closed() {
			t.Fatalf("the breaker is open: %d round trips not made", n)
		}
	})
}

// As on a server of several that was killed, or on a replica that takes no changes.
func TestStoreThatFailsAtOnceIsStillAsked(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, st := storedScript(t, nil)
		wantAccepted(t, s.said("room", "ann", "before"), "before")
		st.set(faults{down: true})
		for i := range 2 * breakerFailures {
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
