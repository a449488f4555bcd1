package chat

import (
	"strings"
	"testing"
	"time"

	"uproar/core/chat"
	"uproar/edge/engine"
)

func TestEventsAreToldInTwitchsWords(t *testing.T) {
	h := newHall(t, engine.Config{})
	tagged := h.member(WireTCP, withTags, "bob")
	commands := h.member(WireTCP, "CAP REQ twitch.tv/commands\r\n", "carl")
	plain := h.member(WireTCP, "", "dora")
	place := chat.Place{Room: "room", RoomID: "12", Time: time.UnixMilli(5)}
	eve := &chat.User{ID: "8", Login: "eve", Display: "Eve"}
	mod := &chat.User{ID: "9", Login: "mod", Display: "Mod", Color: "#FF0000"}
	for _, tc := range []struct {
		name       string
		event      chat.Event
		want       string // with tags
		wantNoTags string
	}{
		{"timeout", &chat.Clearing{Place: place, Target: eve, For: 350 * time.Second},
			"@ban-duration=350;room-id=12;target-user-id=8;tmi-sent-ts=5 ", ":tmi.twitch.tv CLEARCHAT #room :eve\r\n"},
		{"ban", &chat.Clearing{Place: place, Target: eve},
			"@room-id=12;target-user-id=8;tmi-sent-ts=5 ", ":tmi.twitch.tv CLEARCHAT #room :eve\r\n"},
		{"clear", &chat.Clearing{Place: place},
			"@room-id=12;tmi-sent-ts=5 ", ":tmi.twitch.tv CLEARCHAT #room\r\n"},
		{"delete", &chat.Deletion{Place: place, MessageID: "id-1", Login: "eve", Text: "oh no"},
			"@login=eve;room-id=12;target-msg-id=id-1;tmi-sent-ts=5 ", ":tmi.twitch.tv CLEARMSG #room :oh no\r\n"},
		{"announce", &chat.Announcement{Place: place, ID: "i", User: mod, Roles: chat.Moderator, Text: "hear", Color: "BLUE"},
			"@badge-info=;badges=moderator/1;color=#FF0000;display-name=Mod;emotes=;flags=;id=i;login=mod;mod=1;" +
				"msg-id=announcement;msg-param-color=BLUE;room-id=12;subscriber=0;system-msg=;tmi-sent-ts=5;turbo=0;user-id=9;user-type=mod ",
			":tmi.twitch.tv USERNOTICE #room :hear\r\n"},
		{"raid", &chat.Raid{Place: place, ID: "i", User: mod, Roles: chat.VIP, Viewers: 3},
			"@badge-info=;badges=vip/1;color=#FF0000;display-name=Mod;emotes=;flags=;id=i;login=mod;mod=0;msg-id=raid;" +
				"msg-param-displayName=Mod;msg-param-login=mod;msg-param-viewerCount=3;room-id=12;subscriber=0;" +
				"system-msg=3\\sraiders\\sfrom\\sMod\\shave\\sjoined!;tmi-sent-ts=5;turbo=0;user-id=9;user-type= ",
			":tmi.twitch.tv USERNOTICE #room\r\n"},
	} {
		h.accept(tc.event)
		if got := string(tagged.read()); got != tc.want+tc.wantNoTags {
			t.Errorf("%s:\ngot  %q\nwant %q", tc.name, got, tc.want+tc.wantNoTags)
		}
		if got := string(commands.read()); got != tc.wantNoTags {
			t.Errorf("%s without tags: %q", tc.name, got)
		}
		if got := string(plain.read()); got != "" {
			t.Errorf("%s without commands: %q", tc.name, got)
		}
	}
}

