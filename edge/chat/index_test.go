package chat

import (
	"fmt"
	"strings"
	"testing"

	"uproar/core/chat"
	"uproar/core/clue"
	"uproar/edge/engine"
)

const withMembership = "CAP REQ :twitch.tv/membership\r\n"

// publishNow ends the window of the room's news.
func (h *hall) publishNow() {
	h.hub.index.publish("room")
	h.loop.Turn(func() {})
}

func TestOthersAreToldOncePerWindowWhoCameAndLeft(t *testing.T) {
	h := newHall(t, engine.Config{})
	watcher := h.member(WireTCP, withMembership, "watcher")
	deaf := h.member(WireTCP, "", "deaf")
	ann := h.member(WireTCP, "", "ann")
	h.member(WireTCP, "", "ann") // a second connection of hers is no news
	brief := h.member(WireTCP, "", "brief")
	brief.do("PART #room\r\n") // came and left: no news
	h.guest(WireTCP, "NICK justinfan1\r\nJOIN #room\r\n")
	h.publishNow()
	const want = ":ann!ann@ann.tmi.twitch.tv JOIN #room\r\n:deaf!deaf@deaf.tmi.twitch.tv JOIN #room\r\n"
	if got := string(watcher.read()); got != want {
		t.Fatalf("told %q, want %q", got, want)
	}
	if got := string(deaf.read()); got != "" {
		t.Fatalf("a member without the capability was told %q", got)
	}
	ann.do("PART #room\r\n") // her other connection stays
	deaf.do("PART #room\r\n")
	h.publishNow()
	if got := string(watcher.read()); got != ":deaf!deaf@deaf.tmi.twitch.tv PART #room\r\n" {
		t.Fatalf("told %q", got)
	}
}

func TestNamesAreListedUntilThereAreTooMany(t *testing.T) {
	h := newHall(t, engine.Config{})
	var guests []*guest
	for i := range namesMax {
		guests = append(guests, h.member(WireTCP, "", fmt.Sprintf("user%04d", i)))
	}
	count := func() int {
		w := h.guest(WireTCP, withMembership+"NICK justinfan1\r\nJOIN #room\r\n")
		got := string(w.read())
		for _, line := range strings.Split(got, "\r\n") {
			if len(line) > namesBytesMax {
				t.Fatalf("line of %d bytes: %q", len(line), line)
			}
		}
		if !strings.Contains(got, " :End of /NAMES list") || !strings.Contains(got, "justinfan1\r\n") {
			t.Fatalf("not a list of names: %q", got)
		}
		w.hall.loop.Turn(func() { w.conn.Abort(engine.ReasonQuit) })
		return strings.Count(got, "user")
	}
	if n := count(); n != namesMax {
		t.Fatalf("%d names listed of %d", n, namesMax)
	}
	guests = append(guests, h.member(WireTCP, "", "onemore"))
	if n := count(); n != 0 {
		t.Fatalf("%d names listed of a crowd", n)
	}
	for len(guests) > namesResume-10 {
		g := guests[len(guests)-1]
		guests = guests[:len(guests)-1]
		h.loop.Turn(func() { g.conn.Abort(engine.ReasonQuit) })
	}
	h.loop.Turn(func() {}) // the roll call
	if n := count(); n != len(guests) {
		t.Fatalf("%d names listed of %d that stayed", n, len(guests))
	}
	for _, g := range guests {
		h.loop.Turn(func() { g.conn.Abort(engine.ReasonQuit) })
	}
	if n := len(h.hub.index.stripe("room").mu.rooms); n != 0 {
		t.Fatalf("%d rooms stay in the index", n)
	}
}

func TestCapabilityTakenLateAppliesFromThenOn(t *testing.T) {
	h := newHall(t, engine.Config{})
	g := h.member(WireTCP, "", "bob")
	h.accept(message(nil, "plain"))
	if got := string(g.read()); strings.HasPrefix(got, "@") {
		t.Fatalf("tags without the capability: %q", got)
	}
	g.do("CAP REQ twitch.tv/tags\r\n")
	h.accept(message(nil, "tagged"))
	if got := string(g.read()); !strings.HasPrefix(got, "@badge-info=") {
		t.Fatalf("read %q", got)
	}
	g.do("CAP REQ :-twitch.tv/tags\r\n")
	h.accept(message(nil, "plain again"))
	if got := string(g.read()); strings.HasPrefix(got, "@") {
		t.Fatalf("tags after they were given up: %q", got)
	}
}

func TestAnswersToJoinComeLateInOrderAndAPartMeanwhileCounts(t *testing.T) {
	h := newHall(t, engine.Config{})
	h.ask = true
	g := h.guest(WireTCP, "PASS oauth:x\r\nNICK bob\r\n")
	g.read()
	if got := g.do("JOIN #a,#b\r\nPART #a\r\nJOIN #c\r\n"); got != "" {
		t.Fatalf("answered before clue did: %q", got)
	}
	if len(h.asked) != 3 || h.asked[0].Behind || !h.asked[1].Behind || !h.asked[2].Behind {
		t.Fatalf("asked %+v", h.asked)
	}
	for _, a := range h.asked {
		as := admitAll(a)
		if a.Rooms[0] == "c" {
			as[0].Rejection = &chat.Notice{MsgID: "msg_banned", Text: "You are permanently banned from talking in c."}
		}
		h.hub.Admitted(&a, as)
	}
	h.loop.Turn(func() {})
	var got []string
	for _, line := range strings.Split(string(g.read()), "\r\n") {
		if f := strings.Fields(line); len(f) > 2 && f[1] != "353" && f[1] != "366" {
			got = append(got, f[1]+" "+f[2])
		}
	}
	if fmt.Sprint(got) != "[JOIN #a PART #a JOIN #b NOTICE #c]" {
		t.Fatalf("got %v", got)
	}
	if g.joining != 0 || g.leaving != nil || len(g.seats) != 1 {
		t.Fatalf("%d joining, leaving %v, %d seats", g.joining, g.leaving, len(g.seats))
	}
	if err := loopOf(h.loop.Loop).check(); err != nil {
		t.Fatal(err)
	}
}

