package chat

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"uproar/core/chat"
	"uproar/core/exchange"
	"uproar/core/trace"
	"uproar/edge/engine"
)

const withResume = "CAP REQ :twitch.tv/tags twitch.tv/commands uproar/resume\r\n"

// comesBack is a guest who joins #room behind a line, and what it read of it.
func (h *hall) comesBack(wire Wire, id string) (*guest, string) {
	g := h.guest(wire, withResume+"PASS oauth:x\r\nNICK bob\r\n")
	g.read()
	return g, g.do("@uproar/resume=" + id + " JOIN #room\r\n")
}

// log is what a member read of a room: the texts of lines, "gap" and a number or "?".
func log(read string) string {
	var all []string
	for line := range strings.SplitSeq(read, "\n") {
		_, text, _ := strings.Cut(strings.TrimSuffix(line, "\r"), " :")
		switch {
		case strings.Contains(line, " PRIVMSG #room :"):
			_, text, _ = strings.Cut(line, " PRIVMSG #room :")
			all = append(all, strings.TrimSuffix(text, "\r"))
		case strings.Contains(line, "msg-id=uproar_gap "):
			_, text, _ = strings.Cut(text, " :")
			missed, _, counted := strings.Cut(text, " lines of this room did")
			if !counted { // "Some lines of"
				missed = "?"
			}
			all = append(all, "gap"+missed)
		}
	}
	return strings.Join(all, " ")
}

// say delivers the lines from to to, one by one.
func (h *hall) say(from, to int) {
	for n := from; n <= to; n++ {
		h.accept(told("room", n))
	}
}

func (h *hall) check() {
	h.t.Helper()
	if err := loopOf(h.loop.Loop).check(); err != nil {
		h.t.Fatal(err)
	}
}

func TestWhoComesBackIsSentWhatItMissedBehindItsJoinThenWhatIsSaid(t *testing.T) {
	h := newHall(t, engine.Config{})
	h.member(WireTCP, "", "ann")
	h.say(1, 9)
	g, got := h.comesBack(WireTCP, "room-6")
	if order := verbs(got); order != "JOIN#room USERSTATE#room ROOMSTATE#room PRIVMSG#room PRIVMSG#room PRIVMSG#room" || log(got) != "7 8 9" {
		t.Fatalf("read %q", got)
	}
	if !strings.Contains(got, ";id=room-7;") {
		t.Fatalf("without its tags: %q", got)
	}
	h.say(10, 11)
	if got := log(string(g.read())); got != "10 11" {
		t.Fatalf("then read %q", got)
	}
	if _, got := h.comesBack(WireTCP, "room-11"); log(got) != "" {
		t.Fatalf("who has missed nothing read %q", got)
	}
	if m := &h.hub.meters; m.resumes.Get() != 2 || m.resumesGapped.Get() != 0 || m.resumedLines.Get() != 3 {
		t.Fatalf("counted %d, %d with a gap, %d lines", m.resumes.Get(), m.resumesGapped.Get(), m.resumedLines.Get())
	}
	h.check()
}

func TestEveryWireResumes(t *testing.T) {
	h := newHall(t, engine.Config{})
	h.say(1, 3)
	for _, wire := range []Wire{WireIRC, WireText, WireBinary} {
		if _, got := h.comesBack(wire, "room-1"); strings.Count(got, " PRIVMSG #room :") != 2 || strings.Contains(got, ";id=room-1;") {
			t.Errorf("wire %d read %q", wire, got)
		}
	}
}

// TestRoomWithoutMembersIsRemembered: the only member was cut off, and others went on.
func TestRoomWithoutMembersIsRemembered(t *testing.T) {
	h := newHall(t, engine.Config{})
	g := h.member(WireTCP, "", "bob")
	h.say(1, 2)
	h.loop.Turn(func() { g.conn.Abort(engine.ReasonError) })
	h.say(3, 4)
	if _, got := h.comesBack(WireTCP, "room-2"); log(got) != "3 4" {
		t.Fatalf("read %q", got)
	}
}

func TestOwnLinesAreSentToWhoComesBack(t *testing.T) {
	h := newHall(t, engine.Config{})
	g := h.member(WireTCP, "", "bob")
	own := told("room", 2)
	own.User, own.Origin = g.user, g.origin()
	h.say(1, 1)
	h.accept(own)
	if got := log(string(g.read())); got != "1" {
		t.Fatalf("read %q", got)
	}
	if _, got := h.comesBack(WireTCP, "room-1"); log(got) != "2" {
		t.Fatalf("read %q", got)
	}
}

