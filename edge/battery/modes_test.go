package battery

import (
	"os"
	"path/filepath"
	"syscall"
	"testing"
	"time"
)

func msgSlow(t *testing.T, w world) {
	room := "#" + fresh("room")
	owner, c := w.owner(t, room), w.bot(t)
	c.joinAnd(owner, room, "/slow 100", "slow", "100")
	began := time.Now()
	c.say(room, "one")
	const reads = "This room is in slow mode and you are sending messages too quickly. You will be able to talk again in %d seconds."
	c.wantSeconds(c.command(room, "two", "msg_slowmode"), reads, 100, began)
	owner.say(room, "I may")
	owner.say(room, "as often as I like")
	c.wantLine(room, owner.nick, "I may")
	c.wantLine(room, owner.nick, "as often as I like")
	owner.command(room, "/vip "+c.nick, "vip_success")
	c.say(room, "two")
	c.say(room, "three")
}

// joinAnd joins a room and lets its owner send a command that gives the tag of ROOMSTATE
// this value.
func (c *client) joinAnd(owner *client, room, command, tag, value string) {
	c.t.Helper()
	c.join(room)
	owner.send("PRIVMSG " + room + " :" + command)
	m := c.wantMsg("ROOMSTATE", room)
	if m.tags[tag] != value {
		c.fatalf("got %q, want %s=%s", m.raw, tag, value)
	}
	n := c.wantMsg("NOTICE", room)
	owner.wantNotice(room, n.tags["msg-id"]) // who is not in the room is told, too
}

// emoteFile is a catalogue with the emotes of twitch-irc's examples.
func emoteFile(t *testing.T, more string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "emotes.txt")
	writeEmotes(t, path, more)
	return path
}

func writeEmotes(t *testing.T, path, more string) {
	t.Helper()
	if err := os.WriteFile(path, []byte("# id name\n25 Kappa\n1902 Keepo\n"+more), 0o600); err != nil {
		t.Fatal(err)
	}
}

func msgEmoteOnly(t *testing.T, w world) {
	w = w.own(t, "--emotes="+emoteFile(t, ""))
	room := "#" + fresh("room")
	owner, c := w.owner(t, room), w.bot(t)
	c.joinAnd(owner, room, "/emoteonly", "emote-only", "1")
	const reads = "This room is in emote-only mode. You can find your currently available emoticons using the smiley in the chat text area."
	c.refused(room, "words", "msg_emoteonly", reads)
	c.refused(room, "Kappa words", "msg_emoteonly", reads)
	c.say(room, "Kappa  Keepo")
	owner.say(room, "words of mine")
	c.wantLine(room, owner.nick, "words of mine")
}

func msgSubscribersOnly(t *testing.T, w world) {
	room, friend := "#"+fresh("room"), fresh("friend")
	w.set(t, ofMember(room, friend), `{"subscriber":true}`)
	owner, c, sub := w.owner(t, room), w.bot(t), w.login(t, friend, capBot)
	c.joinAnd(owner, room, "/subscribers", "subs-only", "1")
	c.refused(room, "hello", "msg_subsonly", "This room is in subscribers only mode. To talk, purchase a channel subscription.")
	sub.say(room, "I pay")
	m := c.wantLine(room, sub.nick, "I pay")
	c.wantTags(m, map[string]string{"subscriber": "1", "badges": "subscriber/0"})
	owner.say(room, "I own")
	c.wantLine(room, owner.nick, "I own")
}

