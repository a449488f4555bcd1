// Package storetest holds an implementation of store.Store to the promises of its
// interface. The package of the implementation calls Run from a test, and RunPair when
// several processes can share its state.
//
// The tests name rooms and accounts that no other run names, so the state need not be
// empty. They run in real time, with windows of some 200 ms, and wait for what they
// expect instead of sleeping.
package storetest

import (
	"context"
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"uproar/core/chat"
	"uproar/core/store"
)

const (
	// deadline is what one call may take. Nothing here is near it on a healthy store.
	deadline = 5 * time.Second
	// tolerance is by how much two clocks that a store uses may differ, and what it may
	// cut off a time: a store keeps milliseconds.
	tolerance = 20 * time.Millisecond
	// window is the length of limits and timeouts that a test waits for.
	window = 200 * time.Millisecond
)

// Run holds the store that open returns to every promise that one process can see. open
// is called once for each test; it closes what it opens with t.Cleanup.
func Run(t *testing.T, open func(t *testing.T) store.Store) {
	for _, c := range []struct {
		name string
		test func(h *house)
	}{
		{"RecordsThatNobodyChangedAreZero", zeroRecords},
		{"BatchIsFilledInPlace", bigBatch},
		{"BatchIsUsedAgain", batchAgain},
		{"ReadOfNoKindFails", readOfNoKind},
		{"RoomIsPatched", patchRoom},
		{"ModeSetsItsOwnFields", patchMode},
		{"TermsAreReplaced", replaceTerms},
		{"AccountIsPatched", patchAccount},
		{"ChangeMadeTwiceDoesNoHarm", changeTwice},
		{"FetchedRecordStaysAsItWas", snapshot},
		{"InvalidChangeIsRefused", invalidChange},
		{"RolesAreGrantedAndRevoked", roles},
		{"BanIsSetReplacedAndLifted", ban},
		{"BanKeepsTheRestOfTheMember", banKeeps},
		{"TimeoutEnds", timeoutEnds},
		{"TimeoutThatHasEndedIsNone", timeoutPast},
		{"FollowingIsSetAndEnded", follows},
		{"RosterIsSortedAndComplete", rosterOrder},
		{"RosterIsBounded", rosterBound},
		{"WindowGivesNLines", windowOfN},
		{"WindowRefillsAtItsEnd", windowRefills},
		{"LimitsDrawAllOrNothing", allOrNothing},
		{"BucketsAreOfAccountAndName", bucketsByName},
		{"DrawsOfOneBatchShareABucket", drawsOfOneBatch},
		{"SinceAndSameAreOfTheLastLine", lastLine},
		{"SpokenCountsBeforeTheDrawsOfItsBatch", spokenFirst},
		{"SinceCountsFromAgo", spokenAgo},
		{"SeenIsOfTheRoom", seen},
		{"MarkedLineIsKnown", firstLine},
		{"FirstAndLastAreOfMarkedLines", firstAndLast},
		{"WatchTellsOfEveryChange", watchTells},
		{"WatchEndsWithItsContext", watchEnds},
		{"WatchSurvivesAFlood", watchFlood},
		{"ConcurrentPatchesAllHold", concurrentPatches},
		{"ConcurrentDrawsGiveExactlyN", concurrentDraws},
		{"ConcurrentFirstLinesAndPatchesAllHold", concurrentSpoken},
		{"EndedContextFailsAtOnce", endedContext},
	} {
		t.Run(c.name, func(t *testing.T) { c.test(newHouse(t, open(t))) })
	}
}

// RunPair holds two stores that share their state, as two processes do, to what one
// sees of the other.
func RunPair(t *testing.T, open func(t *testing.T) (a, b store.Store)) {
	for _, c := range []struct {
		name string
		test func(a, b *house)
	}{
		{"ChangeIsSeenByTheOther", changeAcross},
		{"DrawsAreShared", drawsAcross},
		{"SpokenIsShared", spokenAcross},
		{"WatchTellsOfTheOthersChanges", watchAcross},
	} {
		t.Run(c.name, func(t *testing.T) {
			a, b := open(t)
			first := newHouse(t, a)
			second := *first
			second.Store = b
			c.test(first, &second)
		})
	}
}

