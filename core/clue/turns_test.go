package clue

import (
	"errors"
	"fmt"
	"testing"
	"testing/synctest"
	"time"
)

// At a slow store a room that gives far more commands than can be carried out holds up
// its own alone.
func TestRoomFullOfCommandsHoldsUpNoOther(t *testing.T) {
	atCounter(t, nil, func(n *counter) {
		n.store.set(faults{late: 40 * time.Millisecond})
		busy := 3 * deskLanes
		for i := range 20 {
			for room := range busy {
				name := fmt.Sprint("busy", room)
				if err := n.c.Submit(Submission{Room: name, User: user(name), Text: "/announce " + fmt.Sprint(i)}); err != nil {
					t.Fatal(err)
				}
			}
		}
		time.Sleep(500 * time.Millisecond)
		synctest.Wait()
		// Whatever is left of those is past its time, and costs no round trip.
		if len(n.out.answers()) != 20*busy {
			t.Fatalf("%d answers to %d commands", len(n.out.answers()), 20*busy)
		}
		for i := range 100 {
			if err := n.c.Submit(Submission{Room: "busy", User: user("busy"), Text: "/announce " + fmt.Sprint(i)}); err != nil {
				t.Fatal(err)
			}
		}
		n.wantTold(n.sayAmid("room", "room", "/mod mod2"), "mod_success")
	})
}

// sayAmid is say among answers to others.
func (n *counter) sayAmid(room, login, text string) Decision {
	n.t.Helper()
	began := time.Now()
	if err := n.c.Submit(Submission{Room: room, User: user(login), Text: text}); err != nil {
		n.t.Fatal(err)
	}
	time.Sleep(n.c.deadline)
	synctest.Wait()
	for _, d := range n.out.answers() {
		if d.Room == room && d.User.Login == login {
			return d
		}
	}
	n.t.Fatalf("no answer to %q in %v", text, time.Since(began))
	return Decision{}
}

func TestRoomsTakeTurns(t *testing.T) {
	turns := newTurns(100)
	put := func(room, text string) {
		if err := turns.put(&Submission{turn: room, Text: text}); err != nil {
			t.Fatal(err)
		}
	}
	for i := range 3 {
		put("a", fmt.Sprint("a", i))
	}
	put("b", "b0")
	wantNext := func(want string) *Submission {
		t.Helper()
		sub := turns.take()
		if sub.Text != want {
			t.Fatalf("took %s, want %s", sub.Text, want)
		}
		return sub
	}
	a := wantNext("a0")
	wantNext("b0") // and not a1: a has its turn already
	put("c", "c0")
	turns.done(a.turn)
	wantNext("c0")
	wantNext("a1")
	turns.close()
	if sub := turns.take(); sub != nil {
		t.Fatalf("took %s from a room that has its turn", sub.Text)
	}
	turns.done("a")
	wantNext("a2")
	for _, room := range []string{"a", "b", "c"} {
		turns.done(room)
	}
	if len(turns.mu.rooms) != 0 || turns.len() != 0 {
		t.Fatalf("%d rooms, %d commands are left", len(turns.mu.rooms), turns.len())
	}
	if err := turns.put(&Submission{turn: "a"}); !errors.Is(err, ErrStopped) {
		t.Fatalf("after the end: %v", err)
	}
}

func TestRoomHasAShareOfTheTurns(t *testing.T) {
	turns := newTurns(10)
	hot := 0
	for turns.put(&Submission{turn: "hot"}) == nil {
		hot++
	}
	if hot != 5 {
		t.Fatalf("one room took %d of 10", hot)
	}
	if err := turns.put(&Submission{turn: "hot"}); !errors.Is(err, errRoomShare) {
		t.Fatalf("got %v", err)
	}
	for i := range 5 {
		if err := turns.put(&Submission{turn: fmt.Sprint("room", i)}); err != nil {
			t.Fatalf("room %d: %v", i, err)
		}
	}
	if err := turns.put(&Submission{turn: "late"}); !errors.Is(err, ErrBusy) {
		t.Fatalf("got %v", err)
	}
}

// tmi.js sends all of its users' /color and /w to one room.
func TestPersonalCommandsInOneRoomWaitForNoneOfTheOthers(t *testing.T) {
	atCounter(t, nil, func(n *counter) {
		n.store.set(faults{late: 40 * time.Millisecond})
		for i := range deskLanes {
			if err := n.c.Submit(Submission{Room: "tmijs", User: user(fmt.Sprint("user", i)), Text: "/color red"}); err != nil {
				t.Fatal(err)
			}
		}
		time.Sleep(n.c.deadline)
		synctest.Wait()
		ds := n.out.answers()
		if len(ds) != deskLanes {
			t.Fatalf("%d answers", len(ds))
		}
		for _, d := range ds {
			n.wantTold(d, "color_changed")
		}
	})
}
