package chat

import (
	"fmt"
	"math/rand/v2"
	"strconv"
	"strings"
	"testing"
	"time"

	"uproar/core/chat"
	"uproar/core/exchange"
	"uproar/edge/engine"
)

// stretchOf are the lines from to to of #room.
func stretchOf(from, to int) (events []chat.Event) {
	for n := from; n <= to; n++ {
		events = append(events, told("room", n))
	}
	return events
}

func TestBacklogIsWhatFollowsALine(t *testing.T) {
	other := told("room", 9)
	other.Epoch = 2
	for _, c := range []struct {
		name  string
		id    string
		at    exchange.Position
		parts [][]chat.Event
		found bool
		want  string
	}{
		{"the line is kept", "room-3", exchange.Position{}, [][]chat.Event{stretchOf(1, 4), stretchOf(5, 6)}, true, "room-4 room-5 room-6"},
		{"it is the last", "room-6", exchange.Position{}, [][]chat.Event{stretchOf(1, 6)}, true, ""},
		{"parts overlap", "room-2", exchange.Position{}, [][]chat.Event{stretchOf(1, 4), stretchOf(3, 6)}, true, "room-3 room-4 room-5 room-6"},
		{"one is missing", "room-2", exchange.Position{}, [][]chat.Event{stretchOf(1, 3), stretchOf(6, 6)}, true, "room-3 gap2 room-6"},
		{"nobody knows the line", "room-0", exchange.Position{}, [][]chat.Event{stretchOf(1, 6)}, false, ""},
		{"only its position is known", "room-3", exchange.Position{Epoch: 1, Seq: 3}, [][]chat.Event{stretchOf(4, 6)}, true, "room-4 room-5 room-6"},
		{"and what follows is not kept", "room-1", exchange.Position{Epoch: 1, Seq: 1}, [][]chat.Event{stretchOf(4, 6)}, true, "gap2 room-4 room-5 room-6"},
		{"it is of another life", "room-9", exchange.Position{Epoch: 2, Seq: 9}, [][]chat.Event{{other}, stretchOf(1, 6)}, false, ""},
	} {
		_, e := newWideHall(t, engine.Config{})
		for _, part := range c.parts {
			e.publish(t, part...)
		}
		b := newHistorian(e).read(t.Context(), "room", c.id, c.at)
		if b.found != c.found || ids(b.events) != c.want && c.found {
			t.Errorf("%s: found %v, %s", c.name, b.found, ids(b.events))
		}
	}
}

func TestHeadBeyondWhatIsKeptIsAGap(t *testing.T) {
	_, e := newWideHall(t, engine.Config{})
	e.publish(t, stretchOf(1, 4)...)
	e.mu.head["room"] = exchange.Position{Epoch: 1, Seq: 9}
	if b := newHistorian(e).read(t.Context(), "room", "room-3", exchange.Position{}); ids(b.events) != "room-4 gap5" {
		t.Fatalf("%s", ids(b.events))
	}
	e.mu.head["room"] = exchange.Position{Epoch: 1, Seq: lookMax + 7}
	e.mu.after = nil
	newHistorian(e).read(t.Context(), "room", "room-3", exchange.Position{})
	if got := e.mu.after[1]; got != (exchange.Position{Epoch: 1, Seq: 7}) {
		t.Fatalf("asked for all after %v", got)
	}
}

// comesAnew is comesBack on a process that has no members in the room yet.
func (h *hall) comesAnew(e *elsewhere, id string) (*guest, string) {
	h.t.Helper()
	g, got := h.comesBack(WireTCP, id)
	if !e.isJoined("room") {
		h.t.Fatal("the room is not joined")
	}
	e.ready("room")
	h.until("a seat", func() bool { return len(g.seats) == 1 })
	return g, got + string(g.read())
}

func TestWhoComesToAnotherProcessIsSentWhatItMissed(t *testing.T) {
	h, e := newWideHall(t, engine.Config{})
	e.publish(t, stretchOf(1, 7)...)
	g, got := h.comesAnew(e, "room-4")
	if log(got) != "5 6 7" {
		t.Fatalf("read %q", got)
	}
	h.say(6, 8) // what the inbox delivers may begin before the stream's head
	h.say(9, 9)
	if got := log(string(g.read())); got != "8 9" {
		t.Fatalf("then read %q", got)
	}
	h.check()
}

