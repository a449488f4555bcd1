package clue

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"uproar/core/chat"
	"uproar/core/store"
)

// atModeration runs do where "mod" and "room" moderate "room", which holds lines with
// "darn".
func atModeration(t *testing.T, do func(n *counter)) {
	atCounter(t, nil, func(n *counter) {
		yes, terms := true, []string{"darn"}
		n.store.change(t, roomKey("room"), store.Change{HoldTerms: &yes, Terms: &terms})
		synctest.Wait()
		do(n)
	})
}

// hold says a line that is held, and returns its id as the moderators were told it.
func (n *counter) hold(login, text string) string {
	n.t.Helper()
	wantID(n.t, n.say("room", login, text), "msg_rejected")
	n.heard.Lock()
	defer n.heard.Unlock()
	if len(n.heard.notices) == 0 {
		n.t.Fatal("nobody was told of the held line")
	}
	told := n.heard.notices[len(n.heard.notices)-1]
	if !strings.HasSuffix(told.Text, "It reads: "+text) || !strings.Contains(told.Text, " "+login+" ") {
		n.t.Fatalf("told %q", told.Text)
	}
	_, rest, _ := strings.Cut(told.Text, "/approve ")
	id, _, _ := strings.Cut(rest, " ")
	return id
}

func TestHeldLineIsShownToModeratorsAndPublished(t *testing.T) {
	atModeration(t, func(n *counter) {
		before := wantAccepted(n.t, n.say("room", "ann", "fine"), "fine")
		id := n.hold("ann", "darn it")
		if !slices.Equal(n.heard.told, []string{"room", "mod"}) {
			t.Fatalf("told %v", n.heard.told)
		}
		if len(n.out.published("room")) != 1 {
			t.Fatal("a held line is published")
		}
		n.wantTold(n.say("room", "mod", "/approve "+strings.ToUpper(id)), "approve_success")
		lines := n.out.published("room")
		m := lines[len(lines)-1]
		if m.Text != "darn it" || m.User.Login != "ann" || m.Origin != (chat.Origin{}) || m.Seq != before.Seq+1 || m.Room != "room" || m.RoomID != before.RoomID {
			t.Fatalf("published %+v", m)
		}
		wantID(n.t, n.say("room", "mod", "/approve "+id), "bad_held_unknown")
		n.wantTold(n.say("room", "mod", "/delete "+m.ID), "delete_message_success")
	})
}

func TestDeniedLineIsRefusedToItsSender(t *testing.T) {
	atModeration(t, func(n *counter) {
		id := n.hold("ann", "darn it")
		wantID(n.t, n.say("room", "bob", "/deny "+id), "no_permission")
		wantID(n.t, n.say("bob", "bob", "/deny "+id), "bad_held_unknown") // of another room
		n.wantTold(n.say("room", "room", "/deny "+id), "deny_success")
		last := len(n.heard.notices) - 1
		if !slices.Equal(n.heard.told, []string{"ann"}) || n.heard.notices[last].MsgID != "held_denied" {
			t.Fatalf("told %v: %+v", n.heard.told, n.heard.notices[last])
		}
		wantID(n.t, n.say("room", "mod", "/approve "+id), "bad_held_unknown")
		if len(n.out.allOf("room")) != 0 {
			t.Fatal("a denied line is published")
		}
	})
}

func TestHeldLineOfWhoIsBannedByNowIsNotPublished(t *testing.T) {
	atModeration(t, func(n *counter) {
		id := n.hold("ann", "darn it")
		n.wantTold(n.say("room", "mod", "/timeout ann 60"), "timeout_success")
		wantID(n.t, n.say("room", "mod", "/approve "+id), "bad_approve_banned")
		time.Sleep(time.Minute)
		n.wantTold(n.say("room", "mod", "/approve "+id), "approve_success")
	})
}

func TestHeldLineExpires(t *testing.T) {
	atModeration(t, func(n *counter) {
		id := n.hold("ann", "darn it")
		time.Sleep(heldFor)
		wantID(n.t, n.say("room", "mod", "/approve "+id), "bad_held_unknown")
		if n.c.meters.heldExpired.Get() != 1 {
			t.Fatal("not counted")
		}
	})
}