func msgFollowers(t *testing.T, w world) {
	room, old, young := "#"+fresh("room"), fresh("old"), fresh("young")
	for login, ago := range map[string]time.Duration{old: 24 * time.Hour, young: 5*time.Minute + 10*time.Second} {
		w.set(t, ofMember(room, login), `{"follows":"`+time.Now().Add(-ago).Format(time.RFC3339)+`"}`)
	}
	owner, c := w.owner(t, room), w.bot(t)
	follower, newcomer := w.login(t, old, capBot), w.login(t, young, capBot)
	c.joinAnd(owner, room, "/followers", "followers-only", "0")
	c.refused(room, "hello", "msg_followersonly_zero",
		"This room is in followers-only mode. Follow "+room[1:]+" to join the community!")
	newcomer.say(room, "I follow")
	c.wantLine(room, young, "I follow")

	owner.command(room, "/followers 30m", "followers_on")
	if m := c.wantMsg("ROOMSTATE", room); m.tags["followers-only"] != "30" {
		t.Errorf("got %q, want followers-only=30", m.raw)
	}
	c.wantNotice(room, "followers_on")
	c.refused(room, "hello", "msg_followersonly",
		"This room is in 30 minutes followers-only mode. Follow "+room[1:]+" to join the community!")
	newcomer.command(room, "again", "msg_followersonly_followed")
	follower.say(room, "for a day")
	c.wantLine(room, old, "for a day")
}

func msgUnique(t *testing.T, w world) {
	room := "#" + fresh("room")
	owner, a, b := w.owner(t, room), w.bot(t), w.bot(t)
	a.joinAnd(owner, room, "/uniquechat", "r9k", "1")
	a.say(room, "never said before")
	b.refused(room, "never  said before ", "msg_r9k", "This room is in unique-chat mode and the message you attempted to send is not unique.")
	b.say(room, "nor this")
	a.wantLine(room, b.nick, "nor this")
	owner.say(room, "never said before")
	a.wantLine(room, owner.nick, "never said before")
	a.say(room, "something else") // or it were a duplicate
	a.command(room, "never said before", "msg_r9k")
	owner.command(room, "/uniquechatoff", "r9k_off")
	a.wantMsg("ROOMSTATE", room)
	a.wantNotice(room, "r9k_off")
	b.say(room, "never said before")
	a.wantLine(room, b.nick, "never said before")
}

// msgEmotes wants places in code points: 😀 is one, though it is two of UTF-16 and four
// bytes.
func msgEmotes(t *testing.T, w world) {
	path := emoteFile(t, "")
	w = w.own(t, "--emotes="+path)
	room := "#" + fresh("room")
	a, b := w.bot(t, room), w.bot(t, room)
	for _, c := range []struct{ text, emotes string }{
		{"😀 Kappa é語 Keepo Kappa", "25:2-6,17-21/1902:11-15"},
		{"Kappa Keepo Kappa", "25:0-4,12-16/1902:6-10"},
		{"/me Keepo", "1902:0-4"}, // behind "\x01ACTION "
		{"kappa KappaKeepo Kappa,", ""},
		{"LUL", ""},
	} {
		a.say(room, c.text)
		if m := b.wantMsg("PRIVMSG", room); m.tags["emotes"] != c.emotes {
			t.Errorf("emotes of %q are %q, want %q", c.text, m.tags["emotes"], c.emotes)
		}
	}

	writeEmotes(t, path, "425618 LUL\n")
	w.srv.Signal(syscall.SIGHUP)
	if !eventually(patience, func() bool {
		text := "LUL " + fresh("again")
		a.say(room, text)
		return b.wantLine(room, a.nick, text).tags["emotes"] == "425618:0-2"
	}) {
		t.Errorf("an emote that was added to the catalogue is unknown %v after SIGHUP", patience)
	}
}