// TestWhatIsSaidWhileHistoryIsAskedIsSentOnce: the ring and the stream overlap.
func TestWhatIsSaidWhileHistoryIsAskedIsSentOnce(t *testing.T) {
	h, e := newWideHall(t, engine.Config{})
	e.publish(t, stretchOf(1, 7)...)
	e.mu.hold = make(chan struct{})
	g, _ := h.comesBack(WireTCP, "room-4")
	e.ready("room")
	h.until("history is asked", func() bool { return h.hub.historian.asked.Load() == 1 })
	h.say(7, 9)
	home := told("room", 0)
	home.Epoch, home.Text, home.ID = 0, "home", "home" // said here while the exchange is away
	h.accept(home)
	close(e.mu.hold)
	h.until("a seat", func() bool { return len(g.seats) == 1 })
	if got := log(string(g.read())); got != "5 6 7 8 9 home" {
		t.Fatalf("read %q", got)
	}
	h.say(10, 10)
	if got := log(string(g.read())); got != "10" {
		t.Fatalf("then read %q", got)
	}
}

// TestLineThatThisProcessHasYetToHearIsNotSentTwice: the client saw it elsewhere.
func TestLineThatThisProcessHasYetToHearIsNotSentTwice(t *testing.T) {
	h, e := newWideHall(t, engine.Config{})
	first := h.guest(WireTCP, "PASS oauth:x\r\nNICK ann\r\nJOIN #room\r\n")
	e.ready("room")
	h.until("a seat", func() bool { return len(first.seats) == 1 })
	h.say(1, 3)
	e.publish(t, stretchOf(1, 8)...)
	g, _ := h.comesBack(WireTCP, "room-6")
	h.until("a seat", func() bool { return len(g.seats) == 1 })
	if got := log(string(g.read())); got != "7 8" {
		t.Fatalf("read %q", got)
	}
	h.say(4, 9)
	if got := log(string(g.read())); got != "9" {
		t.Fatalf("then read %q", got)
	}
}

func TestRoomThatWasLeftMeanwhileIsAskedFor(t *testing.T) {
	h, e := newWideHall(t, engine.Config{})
	g, _ := h.comesBack(WireTCP, "")
	e.ready("room")
	h.until("a seat", func() bool { return len(g.seats) == 1 })
	h.say(1, 3)
	g.do("PART #room\r\n")
	h.hub.Deliver("room", []chat.Event{told("room", 4)}) // late: nobody is in it
	e.publish(t, stretchOf(5, 8)...)
	if _, got := h.comesAnew(e, "room-2"); log(got) != "gap2 5 6 7 8" {
		t.Fatalf("read %q", got)
	}
}

func TestRaidFromTheStreamIsCountedHere(t *testing.T) {
	h, e := newWideHall(t, engine.Config{})
	raider := h.guest(WireTCP, "NICK justinfan1\r\nJOIN #bob\r\n")
	e.ready("bob")
	h.until("a seat", func() bool { return len(raider.seats) == 1 })
	place := told("room", 2).Place
	e.publish(t, told("room", 1), &chat.Raid{Place: place, User: &chat.User{ID: "8", Login: "bob", Display: "Bob"}, Target: "room"})
	if _, got := h.comesAnew(e, "room-1"); !strings.Contains(got, "msg-param-viewerCount=1;") {
		t.Fatalf("read %q", got)
	}
}

func TestHistoryThatDoesNotAnswerIsAGap(t *testing.T) {
	for _, c := range []struct {
		name string
		set  func(*hall, *elsewhere)
	}{
		{"it fails", func(_ *hall, e *elsewhere) { e.mu.err = errAway }},
		{"it hangs", func(_ *hall, e *elsewhere) { e.mu.hold = make(chan struct{}) }},
		{"too much is asked", func(h *hall, _ *elsewhere) { h.hub.historian.asked.Add(historyAskedMax) }},
		{"all turns are taken", func(h *hall, _ *elsewhere) {
			for range historyAskedAtOne {
				h.hub.historian.turns <- struct{}{}
			}
		}},
		{"there is none", func(h *hall, _ *elsewhere) { h.hub.cfg.History = nil }},
	} {
		h, e := newWideHall(t, engine.Config{})
		e.publish(t, stretchOf(1, 3)...)
		c.set(h, e)
		g, got := h.comesAnew(e, "room-1")
		if log(got) != "gap?" {
			t.Errorf("%s: read %q", c.name, got)
		}
		h.say(4, 4)
		if got := log(string(g.read())); got != "4" {
			t.Errorf("%s: then read %q", c.name, got)
		}
		h.check()
	}
}

