package clue

import (
	"testing"
	"testing/synctest"
	"time"

	"uproar/core/chat"
	"uproar/core/store"
)

func TestFailedChangeLeavesTheRoomKnown(t *testing.T) {
	atCounter(t, nil, func(n *counter) {
		wantAccepted(t, n.say("room", "mod", "one"), "one")
		wantAccepted(t, n.say("room", "ann", "one"), "one")
		n.store.setChangesOnly(faults{down: true})
		wantRejection(t, n.say("room", "mod", "/slow 10"), chat.RejectUndone)
		n.store.set(faults{down: true})
		wantAccepted(t, n.say("room", "ann", "two"), "two")
		wantAccepted(t, n.say("room", "mod", "two"), "two")
		n.store.set(faults{})
		reads := n.store.readsSoFar()
		wantAccepted(t, n.say("room", "ann", "three"), "three")
		if n.store.readsSoFar() == reads {
			t.Fatal("a record in doubt is not asked for again")
		}
		reads = n.store.readsSoFar()
		wantAccepted(t, n.say("room", "ann", "four"), "four")
		if n.store.readsSoFar() != reads {
			t.Fatal("it is still in doubt after an answer")
		}
	})
}

// The store has taken the change, and its answer was lost.
func TestNoticeAfterAFailedChangeMakesTheRecordUnknown(t *testing.T) {
	atCounter(t, nil, func(n *counter) {
		wantAccepted(t, n.say("room", "ann", "one"), "one")
		n.c.cache.suspect(memberKey("room", "ann"))
		n.store.set(faults{down: true})
		wantAccepted(t, n.say("room", "ann", "two"), "two")
		n.store.change(t, memberKey("room", "ann"), store.Change{Ban: &store.Ban{}})
		synctest.Wait()
		wantRejection(t, n.say("room", "ann", "three"), chat.RejectUnavailable)
	})
}

func TestAnswerFromBeforeAFailedChangeIsNotKept(t *testing.T) {
	cfg := classic()
	c := newCache(&cfg, time.Now())
	k := memberKey("room", "ann")
	read := store.Read{Key: k, Member: &store.Member{}}
	c.suspect(k) // of a record that is not known: nothing
	c.put(&read, c.stamp(k), 1)
	stamp := c.stamp(k)
	c.suspect(k)
	if e, fresh := c.get(k, 1); e == nil || fresh {
		t.Fatalf("in doubt: known %v, fresh %v", e != nil, fresh)
	}
	c.put(&read, stamp, 1)
	if e, fresh := c.get(k, 1); e == nil || fresh {
		t.Fatalf("after an answer from before the change: known %v, fresh %v", e != nil, fresh)
	}
}