// roomStatePartial wants two tags after each change, and a full ROOMSTATE after a JOIN.
func roomStatePartial(t *testing.T, w world) {
	room := "#" + fresh("room")
	owner := w.login(t, room[1:], capBot)
	id := owner.join(room).tags["room-id"]
	c := w.bot(t, room)
	for _, change := range []struct{ command, tags, msgID, text string }{
		{"/slow 10", "room-id=" + id + ";slow=10", "slow_on", "This room is now in slow mode. You may send messages every 10 seconds."},
		{"/followers 2h", "followers-only=120;room-id=" + id, "followers_on", "This room is now in 2 hours followers-only mode."},
		{"/subscribers", "room-id=" + id + ";subs-only=1", "subs_on", "This room is now in subscribers-only mode."},
		{"/emoteonly", "emote-only=1;room-id=" + id, "emote_only_on", "This room is now in emote-only mode."},
		{"/r9kbeta", "r9k=1;room-id=" + id, "r9k_on", "This room is now in unique-chat mode."},
	} {
		c.wantChanged(owner, room, change.command, change.tags, change.msgID, change.text)
	}
	owner.command(room, "/slow 10", "already_slow_on")
	owner.command(room, "/emoteonly", "already_emote_only_on")
	owner.command(room, "/slow 0", "usage_slow_on")
	owner.command(room, "/slow 1d", "bad_slow_duration")
	full := "@emote-only=1;followers-only=120;r9k=1;room-id=" + id + ";slow=10;subs-only=1 :tmi.twitch.tv ROOMSTATE " + room
	if state := w.bot(t).join(room); state.raw != full {
		t.Errorf("ROOMSTATE\n got %q\nwant %q", state.raw, full)
	}
	for _, change := range []struct{ command, tags, msgID, text string }{
		{"/slowoff", "room-id=" + id + ";slow=0", "slow_off", "This room is no longer in slow mode."},
		{"/followersoff", "followers-only=-1;room-id=" + id, "followers_off", "This room is no longer in followers-only mode."},
		{"/subscribersoff", "room-id=" + id + ";subs-only=0", "subs_off", "This room is no longer in subscribers-only mode."},
		{"/emoteonlyoff", "emote-only=0;room-id=" + id, "emote_only_off", "This room is no longer in emote-only mode."},
		{"/r9kbetaoff", "r9k=0;room-id=" + id, "r9k_off", "This room is no longer in unique-chat mode."},
	} {
		c.wantChanged(owner, room, change.command, change.tags, change.msgID, change.text)
	}
	c.say(room, "all is as before")
}

// wantChanged lets the owner, who is in the room, change a mode, and requires that both
// are told of it next.
func (c *client) wantChanged(owner *client, room, command, tags, msgID, text string) {
	c.t.Helper()
	owner.send("PRIVMSG " + room + " :" + command)
	for _, member := range []*client{owner, c} {
		member.want(
			"@"+tags+" :tmi.twitch.tv ROOMSTATE "+room,
			"@msg-id="+msgID+" :tmi.twitch.tv NOTICE "+room+" :"+text,
		)
	}
}

// joinRace lets people join in the very moment in which a room changes: they learn of
// it, by the ROOMSTATE of their JOIN or by another behind it.
func joinRace(t *testing.T, w world) {
	const rounds = 30
	for range rounds {
		room := "#" + fresh("room")
		owner, c := w.owner(t, room), w.bot(t)
		owner.send("PRIVMSG " + room + " :/emoteonly")
		for state := c.join(room); state.tags["emote-only"] != "1"; {
			if m := parse(c.next()); m.command == "ROOMSTATE" {
				state = m
			}
		}
	}
}

// banRace lets people join in the very moment in which they are banned: they are not in
// the room in the end.
func banRace(t *testing.T, w world) {
	const rounds = 30
	for range rounds {
		room := "#" + fresh("room")
		owner, c := w.owner(t, room), w.bot(t)
		owner.send("PRIVMSG " + room + " :/ban " + c.nick)
		c.send("JOIN " + room)
		for m := parse(c.next()); m.command != "PART" && m.tags["msg-id"] != "msg_banned"; {
			m = parse(c.next())
		}
		owner.wantNotice(room, "ban_success")
		owner.say(room, "who is there")
		c.send("PING end")
		for m := parse(c.next()); m.command != "PONG"; m = parse(c.next()) {
			if m.command == "PRIVMSG" {
				c.fatalf("got %q, want nothing after the ban", m.raw)
			}
		}
	}
}
