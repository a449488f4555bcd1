package battery

import (
	"fmt"
	"strings"
	"testing"
	"time"
)

const (
	textBanned    = "You are permanently banned from talking in %s."
	textDuplicate = "Your message was not sent because it is identical to the previous one you sent, less than 30 seconds ago."
	textNoRoom    = "This channel does not exist or has been suspended."
)

func joinMissing(t *testing.T, w world) {
	room, missing := "#"+fresh("room"), "#"+fresh("missing")
	w = w.own(t, "--rooms=created")
	w.set(t, ofRoom(room), `{"created":true}`)
	c := w.bot(t)
	c.send("JOIN " + missing + "," + room) // in silence, and nothing is lost behind it
	c.wantBurst(room)
	c.wantNothing()
	c.refused(missing, "is anybody there", "msg_channel_suspended", textNoRoom)
	anon := w.login(t, "justinfan33", capBot)
	anon.send("JOIN " + missing + "," + room)
	anon.wantBurst(room)
}

func joinSuspended(t *testing.T, w world) {
	room, good := "#"+fresh("room"), "#"+fresh("good")
	w.set(t, ofRoom(room), `{"suspended":true}`)
	for _, c := range []*client{w.bot(t), w.owner(t, room), w.login(t, "justinfan34", capBot)} {
		c.send("JOIN " + room)
		c.want("@msg-id=msg_channel_suspended :tmi.twitch.tv NOTICE " + room + " :" + textNoRoom)
		c.wantNothing() // no JOIN
	}
	c := w.bot(t)
	c.refused(room, "hello", "msg_channel_suspended", textNoRoom)
	c.join(good)
}

func joinBanned(t *testing.T, w world) {
	room, good := "#"+fresh("room"), "#"+fresh("good")
	owner, c := w.owner(t, room), w.bot(t)
	owner.command(room, "/ban "+c.nick+" for a reason", "ban_success")
	c.send("JOIN " + room + "," + good)
	c.want("@msg-id=msg_banned :tmi.twitch.tv NOTICE " + room + " :" + fmt.Sprintf(textBanned, room[1:]))
	c.wantBurst(good)
	c.wantNothing()
	owner.command(room, "/unban "+c.nick, "unban_success")
	c.join(room)
	c.say(room, "thank you")

	owner.command(room, "/timeout "+c.nick+" 60", "timeout_success")
	again := w.login(t, c.nick, capBot)
	again.join(room) // who is timed out may read
}

func banParts(t *testing.T, w world) {
	room := "#" + fresh("room")
	owner := w.owner(t, room)
	target := w.bot(t, room)
	reader := w.login(t, target.nick, capBot) // its other session
	reader.join(room)
	witness := w.login(t, fresh("witness"), capTags) // without commands
	witness.send("JOIN " + room)
	for range 3 {
		witness.next()
	}
	target.say(room, "something bad")
	reader.wantLine(room, target.nick, "something bad")
	witness.wantLine(room, target.nick, "something bad")

	owner.command(room, "/ban "+target.nick, "ban_success")
	for _, c := range []*client{target, reader} {
		m := c.wantMsg("CLEARCHAT", room, target.nick)
		c.wantKeys(m, "room-id", "target-user-id", "tmi-sent-ts")
		c.want(":" + c.nick + "!" + c.nick + "@" + c.nick + ".tmi.twitch.tv PART " + room)
	}
	target.refused(room, "let me explain", "msg_banned", fmt.Sprintf(textBanned, room[1:]))
	owner.command(room, "/ban "+target.nick, "already_banned")
	owner.say(room, "he is gone")
	witness.wantLine(room, owner.nick, "he is gone")
	target.wantNothing() // no longer in the room
	reader.wantNothing()
	witness.wantNothing()
}

