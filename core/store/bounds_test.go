package store

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"uproar/core/chat"
)

func openBounded(t *testing.T, b bounds) *Embedded {
	t.Helper()
	e, err := open(Config{}, b)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { checkRecords(t, e.records) })
	return e
}

// checkRecords holds the counts and rosters against the records.
func checkRecords(t *testing.T, r *records) {
	t.Helper()
	var rooms, members, spoken, accounts int
	listed := make(map[string]int)
	for i := range r.stripes {
		mu := &r.stripes[i].mu
		rooms, members, spoken, accounts = rooms+len(mu.rooms), members+len(mu.members), spoken+len(mu.spoken), accounts+len(mu.accounts)
		for k, m := range mu.members {
			if _, both := mu.spoken[k]; both || *m == *zeroMember || m.onlySpoke() {
				t.Errorf("member %v: %+v, spoken %v", k, m, both)
			}
			listed[k.room]++
			if one := r.rosters.stripe(k.room).mu.rooms[k.room]; one == nil || m.Roles != 0 && !one.holds(k.login, m.Roles) {
				t.Errorf("member %v with roles %04b is not in the roster", k, m.Roles)
			}
		}
	}
	got := [4]int64{int64(rooms), int64(members), int64(spoken), int64(accounts)}
	if counted := [4]int64{r.roomCount.Load(), r.memberCount.Load(), r.spokenCount.Load(), r.accountCount.Load()}; got != counted {
		t.Errorf("%d records, counted %d", got, counted)
	}
	for i := range r.rosters.stripes {
		for room, one := range r.rosters.stripes[i].mu.rooms {
			if one.members != listed[room] {
				t.Errorf("roster of %q: %d members, want %d", room, one.members, listed[room])
			}
		}
	}
}

func memberOf(room string, i int) Key {
	return Key{KindMember, room, fmt.Sprint("m", i)}
}

func TestFullRoomRefusesMoreMembersAndOtherRoomsDoNot(t *testing.T) {
	e := openBounded(t, bounds{members: 20, membersOfRoom: 10})
	ban := Change{Ban: &Ban{}}
	for i := range 10 {
		if err := e.Change(t.Context(), memberOf("hot", i), ban); err != nil {
			t.Fatal(err)
		}
	}
	if err := e.Change(t.Context(), memberOf("hot", 10), ban); !errors.Is(err, ErrFull) {
		t.Errorf("beyond the bound: %v", err)
	}
	if err := e.Change(t.Context(), memberOf("hot", 3), Change{Grant: chat.VIP}); err != nil {
		t.Errorf("a member who is known: %v", err)
	}
	if err := e.Change(t.Context(), memberOf("cold", 0), ban); err != nil {
		t.Errorf("another room: %v", err)
	}
	for i := range 10 {
		if err := e.Change(t.Context(), memberOf("hot", i), Change{Unban: true, Revoke: chat.VIP}); err != nil {
			t.Fatal(err)
		}
	}
	if n := e.records.memberCount.Load(); n != 1 {
		t.Errorf("%d members are kept that are zero again", n-1)
	}
}

func TestFullStoreRefusesNewRecords(t *testing.T) {
	e := openBounded(t, bounds{rooms: 1, members: 1, membersOfRoom: 10, accounts: 1})
	yes := true
	for i, name := range []string{"a", "b"} {
		for _, c := range []struct {
			k Key
			c Change
		}{
			{Key{Kind: KindRoom, Room: name}, Change{Created: &yes}},
			{Key{KindMember, name, name}, Change{Grant: chat.VIP}},
			{Key{Kind: KindAccount, Login: name}, Change{Banned: &yes}},
		} {
			if err := e.Change(t.Context(), c.k, c.c); errors.Is(err, ErrFull) != (i == 1) || i == 0 && err != nil {
				t.Errorf("%s: %v", c.k, err)
			}
		}
	}
}

func TestAccountThatOnlyChoseAColorMakesPlaceForABan(t *testing.T) {
	const most = 1000
	e := openBounded(t, bounds{accounts: most})
	red, yes := "#FF0000", true
	for i := range 2 * most { // colors make place for colors
		if err := e.Change(t.Context(), Key{Kind: KindAccount, Login: fmt.Sprint("c", i)}, Change{Color: &red}); err != nil {
			t.Fatal(err)
		}
	}
	for i := range most / 10 {
		k := Key{Kind: KindAccount, Login: fmt.Sprint("b", i)}
		if err := e.Change(t.Context(), k, Change{Banned: &yes}); err != nil {
			t.Fatal(err)
		}
	}
	for i := range most / 10 {
		if !e.records.account(fmt.Sprint("b", i)).Banned {
			t.Fatal("a ban made place for another")
		}
	}
	if n := e.records.accountCount.Load(); n != most {
		t.Errorf("%d accounts, want %d", n, most)
	}
}

func TestFirstLinesBeyondTheBoundForgetOthers(t *testing.T) {
	const most = 500
	e := openBounded(t, bounds{members: 10, membersOfRoom: 10, spoken: most})
	for i := range 4 * most {
		e.Fetch(t.Context(), &Batch{Spoken: []Spoken{{Room: "r", Login: fmt.Sprint("m", i), Mark: true}}})
		if n := e.records.spokenCount.Load(); n > most {
			t.Fatalf("%d have spoken, the bound is %d", n, most)
		}
	}
	if n := e.records.spokenCount.Load(); n != most {
		t.Errorf("%d are known to have spoken, want %d", n, most)
	}
	if err := e.Change(t.Context(), memberOf("r", 0), Change{Ban: &Ban{}}); err != nil {
		t.Errorf("those who only spoke keep out a ban: %v", err)
	}
}

func TestFirstLineOfNoNameIsNotKept(t *testing.T) {
	e := openBounded(t, defaultBounds())
	e.Fetch(t.Context(), &Batch{Spoken: []Spoken{{Mark: true}, {Room: "r", Login: "a\x00b", Mark: true}}})
	if n := e.records.spokenCount.Load(); n != 0 {
		t.Errorf("%d records", n)
	}
}

func TestSlowWatcherIsToldThatAllIsStale(t *testing.T) {
	var w watchers
	began, release := make(chan struct{}, 1), make(chan struct{})
	var told []Key
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan struct{})
	heard := make(chan Key, 10*watchQueueMax) // never full
	go func() {
		defer close(done)
		w.watch(ctx, func(k Key) {
			heard <- k
			select {
			case began <- struct{}{}:
			default:
			}
			<-release
		})
	}()
	<-began // the zero Key of the start; the watcher is stuck in it
	<-heard
	for i := range 3 * watchQueueMax {
		w.tell(memberOf("r", i))
	}
	close(release)
	for stale := false; !stale; {
		var k Key
		select {
		case k = <-heard:
		case <-time.After(10 * time.Second):
			t.Fatal("a watcher missed changes and hears of nothing")
		}
		told = append(told, k)
		stale = k == Key{}
		if len(told) > watchQueueMax {
			t.Fatal("a watcher missed changes and was not told the zero Key")
		}
	}
	cancel()
	<-done
}
