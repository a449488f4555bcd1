package clue

import (
	"strings"
	"testing"
	"time"

	"uproar/core/chat"
	"uproar/core/store"
)

// factsNow is when the facts of these tests are.
var factsNow = time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)

// plain are the facts of a viewer who may say anything, changed by with.
func plain(with func(*Facts)) Facts {
	f := Facts{
		Channel: "room", Now: factsNow, Room: &store.Room{}, Member: &store.Member{}, Account: &store.Account{},
		RateLeft: true, Since: -1, Window: halfMinute, Gap: time.Second, Repeated: rejectDuplicate(halfMinute),
	}
	if with != nil {
		with(&f)
	}
	return f
}

// ruleCase is one row: a rule alone, and what it says.
type ruleCase struct {
	name string
	rule rule
	with func(*Facts)
	text string
	id   string // "": nothing
	say  string // part of the text
}

func checkRules(t *testing.T, cases []ruleCase) {
	t.Helper()
	for _, c := range cases {
		f := plain(c.with)
		got := c.rule(&f, &Line{Text: c.text})
		switch {
		case c.id == "" && got != nil:
			t.Errorf("%s: got %v", c.name, got)
		case c.id != "" && (got == nil || got.MsgID != c.id || !strings.Contains(got.Text, c.say)):
			t.Errorf("%s: got %v, want %s %q", c.name, got, c.id, c.say)
		}
	}
}

func TestGates(t *testing.T) {
	banned := func(until time.Duration) func(*Facts) {
		return func(f *Facts) {
			f.Member = &store.Member{Banned: true}
			if until != 0 {
				f.Member.Until = factsNow.Add(until)
			}
		}
	}
	checkRules(t, []ruleCase{
		{"an ordinary account", siteBan, nil, "", "", ""},
		{"a banned account", siteBan, func(f *Facts) { f.Account.Banned = true }, "", "msg_suspended", "permission"},
		{"an ordinary room", suspended, nil, "", "", ""},
		{"a suspended room", suspended, func(f *Facts) { f.Room.Suspended = true }, "", "msg_channel_suspended", "does not exist or has been suspended."},
		{"a room that nobody created", suspended, func(f *Facts) { f.Created = true }, "", "msg_channel_suspended", ""},
		{"a room that somebody created", suspended, func(f *Facts) { f.Created, f.Room.Created = true, true }, "", "", ""},
		{"not banned", ban, nil, "", "", ""},
		{"banned", ban, banned(0), "", "msg_banned", "You are permanently banned from talking in room."},
		{"banned is no timeout", timeout, banned(0), "", "", ""},
		{"timed out is no ban", ban, banned(time.Hour), "", "", ""},
		{"timed out", timeout, banned(time.Hour), "", "msg_timedout", "You are timed out for 3600 more seconds."},
		{"timed out, nearly over", timeout, banned(time.Millisecond), "", "msg_timedout", "for 1 more"},
		{"the timeout is over", timeout, banned(-time.Nanosecond), "", "", ""},
		{"the timeout ends now", timeout, func(f *Facts) { f.Member = &store.Member{Banned: true, Until: factsNow} }, "", "", ""},
		{"a line is left", rateLimit, nil, "", "", ""},
		{"none is left", rateLimit, func(f *Facts) { f.RateLeft = false }, "", "msg_ratelimit", "too quickly"},
		{"none is left to the broadcaster", rateLimit, func(f *Facts) { f.RateLeft, f.Roles = false, chat.Broadcaster }, "", "msg_ratelimit", ""},
	})
}

func TestRulesOfWaiting(t *testing.T) {
	slow := func(since time.Duration, roles chat.Roles) func(*Facts) {
		return func(f *Facts) { f.Room.Modes.Slow, f.Since, f.Roles = 10*time.Second, since, roles }
	}
	since := func(since time.Duration, roles chat.Roles) func(*Facts) {
		return func(f *Facts) { f.Since, f.Roles = since, roles }
	}
	same := func(since time.Duration, roles chat.Roles) func(*Facts) {
		return func(f *Facts) { f.Since, f.Same, f.Roles = since, true, roles }
	}
	checkRules(t, []ruleCase{
		{"slow, the first line", slowMode, slow(-1, 0), "", "", ""},
		{"slow, at once", slowMode, slow(0, 0), "", "msg_slowmode", "again in 10 seconds."},
		{"slow, soon", slowMode, slow(8500*time.Millisecond, 0), "", "msg_slowmode", "again in 2 seconds."},
		{"slow, nearly", slowMode, slow(10*time.Second-1, chat.Subscriber), "", "msg_slowmode", "again in 1 seconds."},
		{"slow, after", slowMode, slow(10*time.Second, 0), "", "", ""},
		{"slow, a moderator", slowMode, slow(0, chat.Moderator), "", "", ""},
		{"slow, a VIP", slowMode, slow(0, chat.VIP), "", "", ""},
		{"slow, the broadcaster", slowMode, slow(0, chat.Broadcaster), "", "", ""},
		{"not slow", slowMode, since(0, 0), "", "", ""},
		{"the second, never spoke", lineGap, since(-1, 0), "", "", ""},
		{"the second, too soon", lineGap, since(time.Second-1, chat.Subscriber), "", "msg_ratelimit", ""},
		{"the second, after", lineGap, since(time.Second, 0), "", "", ""},
		{"the second, a VIP", lineGap, since(0, chat.VIP), "", "", ""},
		{"the second, verified", lineGap, func(f *Facts) { f.Since, f.Account.Verified = 0, true }, "", "", ""},
		{"the second, off", lineGap, func(f *Facts) { f.Since, f.Gap = 0, 0 }, "", "", ""},
		{"something new", duplicate, since(0, 0), "", "", ""},
		{"the same at once", duplicate, same(0, 0), "", "msg_duplicate", ""},
		{"the same within the window", duplicate, same(halfMinute-1, 0), "", "msg_duplicate", ""},
		{"the same after the window", duplicate, same(halfMinute, 0), "", "", ""},
		{"the same by a moderator", duplicate, same(0, chat.Moderator), "", "", ""},
		{"the same without a window", duplicate, func(f *Facts) { f.Since, f.Same, f.Window = 0, true, 0 }, "", "", ""},
	})
}

