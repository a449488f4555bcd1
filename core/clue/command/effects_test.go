package command

import (
	"reflect"
	"strings"
	"testing"
	"time"

	"uproar/core/chat"
	"uproar/core/store"
)

// in is the scene's room.
var in = chat.Place{Room: "alice"}

func TestWhatFollowsFromACommand(t *testing.T) {
	evesKey := store.Key{Kind: store.KindMember, Room: "alice", Login: "eve"}
	roomKey := store.Key{Kind: store.KindRoom, Room: "alice"}
	hex := "#C0FFEE"
	slow := chat.Modes{EmoteOnly: true, Slow: 10 * time.Second}
	slowOn := chat.Notice{MsgID: "slow_on", Text: "This room is now in slow mode. You may send messages every 10 seconds."}
	for _, tc := range []struct {
		example
		change *KeyedChange
		event  chat.Event
	}{
		{example{"ban eve so much spam", moll, nil, "", ""},
			&KeyedChange{evesKey, store.Change{Ban: &store.Ban{Reason: "so much spam"}, Revoke: chat.Moderator | chat.VIP}},
			&chat.Clearing{Place: in, Target: eve}},
		{example{"timeout eve 60 be quiet", moll, nil, "", ""},
			&KeyedChange{evesKey, store.Change{Ban: &store.Ban{Until: now.Add(time.Minute), Reason: "be quiet"}, Revoke: chat.Moderator}},
			&chat.Clearing{Place: in, Target: eve, For: time.Minute}},
		{example{"timeout eve be quiet", moll, nil, "", ""},
			&KeyedChange{evesKey, store.Change{Ban: &store.Ban{Until: now.Add(10 * time.Minute), Reason: "be quiet"}, Revoke: chat.Moderator}},
			&chat.Clearing{Place: in, Target: eve, For: 10 * time.Minute}},
		{example{"unban eve", moll, member(bannedMember), "", ""}, &KeyedChange{evesKey, store.Change{Unban: true}}, nil},
		{example{"untimeout eve", moll, member(timedOutMember), "", ""}, &KeyedChange{evesKey, store.Change{Unban: true}}, nil},
		{example{"mod eve", alice, nil, "", ""}, &KeyedChange{evesKey, store.Change{Grant: chat.Moderator, Revoke: chat.VIP}}, nil},
		{example{"vip eve", alice, nil, "", ""}, &KeyedChange{evesKey, store.Change{Grant: chat.VIP, Revoke: chat.Moderator}}, nil},
		{example{"slow 10", moll, modes(chat.Modes{EmoteOnly: true}), "", ""},
			&KeyedChange{roomKey, store.Change{Mode: &store.ModeValue{Mode: chat.ModeSlow, Modes: slow}}},
			&chat.ModeChange{Place: in, Mode: chat.ModeSlow, Modes: slow, Notice: slowOn}},
		{example{"color #c0ffee", bob, nil, "", ""},
			&KeyedChange{store.Key{Kind: store.KindAccount, Login: "bob"}, store.Change{Color: &hex}}, nil},
		{example{"clear", moll, nil, "", ""}, nil, &chat.Clearing{Place: in}},
		{example{"delete m-1", moll, line(eve, 0), "", ""}, nil, &chat.Deletion{Place: in, MessageID: "m-1", Login: "eve", Text: "hi"}},
		{example{"announceorange hear  ye", moll, nil, "", ""}, nil,
			&chat.Announcement{Place: in, ID: "id-1", User: moll, Roles: chat.Moderator, Text: "hear  ye", Color: "ORANGE"}},
		{example{"raid bob", alice, nil, "", ""}, nil,
			&chat.Raid{Place: chat.Place{Room: "bob"}, ID: "id-1", User: alice, Target: "bob", Viewers: 7}},
		{example{"raid bob", alice, func(c *Call) { c.Goal.Member = &store.Member{Roles: chat.VIP} }, "", ""}, nil,
			&chat.Raid{Place: chat.Place{Room: "bob"}, ID: "id-1", User: alice, Roles: chat.VIP, Target: "bob", Viewers: 7}},
		{example{"unraid", alice, func(c *Call) { c.Raiding = "bob" }, "", ""}, nil,
			&chat.Raid{Place: in, ID: "id-1", User: alice, Roles: chat.Broadcaster, Target: "bob", Off: true}},
	} {
		t.Run(tc.line, func(t *testing.T) {
			cmd, call := scene(&tc.example)
			v := cmd.Judge(call)
			if got, want := v.Changes, optional(tc.change); !reflect.DeepEqual(got, want) {
				t.Errorf("changes %+v, want %+v", got, want)
			}
			if got, want := v.Events, optional(event(tc.event)); !reflect.DeepEqual(got, want) {
				t.Errorf("events %+v, want %+v", got, want)
			}
		})
	}
}

// event is a pointer to e, or nil.
func event(e chat.Event) *chat.Event {
	if e == nil {
		return nil
	}
	return &e
}

