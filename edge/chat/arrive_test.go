package chat

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"uproar/core/chat"
	"uproar/edge/engine"
)

// verbs are the commands and targets of what was read, but for 353 and 366.
func verbs(read string) string {
	var all []string
	for line := range strings.SplitSeq(strings.TrimSuffix(read, "\r\n"), "\r\n") {
		f := strings.Fields(line)
		if len(f) > 0 && strings.HasPrefix(f[0], "@") {
			f = f[1:]
		}
		if len(f) > 2 && f[1] != "353" && f[1] != "366" {
			all = append(all, f[1]+f[2])
		}
	}
	return strings.Join(all, " ")
}

func TestFirstMemberSitsDownWhenTheRoomIsReady(t *testing.T) {
	h, e := newWideHall(t, engine.Config{})
	first := h.guest(WireTCP, "NICK justinfan1\r\n")
	second := h.guest(WireTCP, "NICK justinfan2\r\n")
	first.read()
	second.read()
	if got := first.do("JOIN #room\r\n") + second.do("JOIN #room\r\n"); got != "" || !e.isJoined("room") || e.mu.joins != 1 {
		t.Fatalf("answered before the room was ready: %q; joined %d times", got, e.mu.joins)
	}
	e.ready("room")
	h.until("both sit", func() bool { return len(first.seats)+len(second.seats) == 2 })
	if got := verbs(string(first.read())) + verbs(string(second.read())); got != "JOIN#roomJOIN#room" {
		t.Fatalf("read %q", got)
	}
	third := h.guest(WireTCP, "NICK justinfan3\r\n")
	third.read()
	if got := verbs(third.do("JOIN #room\r\n")); got != "JOIN#room" {
		t.Fatalf("a third read %q", got)
	}
	first.do("PART #room\r\n")
	if !e.isJoined("room") {
		t.Fatal("left with members in it")
	}
	for c := range h.loop.Conns {
		h.loop.Turn(func() { c.Abort(engine.ReasonQuit) })
	}
	if e.isJoined("room") || len(h.hub.index.stripe("room").mu.rooms) != 0 {
		t.Fatal("joined without members")
	}
}

func TestRoomThatIsReadyAtOnceMakesNobodyWait(t *testing.T) {
	h, e := newWideHall(t, engine.Config{})
	h.hub.cfg.Interest = atOnce{e}
	h.hub.index.interest = atOnce{e}
	g := h.guest(WireTCP, "NICK justinfan1\r\n")
	g.read()
	if got := verbs(g.do("JOIN #a,#b\r\n")); got != "JOIN#a JOIN#b" {
		t.Fatalf("read %q", got)
	}
}

type atOnce struct{ *elsewhere }

func (a atOnce) Join(room string, ready func()) {
	a.elsewhere.Join(room, ready)
	ready()
}

func TestJoinsAreAnsweredInTheOrderAskedAndAPartMeanwhileCounts(t *testing.T) {
	h, e := newWideHall(t, engine.Config{})
	known := h.guest(WireTCP, "NICK justinfan1\r\nJOIN #known\r\n")
	e.ready("known")
	h.until("a seat", func() bool { return len(known.seats) == 1 })
	g := h.guest(WireTCP, "PASS oauth:x\r\nNICK bob\r\n")
	g.read()
	g.do("JOIN #a,#known,#b\r\nPART #b\r\nJOIN #c\r\n")
	if g.arriving() != 4 {
		t.Fatalf("%d on their way", g.arriving())
	}
	for _, room := range []string{"c", "b"} {
		e.ready(room)
		h.until(room+" is ready", func() bool { return h.knowsReady(room) })
	}
	h.loop.Turn(func() {})
	if got := string(g.read()); got != "" {
		t.Fatalf("overtaken: %q", got)
	}
	e.ready("a")
	h.until("all sit", func() bool { return g.arriving() == 0 })
	if got := verbs(string(g.read())); got != "JOIN#a JOIN#known JOIN#b PART#b JOIN#c" {
		t.Fatalf("read %q", got)
	}
	if e.isJoined("b") || g.leaving != nil || g.arrivals != nil {
		t.Fatalf("joined b: %v, leaving %v", e.isJoined("b"), g.leaving)
	}
	if err := loopOf(h.loop.Loop).check(); err != nil {
		t.Fatal(err)
	}
}

func TestRoomThatIsLateIsTakenAndItsMembersAreToldOfAGap(t *testing.T) {
	h, e := newWideHall(t, engine.Config{})
	g := h.guest(WireTCP, withTags+"NICK justinfan1\r\n")
	g.read()
	g.do("JOIN #room,#other\r\n")
	h.until("seats without a word of the exchange", func() bool { return len(g.seats) == 2 })
	if got := h.hub.meters.seatsEarly.Get(); got != 2 {
		t.Fatalf("%d seats counted", got)
	}
	g.read()
	late := h.guest(WireTCP, withTags+"NICK justinfan2\r\nJOIN #room\r\n")
	if len(late.seats) != 1 {
		t.Fatal("another member waits for a room in which all will be told of a gap")
	}
	late.read()
	e.ready("room")
	const want = "@msg-id=uproar_gap :tmi.twitch.tv NOTICE #room :Some lines of this room may not have reached you; the server cannot tell how many.\r\n"
	if got := g.hears(); got != want {
		t.Fatalf("read %q", got)
	}
	if got := string(late.read()); got != want {
		t.Fatalf("the other read %q", got)
	}
	h.until("a seat", func() bool {
		again := h.guest(WireTCP, withTags+"NICK justinfan3\r\nJOIN #room\r\n")
		return len(again.seats) == 1 && !strings.Contains(string(again.read()), gapMsgID)
	})
}