func duplicateOfModerator(t *testing.T, w world) {
	room := "#" + fresh("room")
	owner := w.owner(t, room)
	for _, role := range []string{"mod", "vip"} {
		c := w.bot(t, room)
		c.say(room, "same")
		c.refused(room, "same", "msg_duplicate", textDuplicate)
		owner.command(room, "/"+role+" "+c.nick, role+"_success")
		state := c.say(room, "same")
		if want := map[string]string{"mod": "moderator/1", "vip": "vip/1"}[role]; state.tags["badges"] != want {
			t.Errorf("USERSTATE is %q, want badges=%s", state.raw, want)
		}
		c.say(room, "same")
		owner.command(room, "/un"+role+" "+c.nick, "un"+role+"_success")
		c.refused(room, "same", "msg_duplicate", textDuplicate)
		c.send("PART " + room)
		c.wantMsg("PART", room)
	}
}

// msgGap wants the second between two lines of a viewer that Twitch asks for
// everywhere, per room, and not of those who moderate.
func msgGap(t *testing.T, w world) {
	w = w.own(t, "--line-gap=1s", "--rate-limit=1000/30s")
	room, elsewhere := "#"+fresh("room"), "#"+fresh("room")
	c, owner := w.bot(t, room), w.owner(t, room)
	sent := time.Now()
	c.say(room, "one")
	c.refused(room, "two", "msg_ratelimit", "Your message was not sent because you are sending messages too quickly.")
	c.say(elsewhere, "another room")
	if waited := c.awaitSay(room, "msg_ratelimit", sent); waited < time.Second {
		t.Errorf("a second line was accepted %v after the first, want at least 1s", waited)
	}
	owner.say(room, "one")
	owner.say(room, "two")
	owner.command(room, "/mod "+c.nick, "mod_success")
	c.wantLine(room, owner.nick, "one")
	c.wantLine(room, owner.nick, "two")
	c.say(room, "three")
	c.say(room, "four")
}

func msgTimeout(t *testing.T, w world) {
	room := "#" + fresh("room")
	owner, c := w.owner(t, room), w.bot(t, room)
	began := time.Now()
	if m := owner.command(room, "/timeout "+c.nick+" 1h calm down", "timeout_success"); m.text() != c.nick+" has been timed out for 1 hour." {
		t.Errorf("NOTICE reads %q", m.text())
	}
	m := c.wantMsg("CLEARCHAT", room, c.nick)
	c.wantKeys(m, "ban-duration", "room-id", "target-user-id", "tmi-sent-ts")
	if m.tags["ban-duration"] != "3600" {
		t.Errorf("CLEARCHAT is %q, want ban-duration=3600", m.raw)
	}
	c.wantSeconds(c.command(room, "sorry", "msg_timedout"), "You are timed out for %d more seconds.", 3600, began)
	owner.command(room, "/untimeout "+c.nick, "untimeout_success")
	c.say(room, "I was timed out") // and still in the room

	began = time.Now()
	owner.command(room, "/timeout "+c.nick+" 1", "timeout_success")
	c.wantMsg("CLEARCHAT", room, c.nick)
	if waited := c.awaitSay(room, "msg_timedout", began); waited < time.Second {
		t.Errorf("a line was accepted %v after a timeout of one second", waited)
	}
}

// wantSeconds requires exactly the text of format, whose number is what is left now of
// n seconds that began then.
func (c *client) wantSeconds(m message, format string, n int, began time.Time) {
	c.t.Helper()
	var got int
	if _, err := fmt.Sscanf(m.text(), format, &got); err != nil || m.text() != fmt.Sprintf(format, got) {
		c.t.Errorf("NOTICE reads\n got %q\nwant %q", m.text(), fmt.Sprintf(format, n))
	}
	if least := n - int(time.Since(began)/time.Second) - 1; got < least || got > n {
		c.t.Errorf("NOTICE tells of %d seconds, want %d to %d", got, least, n)
	}
}