// house is a store, a test, and names that are the test's own.
type house struct {
	store.Store
	t      *testing.T
	suffix string
}

func newHouse(t *testing.T, s store.Store) *house {
	return &house{s, t, fmt.Sprintf("_%010x", rand.Uint64()&0xff_ffff_ffff)}
}

// name makes a name of at most 14 bytes the test's own.
func (h *house) name(s string) string { return s + h.suffix }

func (h *house) roomKey(room string) store.Key {
	return store.Key{Kind: store.KindRoom, Room: h.name(room)}
}

func (h *house) memberKey(room, login string) store.Key {
	return store.Key{Kind: store.KindMember, Room: h.name(room), Login: h.name(login)}
}

func (h *house) accountKey(login string) store.Key {
	return store.Key{Kind: store.KindAccount, Login: h.name(login)}
}

func (h *house) context() context.Context {
	ctx, cancel := context.WithTimeout(context.Background(), deadline)
	h.t.Cleanup(cancel)
	return ctx
}

// change makes c and fails the test when it cannot. Only the test's goroutine calls it.
func (h *house) change(k store.Key, c store.Change) {
	h.t.Helper()
	if err := h.tryChange(k, c); err != nil {
		h.t.Fatalf("change %v: %v", k, err)
	}
}

func (h *house) tryChange(k store.Key, c store.Change) error {
	ctx, cancel := context.WithTimeout(context.Background(), deadline)
	defer cancel()
	return h.Change(ctx, k, c)
}

func (h *house) fetch(b *store.Batch) {
	h.t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), deadline)
	defer cancel()
	h.Fetch(ctx, b)
	for i := range b.Reads {
		if err := b.Reads[i].Err; err != nil {
			h.t.Fatalf("read %v: %v", b.Reads[i].Key, err)
		}
	}
	for i := range b.Draws {
		if err := b.Draws[i].Err; err != nil {
			h.t.Fatalf("draw %d: %v", i, err)
		}
	}
}

func (h *house) read(k store.Key) store.Read {
	h.t.Helper()
	b := store.Batch{Reads: []store.Read{{Key: k}}}
	h.fetch(&b)
	r := b.Reads[0]
	if (r.Room != nil) != (k.Kind == store.KindRoom) || (r.Member != nil) != (k.Kind == store.KindMember) || (r.Account != nil) != (k.Kind == store.KindAccount) {
		h.t.Fatalf("read %v: set %v %v %v, want the one of its kind", k, r.Room, r.Member, r.Account)
	}
	return r
}

func (h *house) member(room, login string) store.Member {
	h.t.Helper()
	return *h.read(h.memberKey(room, login)).Member
}

// draw fetches one draw; names are as in house.name.
func (h *house) draw(room, login string, limits ...store.Limit) store.Draw {
	h.t.Helper()
	b := store.Batch{Draws: []store.Draw{{Room: h.name(room), Login: h.name(login), Limits: limits}}}
	h.fetch(&b)
	return b.Draws[0]
}

// eventually polls until it holds, for as long as one call may take.
func (h *house) eventually(what string, holds func() bool) {
	h.t.Helper()
	for end := time.Now().Add(deadline); !holds(); time.Sleep(time.Millisecond) {
		if time.Now().After(end) {
			h.t.Fatalf("%v have passed, and not: %s", deadline, what)
		}
	}
}

func sameTime(a, b time.Time) bool {
	if a.IsZero() || b.IsZero() {
		return a.IsZero() && b.IsZero()
	}
	return a.Sub(b).Abs() <= time.Millisecond
}

func mode(m chat.Mode, values chat.Modes) store.Change {
	return store.Change{Mode: &store.ModeValue{Mode: m, Modes: values}}
}