// TestWhoComesBackIsToldOfTheGapOfARoomThatWasLate: it heard of the line that was said
// here, and neither of those that were said elsewhere nor that they are missing.
func TestWhoComesBackIsToldOfTheGapOfARoomThatWasLate(t *testing.T) {
	for _, followed := range []bool{false, true} {
		h, e := newWideHall(t, engine.Config{})
		g := h.guest(WireTCP, withTags+"NICK justinfan1\r\n")
		g.read()
		g.do("JOIN #room\r\n")
		h.until("a seat", func() bool { return len(g.seats) == 1 })
		h.accept(told("room", 1))
		g.read()
		e.ready("room")
		if got := log(g.hears()); got != "gap?" {
			t.Fatalf("the member read %q", got)
		}
		want := "gap?"
		if followed {
			later := told("room", 6)
			later.Epoch, later.Seq = 9, 6
			h.accept(later)
			want = "gap? 6"
		}
		if _, got := h.comesBack(WireTCP, "room-1"); log(got) != want {
			t.Errorf("read %q, want %q", log(got), want)
		}
		h.check()
	}
}

func TestWhoLeavesWhileARoomIsAwaitedLeavesNothingBehind(t *testing.T) {
	h, e := newWideHall(t, engine.Config{})
	g := h.guest(WireTCP, "PASS oauth:x\r\nNICK bob\r\n")
	g.do("JOIN #room,#other\r\n")
	stale := e.mu.joined["room"]
	h.loop.Turn(func() { g.conn.Abort(engine.ReasonQuit) })
	if e.isJoined("room") || e.isJoined("other") {
		t.Fatal("joined without members")
	}
	again := h.guest(WireTCP, "PASS oauth:x\r\nNICK bob\r\n")
	again.read()
	again.do("JOIN #room\r\n")
	stale() // of the life before: it says nothing of this one
	e.ready("room")
	h.until("a seat", func() bool { return len(again.seats) == 1 })
	if err := loopOf(h.loop.Loop).check(); err != nil {
		t.Fatal(err)
	}
}

// TestRoomsStayJoinedWhileTheyHaveMembers does what clients and the exchange do, at
// random, and checks after each turn.
func TestRoomsStayJoinedWhileTheyHaveMembers(t *testing.T) {
	h, e := newWideHall(t, engine.Config{})
	l := loopOf(h.loop.Loop)
	random := rand.New(rand.NewPCG(5, 6))
	var guests []*guest
	for step := range 3000 {
		room := fmt.Sprint("room", random.IntN(4))
		switch op := random.IntN(9); {
		case len(guests) < 3 || op == 0 && len(guests) < 20:
			guests = append(guests, h.guest(WireTCP, fmt.Sprintf("PASS oauth:x\r\nNICK user%d\r\n", random.IntN(8))))
		case op < 4:
			guests[random.IntN(len(guests))].do("JOIN #" + room + "\r\n")
		case op < 6:
			guests[random.IntN(len(guests))].do("PART #" + room + "\r\n")
		case op == 6 && e.isJoined(room):
			e.ready(room)
		case op == 7:
			i := random.IntN(len(guests))
			h.loop.Turn(func() { guests[i].conn.Abort(engine.ReasonQuit) })
			guests = append(guests[:i], guests[i+1:]...)
		default:
			h.hub.Deliver(room, []chat.Event{told(room, step+1)})
			h.loop.Turn(func() {})
		}
		for _, g := range guests {
			g.read()
		}
		lockAll(h, true)
		err := l.check()
		rooms := 0
		for i := range h.hub.index.stripes {
			rooms += len(h.hub.index.stripes[i].mu.rooms)
		}
		if joined := len(e.mu.joined); err == nil && joined != rooms {
			err = fmt.Errorf("%d rooms are joined, %d in use", joined, rooms)
		}
		lockAll(h, false)
		if err != nil {
			t.Fatalf("step %d: %v", step, err)
		}
	}
}

func (h *hall) knowsReady(room string) bool {
	st := h.hub.index.stripe(room)
	st.mu.Lock()
	defer st.mu.Unlock()
	return st.mu.rooms[room].ready
}

// lockAll keeps index.readied, which has a goroutine of its own, from changing anything.
func lockAll(h *hall, lock bool) {
	for i := range h.hub.index.stripes {
		if lock {
			h.hub.index.stripes[i].mu.Lock()
		} else {
			h.hub.index.stripes[i].mu.Unlock()
		}
	}
}