func msgTerms(t *testing.T, w world) {
	room, held := "#"+fresh("room"), "#"+fresh("room")
	w.set(t, ofRoom(room), `{"terms":["Spam*","*phish","two  words","exact"]}`)
	w.set(t, ofRoom(held), `{"terms":["spam*"],"hold_terms":true}`)
	c, b, owner := w.bot(t), w.bot(t, room), w.owner(t, room)
	for _, bad := range []string{"SPAMMER here", "a megaphish", "say Two Words now", "exact"} {
		c.refused(room, bad, "msg_rejected_mandatory", "Your message wasn't posted due to conflicts with the channel's moderation settings.")
	}
	c.refused(held, "spam", "msg_rejected", "Hey! Your message is being checked by mods and has not been sent.")
	for _, good := range []string{"nospam", "phishing", "two other words", "exactly"} {
		c.say(room, good)
		b.wantLine(room, c.nick, good)
	}
	owner.say(room, "no spam please") // who moderates may say so
	b.wantLine(room, owner.nick, "no spam please")
	b.wantNothing()
}

// cmdRosters wants the two lists that clients parse, word for word.
func cmdRosters(t *testing.T, w world) {
	room := "#" + fresh("room")
	owner, c := w.owner(t, room), w.bot(t)
	a, b := fresh("amod"), fresh("bmod")
	owner.command(room, "/mods", "no_mods")
	owner.command(room, "/vips", "no_vips")
	owner.command(room, "/mod "+b, "mod_success")
	owner.command(room, "/mod "+a, "mod_success")
	owner.command(room, "/mod "+a, "bad_mod_mod")
	c.refused(room, "/mods", "room_mods", "The moderators of this channel are: "+a+", "+b)
	owner.command(room, "/unmod "+a, "unmod_success")
	owner.command(room, "/vip "+a, "vip_success")
	c.refused(room, "/mods", "room_mods", "The moderators of this channel are: "+b)
	c.refused(room, "/vips", "vips_success", "The VIPs of this channel are: "+a+".")
	for _, text := range []string{"/ban " + a, "/mod " + c.nick, "/slow 10", "/clear", "/delete x"} {
		c.command(room, text, "no_permission")
	}
}

func clearMsgOrder(t *testing.T, w world) {
	room := "#" + fresh("room")
	owner, a, b := w.owner(t, room), w.bot(t, room), w.bot(t, room)
	for _, said := range [][2]string{{"delete this", "delete this"}, {"/me dances", "\x01ACTION dances\x01"}} {
		id := a.say(room, said[0]).tags["id"]
		line := b.wantLine(room, a.nick, said[1])
		owner.command(room, "/delete "+id, "delete_message_success")
		for _, c := range []*client{a, b} {
			m := c.wantMsg("CLEARMSG", room, said[1])
			c.wantKeys(m, "login", "room-id", "target-msg-id", "tmi-sent-ts")
			c.wantTags(m, map[string]string{"login": a.nick, "room-id": line.tags["room-id"], "target-msg-id": id})
		}
	}
	owner.command(room, "/delete 00000000-0000-4000-8000-000000000000", "bad_delete_message_error")
	a.wantNothing()
	b.wantNothing()
}

// clearChatForms wants CLEARCHAT of a whole room, which names nobody.
func clearChatForms(t *testing.T, w world) {
	room := "#" + fresh("room")
	owner, c := w.owner(t, room), w.bot(t)
	id := c.join(room).tags["room-id"]
	plain := w.login(t, fresh("plain"), capCommands)
	plain.join(room)
	owner.send("PRIVMSG " + room + " :/clear")
	m := c.wantMsg("CLEARCHAT", room)
	c.wantKeys(m, "room-id", "tmi-sent-ts")
	if len(m.params) != 1 || m.tags["room-id"] != id || !strings.HasPrefix(m.raw, "@room-id="+id+";tmi-sent-ts=") {
		t.Errorf("got %q, want CLEARCHAT of room %s and of nobody", m.raw, id)
	}
	plain.want(":tmi.twitch.tv CLEARCHAT " + room)
}