func TestModeChangeHasTwoTagsAndANotice(t *testing.T) {
	h := newHall(t, engine.Config{})
	g := h.member(WireTCP, withTags, "bob")
	for _, tc := range []struct {
		mode  chat.Mode
		modes chat.Modes
		want  string
	}{
		{chat.ModeSlow, chat.Modes{Slow: 10 * time.Second}, "@room-id=12;slow=10"},
		{chat.ModeSubscribers, chat.Modes{SubscribersOnly: true}, "@room-id=12;subs-only=1"},
		{chat.ModeFollowers, chat.Modes{}, "@followers-only=-1;room-id=12"},
		{chat.ModeFollowers, chat.Modes{FollowersOnly: true, FollowersFor: time.Hour}, "@followers-only=60;room-id=12"},
		{chat.ModeEmotes, chat.Modes{EmoteOnly: true}, "@emote-only=1;room-id=12"},
		{chat.ModeUnique, chat.Modes{}, "@r9k=0;room-id=12"},
	} {
		h.accept(&chat.ModeChange{
			Place: chat.Place{Room: "room", RoomID: "12"}, Mode: tc.mode, Modes: tc.modes,
			Notice: chat.Notice{MsgID: "some_id", Text: "As it is now."},
		})
		want := tc.want + " :tmi.twitch.tv ROOMSTATE #room\r\n@msg-id=some_id :tmi.twitch.tv NOTICE #room :As it is now.\r\n"
		if got := string(g.read()); got != want {
			t.Errorf("got  %q\nwant %q", got, want)
		}
	}
}

func TestBadgesAreListedFromTheHighest(t *testing.T) {
	got := string(appendBadges(nil, chat.Subscriber|chat.VIP|chat.Moderator|chat.Broadcaster))
	if got != "broadcaster/1,moderator/1,vip/1,subscriber/0" || strings.Contains(got, ",,") {
		t.Fatal(got)
	}
}

func TestBanPartsAllSessionsOfTheUserAndATimeoutNone(t *testing.T) {
	h := newHall(t, engine.Config{})
	first, second := h.member(WireTCP, withTags, "eve"), h.member(WireIRC, "", "eve")
	other := h.member(WireTCP, "", "bob")
	eve := first.user
	h.accept(&chat.Clearing{Place: chat.Place{Room: "room"}, Target: eve, For: time.Second})
	if len(first.seats) != 1 {
		t.Fatal("a timeout parted")
	}
	first.read()
	h.accept(&chat.Clearing{Place: chat.Place{Room: "room"}, Target: eve}, message(nil, "after"))
	got := string(first.read())
	if !strings.Contains(got, "CLEARCHAT #room :eve\r\n") || !strings.HasSuffix(got, ":eve!eve@eve.tmi.twitch.tv PART #room\r\n") {
		t.Errorf("read %q", got)
	}
	if got := string(second.read()); !strings.Contains(got, "PART #room\r\n") {
		t.Errorf("the second session read %q", got)
	}
	if len(first.seats)+len(second.seats) != 0 || len(other.seats) != 1 {
		t.Error("seats after the ban are wrong")
	}
	h.accept(message(nil, "later"))
	if got := string(first.read()); got != "" {
		t.Errorf("who was banned read %q", got)
	}
}

func TestWhisperReachesAllConnectionsOfOneUser(t *testing.T) {
	h := newHall(t, engine.Config{})
	first, second := h.member(WireTCP, withTags, "bob"), h.member(WireTCP, "CAP REQ twitch.tv/commands\r\n", "bob")
	other := h.member(WireTCP, withTags, "carl")
	from := &chat.User{ID: "4", Login: "ann", Display: "Ann", Color: "#112233"}
	h.hub.Whisper("bob", &chat.Whisper{ID: "1", ThreadID: "4_5", From: from, Text: "psst"})
	h.loop.Turn(func() {})
	const line = ":ann!ann@ann.tmi.twitch.tv WHISPER bob :psst\r\n"
	const tags = "@badges=;color=#112233;display-name=Ann;emotes=;message-id=1;thread-id=4_5;turbo=0;user-id=4;user-type= "
	if got := string(first.read()); got != tags+line {
		t.Errorf("read %q", got)
	}
	if got := string(second.read()); got != line {
		t.Errorf("read %q", got)
	}
	if got := string(other.read()); got != "" {
		t.Errorf("another user read %q", got)
	}
	h.loop.Turn(func() { first.conn.Abort(engine.ReasonQuit); second.conn.Abort(engine.ReasonQuit) })
	if n := len(loopOf(h.loop.Loop).logins); n != 1 {
		t.Errorf("%d logins stay", n)
	}
}