func TestAnswerThatWasOvertakenIsAskedForAgain(t *testing.T) {
	banned := &chat.Notice{MsgID: "msg_banned", Text: "You are permanently banned from talking in room."}
	for _, c := range []struct {
		name string
		next []clue.Admitted
		want string // what is read behind the first ROOMSTATE
		sits bool
	}{
		{"nothing has changed", []clue.Admitted{{Room: "room"}, {Room: "room"}}, "", true},
		{"a mode has", []clue.Admitted{{Room: "room"}, {Room: "room", Modes: chat.Modes{EmoteOnly: true}}},
			":tmi.twitch.tv ROOMSTATE #room\r\n", true},
		{"a ban, after a mode", []clue.Admitted{{Room: "room"}, {Room: "room", Modes: chat.Modes{EmoteOnly: true}}, {Room: "room", Rejection: banned}},
			":tmi.twitch.tv ROOMSTATE #room\r\n:bob!bob@bob.tmi.twitch.tv PART #room\r\n:tmi.twitch.tv NOTICE #room :" + banned.Text + "\r\n", false},
	} {
		h := newHall(t, engine.Config{})
		g := h.guest(WireTCP, "CAP REQ twitch.tv/commands\r\nPASS oauth:x\r\nNICK bob\r\n")
		g.read()
		h.next = c.next
		got := g.do("JOIN #room\r\n")
		_, got, entered := strings.Cut(got, "ROOMSTATE #room\r\n")
		if !entered || got != c.want || len(h.next) != 0 {
			t.Errorf("%s: read %q, want %q", c.name, got, c.want)
		}
		if sits := len(g.seats) == 1; sits != c.sits || g.joining != 0 {
			t.Errorf("%s: sits is %v, %d joining", c.name, sits, g.joining)
		}
		if err := loopOf(h.loop.Loop).check(); err != nil {
			t.Errorf("%s: %v", c.name, err)
		}
	}
}

// TestModesThatNobodyKnowsReplaceNone: readers enter while the store is away.
func TestModesThatNobodyKnowsReplaceNone(t *testing.T) {
	h := newHall(t, engine.Config{})
	for _, answer := range []clue.Admitted{{Room: "room", Modes: chat.Modes{EmoteOnly: true}}, {Room: "room", NoModes: true}} {
		h.next = []clue.Admitted{answer}
		g := h.guest(WireTCP, "CAP REQ :twitch.tv/tags twitch.tv/commands\r\nNICK justinfan1\r\n")
		g.read()
		if got := g.do("JOIN #room\r\n"); !strings.Contains(got, "@emote-only=1;") {
			t.Fatalf("read %q", got)
		}
	}
}

func TestWhoLeavesBeforeTheSecondAnswerStaysAway(t *testing.T) {
	h := newHall(t, engine.Config{})
	g := h.guest(WireTCP, "PASS oauth:x\r\nNICK bob\r\n")
	g.read()
	h.ask = true
	h.next = make([]clue.Admitted, 1) // the first answer does not hold
	g.do("JOIN #room\r\n")
	h.hub.Admitted(&h.asked[0], admitAll(h.asked[0]))
	h.loop.Turn(func() {})
	g.read()
	if len(h.asked) != 2 || !h.asked[1].Again || g.again != 1 || g.joining != 0 {
		t.Fatalf("asked %+v", h.asked)
	}
	g.do("PART #room\r\n")
	h.next = nil
	h.hub.Admitted(&h.asked[1], admitAll(h.asked[1]))
	h.loop.Turn(func() {})
	if got := string(g.read()); got != "" || len(g.seats) != 0 || g.again != 0 {
		t.Fatalf("read %q, %d seats, %d asked about again", got, len(g.seats), g.again)
	}
}

// TestSeatThatIsAskedAboutAgainIsOneRoom: of those that a connection may be in.
func TestSeatThatIsAskedAboutAgainIsOneRoom(t *testing.T) {
	h := newHall(t, engine.Config{})
	h.hub.cfg.RoomsMax = 2
	g := h.guest(WireTCP, withTags+"PASS oauth:x\r\nNICK bob\r\n")
	g.read()
	h.ask = true
	h.next = make([]clue.Admitted, 1) // no answer holds
	g.do("JOIN #a\r\n")
	h.hub.Admitted(&h.asked[0], admitAll(h.asked[0]))
	h.loop.Turn(func() {})
	g.read()
	if got := g.do("JOIN #b\r\n"); got != "" || len(h.asked) != 3 || !h.asked[2].Behind {
		t.Fatalf("the second room: read %q, asked %+v", got, h.asked)
	}
	if got := g.do("JOIN #c\r\n"); !strings.Contains(got, rejectRooms.Text) {
		t.Fatalf("the third room: read %q", got)
	}
}