func TestIDThatNobodyKnowsIsAGap(t *testing.T) {
	h := newHall(t, engine.Config{})
	h.say(1, 3)
	for _, id := range []string{"room-0", strings.Repeat("x", 37), strings.Repeat("x", 400), "\\", "\xff"} {
		g, got := h.comesBack(WireTCP, id)
		if log(got) != "gap?" {
			t.Errorf("id %.10q: read %q", id, got)
		}
		h.accept(told("room", 4))
		if got := log(string(g.read())); got != "4" {
			t.Errorf("id %.10q: then read %q", id, got)
		}
	}
	if got := h.hub.meters.resumesGapped.Get(); got != 5 {
		t.Errorf("%d gaps counted", got)
	}
}

func TestOnlyWhoAsksForResumeGetsIt(t *testing.T) {
	h := newHall(t, engine.Config{})
	h.say(1, 3)
	for _, caps := range []string{"", withTags, "CAP REQ uproar/resume\r\n"} {
		g := h.guest(WireTCP, caps+"NICK justinfan1\r\n")
		g.read()
		if got := g.do("@uproar/resume=room-1 JOIN #room\r\n"); strings.Contains(got, "PRIVMSG") || strings.Contains(got, "NOTICE") {
			t.Errorf("caps %q: read %q", caps, got)
		}
	}
	for _, join := range []string{"JOIN", "@uproar/resume JOIN", "@uproar/resume= JOIN"} { // a client that has seen nothing yet
		g := h.guest(WireTCP, withResume+"NICK justinfan1\r\n")
		g.read()
		if got := g.do(join + " #room\r\n"); log(got) != "" || len(g.seats) != 1 {
			t.Errorf("%s: read %q", join, got)
		}
	}
}

func TestResumeCountsForTheFirstRoomOfAJoin(t *testing.T) {
	h := newHall(t, engine.Config{})
	h.say(1, 2)
	h.hub.Deliver("other", []chat.Event{told("other", 1)})
	g := h.guest(WireTCP, withResume+"NICK justinfan1\r\n")
	g.read()
	got := g.do("@uproar/resume=room-1 JOIN #room,#other\r\n")
	if log(got) != "2" || strings.Contains(got, "PRIVMSG #other") || strings.Contains(got, "NOTICE #other") {
		t.Fatalf("read %q", got)
	}
}

func TestResumeWaitsForAnAnswerOfClue(t *testing.T) {
	h := newHall(t, engine.Config{})
	h.say(1, 2)
	h.ask = true
	g, _ := h.comesBack(WireTCP, "room-1")
	h.say(3, 3)
	h.hub.Admitted(&h.asked[0], admitAll(h.asked[0]))
	h.loop.Turn(func() {})
	if got := log(string(g.read())); got != "2 3" || g.arrivals != nil {
		t.Fatalf("read %q", got)
	}
}

// TestLinesThatWaitForAFlushAreNotSentTwice: a paced room holds lines that its members
// have not read yet.
func TestLinesThatWaitForAFlushAreNotSentTwice(t *testing.T) {
	h := newHall(t, engine.Config{})
	ann := h.member(WireTCP, withTags, "ann")
	r := loopOf(h.loop.Loop).rooms["room"]
	r.notBefore = time.Now().Add(time.Hour)
	h.say(1, 3)
	g, got := h.comesBack(WireTCP, "room-1")
	if log(got) != "2 3" {
		t.Fatalf("read %q", got)
	}
	h.say(4, 4)
	late, got := h.comesBack(WireIRC, "room-3") // it has seen on another loop what waits here
	if strings.Count(got, "PRIVMSG") != 1 || !strings.HasSuffix(got, ":4\r\n") {
		t.Fatalf("read %q", got)
	}
	h.check()
	h.say(5, 5)
	h.loop.Turn(r.flush)
	if got := log(string(ann.read())); got != "1 2 3 4 5" {
		t.Fatalf("a member read %q", got)
	}
	if got, more := log(string(g.read())), log(string(late.read())); got != "4 5" || more != "5" {
		t.Fatalf("who came back read %q and %q", got, more)
	}
	if len(r.skips) != 0 {
		t.Fatalf("%d are left out of lines for ever", len(r.skips))
	}
	h.check()
}