func TestRulesOfRoomModes(t *testing.T) {
	followers := func(least, since time.Duration, roles chat.Roles) func(*Facts) {
		return func(f *Facts) {
			f.Room.Modes.FollowersOnly, f.Room.Modes.FollowersFor, f.Roles = true, least, roles
			if since >= 0 {
				f.Member.Follows = factsNow.Add(-since)
			}
		}
	}
	subscribers := func(roles chat.Roles) func(*Facts) {
		return func(f *Facts) { f.Room.Modes.SubscribersOnly, f.Roles = true, roles }
	}
	emotes := func(only bool, roles chat.Roles) func(*Facts) {
		return func(f *Facts) { f.Room.Modes.EmoteOnly, f.Emotes, f.Roles = true, only, roles }
	}
	unique := func(seen bool, roles chat.Roles) func(*Facts) {
		return func(f *Facts) { f.Room.Modes.Unique, f.Seen, f.Roles = true, seen, roles }
	}
	const ten = 10 * time.Minute
	checkRules(t, []ruleCase{
		{"no followers-only", followersOnly, nil, "", "", ""},
		{"followers of any time, a stranger", followersOnly, followers(0, -1, 0), "", "msg_followersonly_zero", "This room is in followers-only mode. Follow room to join the community!"},
		{"followers of any time, a new one", followersOnly, followers(0, 0, 0), "", "", ""},
		{"ten minutes, a stranger", followersOnly, followers(ten, -1, 0), "", "msg_followersonly", "This room is in 10 minutes followers-only mode. Follow room"},
		{"ten minutes, a new one", followersOnly, followers(ten, 90*time.Second, 0), "", "msg_followersonly_followed", "You have been following for 1 minute 30 seconds. Continue following to chat!"},
		{"ten minutes, this instant", followersOnly, followers(ten, 0, 0), "", "msg_followersonly_followed", "for 1 second."},
		{"ten minutes, long enough", followersOnly, followers(ten, ten, 0), "", "", ""},
		{"followers, a VIP", followersOnly, followers(ten, -1, chat.VIP), "", "", ""},
		{"subscribers, a stranger", subscribersOnly, subscribers(0), "", "msg_subsonly", "This room is in subscribers only mode."},
		{"subscribers, one", subscribersOnly, subscribers(chat.Subscriber), "", "", ""},
		{"subscribers, a moderator", subscribersOnly, subscribers(chat.Moderator), "", "", ""},
		{"not subscribers-only", subscribersOnly, nil, "", "", ""},
		{"emotes, words", emoteOnly, emotes(false, chat.Subscriber), "", "msg_emoteonly", "emote-only mode"},
		{"emotes, emotes", emoteOnly, emotes(true, 0), "", "", ""},
		{"emotes, the broadcaster", emoteOnly, emotes(false, chat.Broadcaster), "", "", ""},
		{"not emote-only", emoteOnly, nil, "", "", ""},
		{"unique, seen", uniqueChat, unique(true, 0), "", "msg_r9k", "not unique"},
		{"unique, new", uniqueChat, unique(false, 0), "", "", ""},
		{"unique, a VIP", uniqueChat, unique(true, chat.VIP), "", "", ""},
		{"not unique", uniqueChat, func(f *Facts) { f.Seen = true }, "", "", ""},
	})
}