func TestWhoLeavesWhileHistoryIsAskedIsForgotten(t *testing.T) {
	h, e := newWideHall(t, engine.Config{})
	e.mu.hold = make(chan struct{})
	g, _ := h.comesBack(WireTCP, "room-1")
	e.ready("room")
	h.until("history is asked", func() bool { return h.hub.historian.asked.Load() == 1 })
	h.loop.Turn(func() { g.conn.Abort(engine.ReasonError) })
	if e.isJoined("room") {
		t.Fatal("joined without members")
	}
	close(e.mu.hold)
	h.until("nothing is asked", func() bool { return h.hub.historian.asked.Load() == 0 })
	h.check()
}

// roamer is a client that follows #room through processes: wherever it is, it may be cut
// off, and goes on in the hall's behind what it saw last.
type roamer struct {
	*guest
	last int // the last line it saw
	told bool
	read strings.Builder
}

// follow checks what the roamer reads: each line behind the last, none missing unless it
// was told.
func (r *roamer) follow(t *testing.T) {
	t.Helper()
	for r.guest != nil {
		some := string(r.guest.read())
		if some == "" {
			return
		}
		r.read.WriteString(some)
		for _, word := range strings.Fields(log(some)) {
			n, err := strconv.Atoi(word)
			if err != nil {
				r.told = true
				continue
			}
			if n <= r.last || n != r.last+1 && !r.told {
				t.Fatalf("line %d behind %d; read %s", n, r.last, log(r.read.String()))
			}
			r.last, r.told = n, false
		}
	}
}

// TestNobodyMissesOrReadsALineTwiceInSilence lets clients come, go elsewhere and come
// back, at random, while lines are said, flushed late, heard late and lost.
func TestNobodyMissesOrReadsALineTwiceInSilence(t *testing.T) {
	for seed := range uint64(20) {
		t.Run(fmt.Sprint("seed ", seed), func(t *testing.T) { roam(t, rand.New(rand.NewPCG(seed, 1))) })
	}
}

func roam(t *testing.T, random *rand.Rand) {
	h, e := newWideHall(t, engine.Config{MailboxMax: 12})
	said, heard, joined := 0, 0, false // joined: and ready, so that the inbox follows from heard
	say := func() {
		n := 1 + random.IntN(4)
		e.publish(t, stretchOf(said+1, said+n)...)
		said += n
	}
	hear := func(upTo int) {
		if joined && upTo > heard {
			h.hub.Deliver("room", stretchOf(heard+1, upTo))
			heard = upTo
		}
	}
	say()
	roamers := make([]roamer, 5)
	for range 1500 {
		r := &roamers[random.IntN(len(roamers))]
		switch op := random.IntN(12); {
		case op < 3:
			say()
		case op < 6:
			hear(min(said, heard+1+random.IntN(3)))
		case op == 6 && r.guest != nil: // cut off, and for a while elsewhere
			r.follow(t)
			h.loop.Turn(func() { r.conn.Abort(engine.ReasonError) })
			r.guest = nil
			if random.IntN(2) == 0 {
				r.last, r.told = max(r.last, said-random.IntN(3)), false
			}
		case op < 9 && r.guest == nil:
			r.read.Reset()
			r.guest = h.guest(Wire(random.IntN(2)), withResume+fmt.Sprintf("PASS oauth:x\r\nNICK user%d\r\n", random.IntN(9)))
			id := fmt.Sprint("room-", r.last)
			h.loop.Turn(func() { r.Data(r.conn, []byte("@uproar/resume="+id+" JOIN #room\r\n")) })
		case op == 9:
			if room := loopOf(h.loop.Loop).rooms["room"]; room != nil {
				room.notBefore = time.Now().Add(time.Duration(random.IntN(20)) * time.Millisecond)
			}
		case op == 10:
			h.loop.Turn(func() {})
		}
		switch {
		case !e.isJoined("room"):
			joined = false
		case !joined:
			joined, heard = true, said
			e.ready("room")
		}
		for i := range roamers {
			roamers[i].follow(t)
		}
	}
	h.until("all have read the last line", func() bool {
		say() // whoever has missed the last ones is told with the next
		hear(said)
		h.loop.Turn(func() {})
		for i := range roamers {
			if roamers[i].follow(t); roamers[i].guest != nil && roamers[i].last != said {
				return false
			}
		}
		return true
	})
	h.check()
}

