package chat

import (
	"strings"
	"testing"
	"time"

	"uproar/core/chat"
	"uproar/core/clue"
	"uproar/edge/engine"
)

// impatient is a hall whose edge waits for clue for some milliseconds alone.
func impatient(t *testing.T) *hall {
	h := newHall(t, engine.Config{})
	h.hub.cfg.AnswerTimeout = 5 * time.Millisecond
	return h
}

// hears turns the loop until the guest has something to read.
func (g *guest) hears() string {
	g.hall.t.Helper()
	for end := time.Now().Add(10 * time.Second); time.Now().Before(end); time.Sleep(time.Millisecond) {
		g.hall.loop.Turn(func() {})
		if got := string(g.read()); got != "" {
			return got
		}
	}
	g.hall.t.Fatal("nothing to read")
	return ""
}

func TestLineThatClueLeavesUnansweredIsAnsweredByTheEdgeOnce(t *testing.T) {
	h := impatient(t)
	g := h.member(WireTCP, withTags, "bob")
	if got := g.do("PRIVMSG #room :hello\r\n"); got != "" {
		t.Fatalf("answered before clue did: %q", got)
	}
	if got := g.hears(); !strings.HasPrefix(got, "@msg-id=msg_unavailable ") {
		t.Fatalf("read %q", got)
	}
	late := clue.Decision{Outcome: clue.Rejected, Room: "room", Origin: h.said[0].Origin, Ticket: h.said[0].Ticket, Rejection: chat.RejectUnavailable}
	h.hub.Decided([]clue.Decision{late})
	h.loop.Turn(func() {})
	if got := string(g.read()); got != "" {
		t.Fatalf("answered twice: %q", got)
	}
	if m := &h.hub.meters; m.answersMissing.Get() != 1 || m.answersLate.Get() != 1 {
		t.Fatalf("%d missing, %d late", m.answersMissing.Get(), m.answersLate.Get())
	}
}

func TestCommandWithoutAnAnswerIsNotCalledAMessage(t *testing.T) {
	h := impatient(t)
	g := h.member(WireTCP, withTags, "bob")
	g.do("PRIVMSG #room :/slow 10\r\n")
	if got := g.hears(); !strings.HasPrefix(got, "@msg-id=msg_unavailable ") || !strings.Contains(got, ":"+chat.RejectUndone.Text) {
		t.Fatalf("read %q", got)
	}
}

func TestJoinThatClueLeavesUnansweredIsRefusedByTheEdge(t *testing.T) {
	h := impatient(t)
	g := h.guest(WireTCP, withTags+"PASS oauth:x\r\nNICK bob\r\n")
	g.read()
	h.ask = true
	g.do("JOIN #room\r\nPART #room\r\n")
	if got := g.hears(); !strings.HasPrefix(got, "@msg-id=msg_unavailable ") || g.joining != 0 || g.leaving != nil {
		t.Fatalf("read %q, %d joining", got, g.joining)
	}
	h.hub.Admitted(&h.asked[0], admitAll(h.asked[0]))
	h.loop.Turn(func() {})
	if got := string(g.read()); got != "" || len(g.seats) != 0 || g.joining != 0 {
		t.Fatalf("let in late: %q, %d seats", got, len(g.seats))
	}
}

func TestSeatThatNobodyConfirmsIsLost(t *testing.T) {
	h := impatient(t)
	g := h.guest(WireTCP, withTags+"PASS oauth:x\r\nNICK bob\r\n")
	g.read()
	h.ask = true
	h.next = make([]clue.Admitted, 1) // the first answer does not hold
	g.do("JOIN #room\r\n")
	h.hub.Admitted(&h.asked[0], admitAll(h.asked[0]))
	h.loop.Turn(func() {})
	if len(g.seats) != 1 {
		t.Fatalf("%d seats", len(g.seats))
	}
	g.read()
	if got := g.hears(); !strings.Contains(got, " PART #room\r\n") || !strings.Contains(got, "msg_unavailable") || len(g.seats) != 0 {
		t.Fatalf("read %q, %d seats", got, len(g.seats))
	}
}

func TestAnswersInAnyOrderLeaveNothingWaiting(t *testing.T) {
	h := newHall(t, engine.Config{})
	g := h.member(WireTCP, "", "bob")
	w := &loopOf(g.conn.Loop()).waits
	for range 3 * waitsMin {
		g.do("PRIVMSG #room :hello\r\n")
	}
	for i := range h.said {
		at := (i*7 + 3) % len(h.said) // 7 does not divide their number
		h.hub.Decided([]clue.Decision{{Outcome: clue.Ignored, Origin: h.said[at].Origin, Ticket: h.said[at].Ticket}})
	}
	h.loop.Turn(func() {})
	if w.head != w.next || h.hub.meters.answersLate.Get() != 0 {
		t.Fatalf("%d wait, %d late", w.next-w.head, h.hub.meters.answersLate.Get())
	}
}

func TestTooManyQuestionsAreRefusedAtOnce(t *testing.T) {
	h := newHall(t, engine.Config{})
	g := h.member(WireTCP, withTags, "bob")
	w := &loopOf(g.conn.Loop()).waits
	for range waitsMax {
		if _, ok := w.add(&g.Session, waitLine, "room"); !ok {
			t.Fatal("refused below the bound")
		}
	}
	if got := g.do("PRIVMSG #room :hello\r\n"); !strings.HasPrefix(got, "@msg-id=msg_unavailable ") || len(h.said) != 0 {
		t.Fatalf("read %q, %d said", got, len(h.said))
	}
	h.ask = true
	if got := g.do("JOIN #other\r\n"); !strings.HasPrefix(got, "@msg-id=msg_unavailable ") || len(h.asked) != 0 {
		t.Fatalf("read %q, %d asked", got, len(h.asked))
	}
}

func TestBanBitesOnALoopThatIsBehind(t *testing.T) {
	h := newHall(t, engine.Config{MailboxMax: 4})
	bob := h.member(WireTCP, "", "bob")
	ann := h.member(WireTCP, withTags, "ann")
	ban := &chat.Clearing{Place: chat.Place{Room: "room"}, Target: bob.user}
	h.hub.Deliver("room", []chat.Event{message(nil, "1"), message(nil, "2"), message(nil, "3")})
	h.hub.Deliver("room", []chat.Event{message(nil, "4"), message(nil, "5"), ban}) // does not fit
	h.loop.Turn(func() {})
	if len(bob.seats) != 0 || !strings.HasSuffix(string(bob.read()), " PART #room\r\n") {
		t.Fatalf("bob has %d seats", len(bob.seats))
	}
	if got := string(ann.read()); len(ann.seats) != 1 || !strings.Contains(got, gapMsgID) {
		t.Fatalf("ann has %d seats and read %q", len(ann.seats), got)
	}
}