func TestHeldLineThatNobodyCouldPublishIsStillHeld(t *testing.T) {
	atModeration(t, func(n *counter) {
		id := n.hold("ann", "darn it")
		n.out.refuse(true)
		wantRejection(n.t, n.say("room", "mod", "/approve "+id), chat.RejectUndone)
		n.out.refuse(false)
		n.wantTold(n.say("room", "mod", "/approve "+id), "approve_success")
	})
}

// Both have found the line when the first decides.
func TestHeldLineIsDecidedOnce(t *testing.T) {
	atModeration(t, func(n *counter) {
		id := n.hold("ann", "darn it")
		n.store.set(faults{late: 20 * time.Millisecond})
		for _, text := range []string{"/approve ", "/deny "} {
			if err := n.c.Submit(Submission{Room: "room", User: user("mod"), Text: text + id}); err != nil {
				t.Fatal(err)
			}
		}
		time.Sleep(time.Second)
		synctest.Wait()
		ds := n.out.answers()
		n.wantTold(ds[len(ds)-2], "approve_success")
		wantID(n.t, ds[len(ds)-1], "bad_held_unknown")
	})
}

func TestModeratorsAreUnknownAndTheBroadcasterIsTold(t *testing.T) {
	atModeration(t, func(n *counter) {
		n.hold("ann", "darn it")
		time.Sleep(rosterFor)
		n.store.set(faults{down: true})
		n.hold("ann", "darn that")
		if !slices.Equal(n.heard.told, []string{"room"}) || n.c.meters.heldUntold.Get() != 1 {
			t.Fatalf("told %v, counted %d", n.heard.told, n.c.meters.heldUntold.Get())
		}
	})
}

func TestHeldLinesAreBounded(t *testing.T) {
	cfg := classic().filled()
	cfg.Shards = heldMax / 200
	m := newMeters(cfg.Metrics)
	h := newHeld(&cfg, m)
	hold := func(room string, i int) {
		h.add(&heldLine{line: &chat.Message{ID: fmt.Sprintf("%08d", i), User: user(fmt.Sprint("u", i)), Place: chat.Place{Room: room}}, at: int64(i)})
	}
	for i := range 60 {
		hold("hot", i)
	}
	if h.find("hot", "00000009") != nil || h.find("hot", "00000010") == nil || h.all.Len() != heldPerRoomMax {
		t.Fatalf("%d of a room are held: want the youngest %d", h.all.Len(), heldPerRoomMax)
	}
	for i := range 180 {
		hold(fmt.Sprint("room", i), 100+i)
	}
	if h.find("hot", "00000039") != nil || h.find("hot", "00000040") == nil || h.all.Len() != 200 {
		t.Fatalf("%d of all are held: want the youngest 200", h.all.Len())
	}
	if n := m.forgotHeld.Get(); n != 40 {
		t.Fatalf("counted %d, want 40", n)
	}
	h.sweep(int64(heldFor) + 1000)
	if h.all.Len() != 0 || len(h.byRoom) != 0 {
		t.Fatalf("%d lines, %d rooms are left", h.all.Len(), len(h.byRoom))
	}
}

func TestOneSenderCannotPushOutTheHeldLinesOfOthers(t *testing.T) {
	atModeration(t, func(n *counter) {
		quiet := n.hold("ann", "darn it")
		var loud []string
		for i := range heldPerRoomMax {
			loud = append(loud, n.hold("bob", fmt.Sprint("darn ", i)))
			time.Sleep(2 * time.Second)
		}
		mine := len(loud) - heldPerSenderMax
		wantID(n.t, n.say("room", "mod", "/approve "+loud[mine-1]), "bad_held_unknown")
		n.wantTold(n.say("room", "mod", "/approve "+loud[mine]), "approve_success")
		n.wantTold(n.say("room", "mod", "/approve "+quiet), "approve_success")
	})
}

func TestTooManyHeldLinesToTellAreCounted(t *testing.T) {
	s, _ := storedScript(t, nil)
	teller := s.c.desk.teller // which nobody runs
	for i := range 2 * tellMax {
		teller.put(&chat.Message{Place: chat.Place{Room: fmt.Sprint("room", i%50)}})
	}
	if n := teller.queue.len() + int(s.c.meters.heldUntold.Get()); n != 2*tellMax || teller.queue.len() > tellMax {
		t.Fatalf("%d wait, %d are counted", teller.queue.len(), s.c.meters.heldUntold.Get())
	}
}