func TestWithoutHistoryWhatSurelyFollowsIsSent(t *testing.T) {
	h, e := newWideHall(t, engine.Config{})
	g, _ := h.comesBack(WireTCP, "")
	e.ready("room")
	h.until("a seat", func() bool { return len(g.seats) == 1 })
	h.say(1, 3)
	g.do("PART #room\r\n")
	e.mu.err = errAway
	again, _ := h.comesBack(WireTCP, "room-2")
	h.say(7, 8) // the room is awaited
	e.ready("room")
	h.until("a seat", func() bool { return len(again.seats) == 1 })
	if got := log(string(again.read())); got != "gap? 7 8" {
		t.Fatalf("read %q", got)
	}
}

func TestBacklogIsJoinedWithWhatWasHeardHere(t *testing.T) {
	later, home := told("room", 1), told("room", 0)
	later.Epoch, later.ID = 2, "later"
	home.Epoch, home.ID = 0, "home"
	b := backlog{found: true, events: stretchOf(4, 6), head: exchange.Position{Epoch: 1, Seq: 6}}
	for _, c := range []struct {
		name string
		here []chat.Event
		want string
	}{
		{"nothing", nil, "room-4 room-5 room-6"},
		{"it overlaps", stretchOf(5, 8), "room-4 room-5 room-6 room-7 room-8"},
		{"it lags", stretchOf(1, 3), "room-4 room-5 room-6"},
		{"it is all newer", stretchOf(7, 8), "room-4 room-5 room-6 room-7 room-8"},
		{"a line was said here alone", append(stretchOf(5, 7), home), "room-4 room-5 room-6 room-7 home"},
		{"a gap was told", append(stretchOf(5, 6), gapIn("room", 3), told("room", 10)), "room-4 room-5 room-6 gap3 room-10"},
		{"the counter was lost", append(stretchOf(6, 7), later), "room-4 room-5 room-6 room-7 gap0"},
	} {
		if got := ids(b.with("room", c.here)); got != c.want {
			t.Errorf("%s: %s, want %s", c.name, got, c.want)
		}
	}
}

// lateStream has line 2 published twice, the second time as late, behind what was said
// meanwhile.
func lateStream(t *testing.T, e *elsewhere) {
	again := *told("room", 2)
	again.Seq, again.Late = 4, true
	e.publish(t, stretchOf(1, 1)...)
	e.publish(t, stretchOf(2, 2)...)
	e.publish(t, stretchOf(3, 3)...)
	e.publishAs(t, 2, &again)
	e.publish(t, stretchOf(5, 5)...)
}

// TestWhoComesToAnotherProcessBehindALateLineIsToldOfAGap: where he was the lines before
// it may not have come.
func TestWhoComesToAnotherProcessBehindALateLineIsToldOfAGap(t *testing.T) {
	for id, want := range map[string]string{"room-1": "2 3 5", "room-2": "gap? 3 5", "room-3": "5"} {
		h, e := newWideHall(t, engine.Config{})
		lateStream(t, e)
		if _, got := h.comesAnew(e, id); log(got) != want {
			t.Errorf("behind %s: read %q, want %q", id, log(got), want)
		}
	}
}

func TestWhoComesBackBehindALateLineThatIsKeptHereIsToldOfAGap(t *testing.T) {
	h, e := newWideHall(t, engine.Config{})
	h.comesAnew(e, "")
	home := told("room", 1)
	home.Epoch, home.Seq = 0, 0
	h.accept(home)
	h.say(2, 3)
	again := *told("room", 2)
	again.Seq, again.Late = 4, true
	if _, got := h.comesBack(WireTCP, "room-1"); log(got) != "2 3" {
		t.Errorf("behind a line at home: read %q", got)
	}
	h.hub.Late("room", []chat.Event{&again})
	if _, got := h.comesBack(WireTCP, "room-2"); log(got) != "gap? 3" {
		t.Errorf("behind a late line: read %q", got)
	}
	h.check()
}