// TestLineThatThisLoopHasYetToTakeIsNotSentTwice: another loop was quicker.
func TestLineThatThisLoopHasYetToTakeIsNotSentTwice(t *testing.T) {
	h := newHall(t, engine.Config{})
	h.member(WireTCP, "", "ann")
	h.say(1, 1)
	g := h.guest(WireTCP, withResume+"PASS oauth:x\r\nNICK bob\r\n")
	g.read()
	h.loop.Turn(func() {
		h.hub.Deliver("room", []chat.Event{told("room", 2), told("room", 3), told("room", 4)})
		h.hub.Deliver("room", []chat.Event{told("room", 5)})
		g.Data(g.conn, []byte("@uproar/resume=room-3 JOIN #room\r\n"))
	})
	h.loop.Turn(func() {})
	if got := log(string(g.read())); got != "4 5" {
		t.Fatalf("read %q", got)
	}
	h.check()
}

func TestLinesLostByALoopAreAGapToWhoComesBackToo(t *testing.T) {
	h := newHall(t, engine.Config{MailboxMax: 2})
	h.member(WireTCP, "", "ann")
	h.say(1, 2)
	g := h.guest(WireTCP, withResume+"PASS oauth:x\r\nNICK bob\r\n")
	g.read()
	for n := 3; n <= 6; n++ { // of which two fit
		h.hub.Deliver("room", []chat.Event{told("room", n)})
	}
	h.loop.Turn(func() { g.Data(g.conn, []byte("@uproar/resume=room-1 JOIN #room\r\n")) })
	if got := log(string(g.read())); got != "2 3 4 gap?" {
		t.Fatalf("read %q", got)
	}
	h.say(7, 7)
	if got := log(string(g.read())); got != "7" {
		t.Fatalf("read %q", got)
	}
	if _, got := h.comesBack(WireTCP, "room-1"); log(got) != "2 3 4 5 6 7" {
		t.Fatalf("the next read %q", got)
	}
}

func TestReplayIsBoundedAndSaysSo(t *testing.T) {
	h := newHall(t, engine.Config{})
	h.say(1, replayMax+11)
	_, got := h.comesBack(WireTCP, "room-1")
	lines := strings.Fields(log(got))
	if len(lines) != replayMax+1 || lines[0] != "gap10" || lines[1] != "12" || lines[replayMax] != fmt.Sprint(replayMax+11) {
		t.Fatalf("read %d: %v … %v", len(lines), lines[:2], lines[len(lines)-1])
	}
}

func TestReplayThatDoesNotFitTheOutboxIsAGap(t *testing.T) {
	h := newHall(t, engine.Config{OutboxBytesMax: 64 << 10})
	long := strings.Repeat("x", 500)
	for n := range replayMax {
		m := told("room", n)
		m.Text = long
		h.accept(m)
	}
	g := h.guest(WireTCP, withResume+"PASS oauth:x\r\nNICK bob\r\n")
	g.read()
	h.loop.Turn(func() { g.Data(g.conn, []byte("@uproar/resume=room-0 JOIN #room\r\n")) })
	missed := int(g.seats[0].missed)
	var got strings.Builder
	h.until("told of a gap", func() bool {
		got.Write(g.read())
		return strings.Contains(got.String(), fmt.Sprintf(":%d lines of this room did not reach you because you read too slowly", missed))
	})
	if n := strings.Count(got.String(), "PRIVMSG"); missed == 0 || n+missed != replayMax-1 {
		t.Fatalf("read %d, missed %d", n, missed)
	}
}

func TestGapIsToldInItsPlace(t *testing.T) {
	h := newHall(t, engine.Config{})
	ann, plain := h.member(WireTCP, withTags, "ann"), h.member(WireIRC, "", "pat")
	r := loopOf(h.loop.Loop).rooms["room"]
	h.loop.Turn(func() {
		h.hub.Deliver("room", []chat.Event{told("room", 1)})
		h.hub.Gap("room", 7)
		h.hub.Gap("room", 0)
		h.hub.Deliver("room", []chat.Event{&chat.Gap{Place: chat.Place{Room: "room", Epoch: 1, Seq: 12}, Missed: 3}, told("room", 13)})
	})
	h.loop.Turn(func() {})
	if got := log(string(ann.read())); got != "1 gap7 gap? gap3 13" {
		t.Fatalf("read %q", got)
	}
	if got := string(plain.read()); strings.Count(got, "NOTICE #room :") != 3 || strings.Contains(got, "@msg-id") {
		t.Fatalf("without capabilities read %q", got)
	}
	if got := h.hub.meters.gapNotices.Get(); got != 6 {
		t.Fatalf("%d notices counted", got)
	}
	if _, got := h.comesBack(WireTCP, "room-1"); log(got) != "gap7 gap? gap3 13" {
		t.Fatalf("who came back read %q", got)
	}
	if r.untold != 0 {
		t.Fatal("told twice")
	}
}