func TestRulesOfTexts(t *testing.T) {
	terms := func(hold bool, roles chat.Roles) func(*Facts) {
		return func(f *Facts) {
			f.Room.Terms, f.Room.HoldTerms, f.Roles = []string{"cat", "*dog", "bird*", "*fish*", "two words", "été", "*", ""}, hold, roles
		}
	}
	noLinks := func(roles chat.Roles) func(*Facts) {
		return func(f *Facts) { f.Room.NoLinks, f.Roles = true, roles }
	}
	refused := map[string]bool{
		"a CAT!": true, "cat": true, "concat": false, "cats": false, "cats cat": true, "c a t": false,
		"hotdog": true, "dogs": false, "birdie": true, "blackbird": false, "selfishness": true,
		"say Two words.": true, "two  words": false, "un ÉTÉ": true, "étés": false, "hello": false, "*": false,
	}
	linked := map[string]bool{
		"see https://x": true, "example.com": true, "(www.example.org/a?b)": true, "go to sub.example.co.uk.": true,
		"well... no": false, "1.5": false, "v1.2.3": false, "a.b": false, "://": false, "end.": false, "mail a@b.com": false,
	}
	var cases []ruleCase
	for text, yes := range refused {
		c := ruleCase{name: text, rule: blockedTerms, with: terms(false, chat.VIP), text: text}
		if yes {
			c.id, c.say = "msg_rejected_mandatory", "wasn't posted"
		}
		cases = append(cases, c)
	}
	for text, yes := range linked {
		c := ruleCase{name: text, rule: links, with: noLinks(0), text: text}
		if yes {
			c.id = "msg_rejected_mandatory"
		}
		cases = append(cases, c)
	}
	checkRules(t, append(cases, []ruleCase{
		{"held", blockedTerms, terms(true, 0), "cat", "msg_rejected", "checked by mods"},
		{"a moderator's term", blockedTerms, terms(false, chat.Moderator), "cat", "", ""},
		{"no terms", blockedTerms, nil, "cat", "", ""},
		{"a subscriber's link", links, noLinks(chat.Subscriber), "example.com", "", ""},
		{"links are free", links, nil, "example.com", "", ""},
	}...))
}

func TestWordsThatClientsRead(t *testing.T) {
	slow := plain(func(f *Facts) { f.Room.Modes.Slow, f.Since = 12*time.Second, 0 })
	if words := strings.Fields(slowMode(&slow, nil).Text); words[21] != "12" {
		t.Errorf("the 22nd word is not the number: %q", words)
	}
	out := plain(func(f *Facts) { f.Member = &store.Member{Banned: true, Until: factsNow.Add(time.Minute)} })
	if words := strings.Fields(timeout(&out, nil).Text); words[5] != "60" {
		t.Errorf("the sixth word is not the number: %q", words)
	}
}

func TestUnknownCommand(t *testing.T) {
	f := plain(nil)
	for _, c := range []struct{ command, want string }{
		{"", ""},
		{"foo", "Unrecognized command: /foo"},
		{"W", "Unrecognized command: /W"},
	} {
		got := unknownCommand(&f, &Line{Command: c.command})
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

// TestRulesAreAskedInOrder lifts one reason after the other from a line that has all.
func TestRulesAreAskedInOrder(t *testing.T) {
	f := plain(func(f *Facts) {
		f.Account = &store.Account{Banned: true}
		f.Member = &store.Member{Banned: true}
		f.RateLeft, f.Since, f.Same, f.Seen = false, 0, true, true
		f.Room = &store.Room{
			Suspended: true, Terms: []string{"cat"}, NoLinks: true,
			Modes: chat.Modes{Slow: time.Minute, FollowersOnly: true, SubscribersOnly: true, EmoteOnly: true, Unique: true},
		}
	})
	line := Line{Text: "cat.example.com cat", Command: "foo"}
	for _, c := range []struct {
		id   string
		lift func()
	}{
		{"msg_suspended", func() { f.Account.Banned = false }},
		{"msg_channel_suspended", func() { f.Room.Suspended = false }},
		{"msg_banned", func() { f.Member.Until = f.Now.Add(time.Second) }},
		{"msg_timedout", func() { f.Member.Banned = false }},
		{"msg_ratelimit", func() { f.RateLeft = true }},
		{"unrecognized_cmd", func() { line.Command = "" }},
		{"msg_subsonly", func() { f.Room.Modes.SubscribersOnly = false }},
		{"msg_followersonly_zero", func() { f.Room.Modes.FollowersOnly = false }},
		{"msg_slowmode", func() { f.Room.Modes.Slow = 0 }},
		{"msg_ratelimit", func() { f.Gap = 0 }},
		{"msg_emoteonly", func() { f.Emotes = true }},
		{"msg_duplicate", func() { f.Same = false }},
		{"msg_r9k", func() { f.Seen = false }},
		{"msg_rejected_mandatory", func() { f.Room.Terms = nil }},
		{"msg_rejected_mandatory", func() { f.Room.NoLinks = false }},
	} {
		if got := judge(&f, &line); got == nil || got.MsgID != c.id {
			t.Fatalf("got %v, want %s", got, c.id)
		}
		c.lift()
	}
	if got := judge(&f, &line); got != nil {
		t.Fatalf("got %v for a line without fault", got)
	}
}