// optional is a slice of one, or none.
func optional[T any](p *T) []T {
	if p == nil {
		return nil
	}
	return []T{*p}
}

func TestSwitchesChangeOneMode(t *testing.T) {
	full := chat.Modes{Slow: time.Second, FollowersOnly: true, SubscribersOnly: true, EmoteOnly: true, Unique: true}
	for name, want := range map[string]struct {
		mode  chat.Mode
		clear func(*chat.Modes)
	}{
		"slowoff":        {chat.ModeSlow, func(m *chat.Modes) { m.Slow = 0 }},
		"followersoff":   {chat.ModeFollowers, func(m *chat.Modes) { m.FollowersOnly = false }},
		"subscribersoff": {chat.ModeSubscribers, func(m *chat.Modes) { m.SubscribersOnly = false }},
		"emoteonlyoff":   {chat.ModeEmotes, func(m *chat.Modes) { m.EmoteOnly = false }},
		"uniquechatoff":  {chat.ModeUnique, func(m *chat.Modes) { m.Unique = false }},
	} {
		cmd, call := scene(&example{line: name, by: moll, call: modes(full)})
		expected := full
		want.clear(&expected)
		got := cmd.Judge(call).Changes[0].Change.Mode
		if got.Mode != want.mode || got.Modes != expected {
			t.Errorf("%s: %+v, want %+v", name, got, expected)
		}
		if call.Modes != full {
			t.Errorf("%s changed the call", name)
		}
	}
}

func TestWhisperGoesToItsThread(t *testing.T) {
	cmd, call := scene(&example{line: "w @Eve  a secret", by: bob})
	v := cmd.Judge(call)
	want := &Whisper{To: eve, Line: &chat.Whisper{ID: "id-1", ThreadID: "2_33", From: bob, Text: "a secret"}}
	if !reflect.DeepEqual(v.Whisper, want) {
		t.Errorf("whisper %+v, want %+v", v.Whisper, want)
	}
	if thread("33", "2") != thread("2", "33") {
		t.Error("an answer is another thread")
	}
}

func TestDeletedActionKeepsItsQuotes(t *testing.T) {
	cmd, call := scene(&example{line: "delete m-1", by: moll, call: line(eve, 0)})
	call.Line.Action = true
	got := cmd.Judge(call).Events[0].(*chat.Deletion).Text
	if got != "\x01ACTION hi\x01" {
		t.Errorf("text %q", got)
	}
}

func TestLineOfAnotherRoomIsNotDeleted(t *testing.T) {
	cmd, call := scene(&example{line: "delete m-1", by: alice, call: line(eve, 0)})
	call.Line.Room = "bob"
	if v := cmd.Judge(call); v.Notice.MsgID != "bad_delete_message_error" {
		t.Errorf("verdict %+v", v)
	}
}

func TestAnswersAreBounded(t *testing.T) {
	logins := make([]string, store.RosterMax)
	for i := range logins {
		logins[i] = strings.Repeat("x", chat.LoginBytesMax)
	}
	long := strings.Repeat("ä", 1<<20)
	for _, tc := range []struct {
		line string
		call func(*Call)
	}{
		{"mods", func(c *Call) { c.Mods = logins }},
		{"vips", func(c *Call) { c.VIPs = logins }},
		{"ban " + long, nil},
		{"ban eve " + long, nil},
		{"raid " + long, nil},
		{"announce " + long, nil},
		{"help " + long, nil},
		{"w eve " + long, nil},
		{"color " + long, nil},
		{"slow " + long, nil},
	} {
		cmd, call := scene(&example{line: tc.line, by: alice, call: tc.call})
		if n := sizeOf(cmd.Judge(call)); n > verdictBytesMax {
			t.Errorf("%.20q: %d bytes", tc.line, n)
		}
	}
	cmd, call := scene(&example{line: "mods", by: bob, call: func(c *Call) { c.Mods = logins }})
	if text := cmd.Judge(call).Notice.Text; !strings.HasSuffix(text, ", "+logins[0]) || len(text) < rosterBytesMax/2 {
		t.Errorf("the roster was cut to %d bytes, or within a login", len(text))
	}
}

// verdictBytesMax is a roster and its sentence, the most that there is.
const verdictBytesMax = rosterBytesMax + 100

// sizeOf is the length of all texts of a verdict.
func sizeOf(v Verdict) int {
	n := len(v.Notice.Text)
	for _, c := range v.Changes {
		if c.Change.Ban != nil {
			n += len(c.Change.Ban.Reason)
		}
	}
	for _, e := range v.Events {
		switch e := e.(type) {
		case *chat.Announcement:
			n += len(e.Text)
		case *chat.Deletion:
			n += len(e.Text)
		case *chat.ModeChange:
			n += len(e.Notice.Text)
		}
	}
	if v.Whisper != nil {
		n += len(v.Whisper.Line.Text)
	}
	return n
}
