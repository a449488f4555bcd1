package clue

import (
	"testing"
	"time"

	"uproar/core/chat"
)

func TestRateLimitRule(t *testing.T) {
	for _, c := range []struct {
		name  string
		facts Facts
		want  *chat.Rejection
	}{
		{"a line is left", Facts{RateLeft: true}, nil},
		{"none is left", Facts{}, chat.RejectRateLimit},
		{"none is left to a moderator", Facts{Roles: chat.Moderator}, chat.RejectRateLimit},
		{"none is left to the broadcaster", Facts{Roles: chat.Broadcaster}, chat.RejectRateLimit},
	} {
		if got := rateLimit(&c.facts, &Line{Text: "x"}); got != c.want {
			t.Errorf("%s: got %v", c.name, got)
		}
	}
}

func TestCommandRule(t *testing.T) {
	for _, c := range []struct{ command, want string }{
		{"", ""},
		{"foo", "Unrecognized command: /foo"},
		{"W", "Unrecognized command: /W"},
	} {
		got := command(&Facts{}, &Line{Command: c.command})
		switch {
		case c.want == "" && got != nil:
			t.Errorf("%q: got %v", c.command, got)
		case c.want != "" && (got == nil || got.Text != c.want || got.MsgID != "unrecognized_cmd"):
			t.Errorf("%q: got %v, want %q", c.command, got, c.want)
		}
	}
	if chat.RejectCommand.Text != "Unrecognized command: " {
		t.Errorf("the rule changed the shared rejection to %q", chat.RejectCommand.Text)
	}
}

func TestDuplicateRule(t *testing.T) {
	repeat := func(age time.Duration, roles chat.Roles) Facts {
		return Facts{Roles: roles, Repeats: true, RepeatAge: age, Window: halfMinute}
	}
	for _, c := range []struct {
		name  string
		facts Facts
		want  *chat.Rejection
	}{
		{"something new", Facts{Window: halfMinute}, nil},
		{"the same at once", repeat(0, 0), chat.RejectDuplicate},
		{"the same within the window", repeat(halfMinute-1, 0), chat.RejectDuplicate},
		{"the same after the window", repeat(halfMinute, 0), nil},
		{"a moderator's", repeat(0, chat.Moderator), nil},
		{"the broadcaster's", repeat(0, chat.Broadcaster), nil},
		{"no window", Facts{Repeats: true}, nil},
	} {
		if got := duplicate(&c.facts, &Line{Text: "x"}); got != c.want {
			t.Errorf("%s: got %v", c.name, got)
		}
	}
}

func TestRulesAreAskedInOrder(t *testing.T) {
	everything := Facts{Repeats: true, Window: halfMinute}
	line := Line{Text: "/foo", Command: "foo"}
	if got := judge(&everything, &line); got != chat.RejectRateLimit {
		t.Fatalf("got %v, want the rate first", got)
	}
	everything.RateLeft = true
	if got := judge(&everything, &line); got == nil || got.MsgID != chat.RejectCommand.MsgID {
		t.Fatalf("got %v, want the command second", got)
	}
	line.Command = ""
	if got := judge(&everything, &line); got != chat.RejectDuplicate {
		t.Fatalf("got %v, want the duplicate third", got)
	}
	everything.Repeats = false
	if got := judge(&everything, &line); got != nil {
		t.Fatalf("got %v, want nil", got)
	}
}
