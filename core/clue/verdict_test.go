package clue

import (
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"uproar/core/chat"
)

// These tests see whole decisions: facts gathered, rules asked, state kept.

func TestSameLineWithinHalfAMinuteIsDuplicate(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newScript(t, classic())
		wantAccepted(t, s.said("room", "ann", "hello you"), "hello you")
		time.Sleep(10 * time.Second)
		wantRejection(t, s.said("room", "ann", "  hello   you "), rejectDuplicate(halfMinute))
		wantAccepted(t, s.said("room", "bob", "hello you"), "hello you")
		wantAccepted(t, s.said("other", "ann", "hello you"), "hello you")
		// The window runs from the last delivered line, not from the refused one.
		time.Sleep(20 * time.Second)
		wantAccepted(t, s.said("room", "ann", "hello you"), "hello you")
		wantAccepted(t, s.said("room", "ann", "Hello you"), "Hello you")
		wantAccepted(t, s.said("room", "ann", "hello you"), "hello you")
		wantAccepted(t, s.said("room", "ann", "/me hello you"), "hello you")
	})
}

func TestRefusedLineIsNotTheLastDelivered(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		cfg := classic()
		cfg.RateLimit = Rate{1, time.Second}
		s := newScript(t, cfg)
		wantAccepted(t, s.said("room", "ann", "one"), "one")
		wantRejection(t, s.said("room", "ann", "two"), chat.RejectRateLimit)
		time.Sleep(time.Second)
		wantRejection(t, s.said("room", "ann", "one"), rejectDuplicate(halfMinute))
	})
}

func TestBroadcasterMayRepeat(t *testing.T) {
	s := newScript(t, classic())
	for range 3 {
		wantAccepted(t, s.said("ann", "ann", "hello"), "hello")
	}
}

func TestDuplicateIsToldOfTheWindowThatHolds(t *testing.T) {
	for window, says := range map[time.Duration]string{
		30 * time.Second: "less than 30 seconds ago.", 2 * time.Minute: "less than 120 seconds ago.", time.Second / 2: "less than 1 second ago.",
	} {
		cfg := classic()
		cfg.DuplicateWindow = window
		s := newScript(t, cfg)
		wantAccepted(t, s.said("room", "ann", "hello"), "hello")
		if d := s.said("room", "ann", "hello"); d.Outcome != Rejected || !strings.HasSuffix(d.Rejection.Text, says) {
			t.Errorf("a window of %v: %+v", window, d)
		}
	}
}

func TestDuplicateWindowOffAllowsRepeats(t *testing.T) {
	s := newScript(t, free())
	for range 3 {
		wantAccepted(t, s.said("room", "ann", "hello"), "hello")
	}
	if n := s.c.shards[0].speakers.Len(); n != 0 {
		t.Fatalf("%d last lines kept for nothing", n)
	}
}

func TestTwentyLinesInHalfAMinute(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newScript(t, classic())
		for i := range 20 {
			time.Sleep(time.Second)
			text := fmt.Sprint(i)
			wantAccepted(t, s.said(fmt.Sprint("room", i%3), "ann", text), text)
		}
		wantRejection(t, s.said("room", "ann", "more"), chat.RejectRateLimit)
		wantRejection(t, s.said("elsewhere", "ann", "more"), chat.RejectRateLimit)
		wantAccepted(t, s.said("room", "bob", "more"), "more")
		// The window opened with the first line, 19 s ago, and refills all at once.
		time.Sleep(11*time.Second - 1)
		wantRejection(t, s.said("room", "ann", "more"), chat.RejectRateLimit)
		time.Sleep(time.Nanosecond)
		for i := range 20 {
			text := fmt.Sprint("again", i)
			wantAccepted(t, s.said("room", "ann", text), text)
		}
		wantRejection(t, s.said("room", "ann", "more"), chat.RejectRateLimit)
	})
}

func TestBroadcasterMaySayAHundred(t *testing.T) {
	s := newScript(t, classic())
	for i := range 100 {
		text := fmt.Sprint(i)
		wantAccepted(t, s.said("ann", "ann", text), text)
	}
	wantRejection(t, s.said("ann", "ann", "more"), chat.RejectRateLimit)
	// The bucket of all rooms is empty: nothing is left elsewhere either.
	wantRejection(t, s.said("room", "ann", "more"), chat.RejectRateLimit)
}

func TestViewersLineDrawsFromBothBuckets(t *testing.T) {
	s := newScript(t, classic())
	for i := range 20 {
		text := fmt.Sprint(i)
		wantAccepted(t, s.said("room", "ann", text), text)
	}
	for i := range 80 {
		text := fmt.Sprint(i)
		wantAccepted(t, s.said("ann", "ann", text), text)
	}
	wantRejection(t, s.said("ann", "ann", "more"), chat.RejectRateLimit)
}

func TestLinesRefusedByOtherRulesCount(t *testing.T) {
	s := newScript(t, classic())
	wantAccepted(t, s.said("room", "ann", "same"), "same")
	for range 10 {
		wantRejection(t, s.said("room", "ann", "same"), rejectDuplicate(halfMinute))
	}
	for range 9 {
		if d := s.said("room", "ann", ".foo bar"); d.Rejection == nil || d.Rejection.Text != "Unrecognized command: /foo" {
			t.Fatalf("got %v", d.Rejection)
		}
	}
	wantRejection(t, s.said("room", "ann", "new"), chat.RejectRateLimit)
	if n := s.c.meters.rejected("msg_duplicate").Get(); n != 10 {
		t.Fatalf("counted %d duplicates", n)
	}
	if n := s.c.meters.accepted.Get(); n != 1 {
		t.Fatalf("counted %d accepted", n)
	}
}

func TestReplyQuotesItsParent(t *testing.T) {
	s := newScript(t, classic())
	say := func(login, text, replyTo string) *chat.Message {
		u := user(login)
		u.Display = "X" + login[1:] // not what a site does: it shows which name is used
		d := s.say(Submission{Room: "room", User: u, Text: text, ReplyTo: replyTo})
		if d.Message == nil {
			t.Fatalf("%q: %v", text, d.Rejection)
		}
		return d.Message
	}
	head := say("ann", "who is there?", "")
	first := say("bob", "me", head.ID)
	second := say("cat", "@xob who?", first.ID)
	if first.Text != "@Xnn me" || second.Text != "@xob who?" {
		t.Fatalf("texts %q, %q", first.Text, second.Text)
	}
	if r := first.Reply; r == nil || r.ParentID != head.ID || r.ThreadID != head.ID ||
		r.ParentUser != head.User || r.ThreadUser != head.User || r.ParentText != "who is there?" {
		t.Fatalf("first: %+v", r)
	}
	if r := second.Reply; r == nil || r.ParentID != first.ID || r.ThreadID != head.ID ||
		r.ParentUser != first.User || r.ThreadUser != head.User || r.ParentText != "@Xnn me" {
		t.Fatalf("second: %+v", r)
	}
	for _, unknown := range []string{"x", "00000000-0000-0000-0000-000000000000", "6b1d2ef1-9b5b-4a55-8ac5-4fbb5b7d8c11"} {
		if m := say("dan", "to "+unknown, unknown); m.Reply != nil || m.Text != "to "+unknown {
			t.Fatalf("unknown parent %q: %q %+v", unknown, m.Text, m.Reply)
		}
	}
	elsewhere := s.say(Submission{Room: "other", User: user("eve"), Text: "x", ReplyTo: head.ID})
	if elsewhere.Message.Reply != nil {
		t.Fatal("a line of another room was answered")
	}
}