func TestWhatIsForUsersEverywhereReachesThem(t *testing.T) {
	h := newHall(t, engine.Config{})
	bob := h.member(WireTCP, withTags, "bob")
	h.hub.Deliver(chat.Everywhere, []chat.Event{
		&chat.Whisper{To: "bob", ID: "1", ThreadID: "1_2", From: &chat.User{ID: "2", Login: "ann"}, Text: "psst"},
		&chat.Gap{Missed: 3},
		&chat.Notify{Logins: []string{"ann", "bob"}, About: "room", Notice: chat.Notice{MsgID: "msg_held", Text: "held"}},
	})
	h.hub.Gap(chat.Everywhere, 0)
	h.loop.Turn(func() {})
	got := string(bob.read())
	if !strings.Contains(got, " WHISPER bob :psst\r\n@msg-id=msg_held :tmi.twitch.tv NOTICE #room :held\r\n") || strings.Contains(got, gapMsgID) {
		t.Fatalf("read %q", got)
	}
	if got := h.hub.meters.whispersLost.Get(); got != 4 {
		t.Fatalf("%d lost are counted", got)
	}
}

func TestRaidThatClueCouldNotCountIsCountedHere(t *testing.T) {
	h := newHall(t, engine.Config{})
	h.member(WireTCP, "", "pat")
	h.member(WireTCP, "", "ann")
	goal := h.guest(WireTCP, withTags+"NICK justinfan1\r\nJOIN #goal\r\n")
	goal.read()
	raid := &chat.Raid{Place: chat.Place{Room: "goal"}, User: &chat.User{Login: "room", Display: "Room"}, Target: "goal"}
	counted := &chat.Raid{Place: raid.Place, User: raid.User, Viewers: 9}
	h.hub.Deliver("goal", []chat.Event{raid, counted})
	h.loop.Turn(func() {})
	if got := string(goal.read()); !strings.Contains(got, "msg-param-viewerCount=2;") || !strings.Contains(got, "msg-param-viewerCount=9;") {
		t.Fatalf("read %q", got)
	}
	if raid.Viewers != 0 {
		t.Fatal("an event was changed, which others read")
	}
}

func TestLineIsTracedWhenItIsWritten(t *testing.T) {
	rec := trace.New()
	h := newHallWith(t, engine.Config{}, func(c *Config) { c.Trace = rec })
	h.member(WireTCP, "", "ann")
	m := told("room", 1)
	m.ID = "2ea74ce4-9ac1-4b9e-8c0b-b1a9ac3ef3a5"
	first := told("room", 0)
	h.accept(first, m)
	h.comesBack(WireTCP, "room-0")
	if got := rec.Of(m.ID); len(got) != 2 || got[0].Hop != "written" || got[1].Hop != "resumed" {
		t.Fatalf("passed %v", got)
	}
}

func TestWhatIsLeftOutByPositionComesBackInAnotherLifeOfTheRoom(t *testing.T) {
	h := newHall(t, engine.Config{})
	g := h.member(WireTCP, withTags, "bob")
	r := loopOf(h.loop.Loop).rooms["room"]
	for _, next := range []func() *chat.Message{
		func() *chat.Message { m := told("room", 3); m.Epoch = 2; return m },
		func() *chat.Message { return told("room", 6) },
	} {
		r.leaveOut(&g.seats[0], &skip{conn: g.conn, upTo: exchange.Position{Epoch: 1, Seq: 5}, until: h.loop.Millis() + 60_000})
		h.say(4, 5)
		if got := string(g.read()); got != "" || len(r.skips) > 1 {
			t.Fatalf("read %q, %d are left out", got, len(r.skips))
		}
		m := next()
		h.accept(m, told("room", 7))
		if got := log(string(g.read())); got != m.Text+" 7" || len(r.skips) != 0 {
			t.Fatalf("read %q, %d are left out", got, len(r.skips))
		}
	}
}
