package battery

import (
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"
)

var msgCases = []battery{
	{name: "41-msg-fanout", over: both, run: msgFanout},
	{name: "42-msg-othersession", over: both, run: msgOtherSession},
	{name: "43-msg-nonce", over: both, run: msgNonce},
	{name: "44-msg-reply", over: both, run: msgReply},
	{name: "45-msg-me", over: both, run: msgMe},
	{name: "46-msg-escape", over: both, run: msgEscape},
	{name: "47-msg-501", over: both, run: msg501},
	{name: "48-msg-trim", over: both, run: msgTrim},
	{name: "49-msg-dup", over: both, run: msgDuplicate},
	{name: "50-msg-rate", over: both, run: msgRate},
	{name: "52-msg-anon", over: both, run: msgAnon},
	{name: "54-cmd-unknown", over: both, run: cmdUnknown},
	{name: "57-reconnect", over: both, run: reconnect},
}

var uuidPattern = regexp.MustCompile(`^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$`)

func msgFanout(t *testing.T, w world) {
	room := "#" + fresh("room")
	a, b := w.bot(t, room), w.bot(t, room)
	c := w.login(t, fresh("c"), capBot)
	roomID := c.join(room).tags["room-id"]
	state := a.say(room, "hello all")
	if state.prefix != "tmi.twitch.tv" || !uuidPattern.MatchString(state.tags["id"]) {
		t.Errorf("USERSTATE is %q, want the message's UUID as id", state.raw)
	}
	a.say(room, "and again") // nothing else came between: no echo of one's own line
	for _, reader := range []*client{b, c} {
		m := reader.wantLine(room, a.nick, "hello all")
		reader.wantKeys(m, "badge-info", "badges", "color", "display-name", "emotes", "first-msg", "flags", "id", "mod",
			"returning-chatter", "room-id", "subscriber", "tmi-sent-ts", "turbo", "user-id", "user-type")
		if m.tags["id"] != state.tags["id"] {
			t.Errorf("PRIVMSG has id %q, the sender's USERSTATE has %q", m.tags["id"], state.tags["id"])
		}
		if m.tags["room-id"] != roomID || !isDecimal(m.tags["user-id"]) {
			t.Errorf("room-id %q, user-id %q, want %q and a decimal", m.tags["room-id"], m.tags["user-id"], roomID)
		}
		if m.tags["mod"] != "0" || m.tags["badges"] != "" || m.tags["display-name"] == "" {
			t.Errorf("tags of an ordinary user are %q", m.raw)
		}
		ms, err := strconv.ParseInt(m.tags["tmi-sent-ts"], 10, 64)
		if age := time.Since(time.UnixMilli(ms)); err != nil || age < -time.Minute || age > time.Minute {
			t.Errorf("tmi-sent-ts is %q, want the time now in milliseconds", m.tags["tmi-sent-ts"])
		}
		reader.wantLine(room, a.nick, "and again") // exactly one before
		reader.wantNothing()
	}

	outsider := w.bot(t) // may speak without JOIN
	outsider.say(room, "from outside")
	b.wantLine(room, outsider.nick, "from outside")
}

func msgOtherSession(t *testing.T, w world) {
	room := "#" + fresh("room")
	writer := w.bot(t, room)
	reader := w.login(t, writer.nick, capBot)
	reader.join(room)
	writer.say(room, "from my other hand")
	reader.wantLine(room, writer.nick, "from my other hand")
	reader.wantNothing() // its USERSTATE went to the sending connection
	writer.wantNothing()
}

func msgNonce(t *testing.T, w world) {
	room := "#" + fresh("room")
	a, b := w.bot(t, room), w.bot(t, room)
	a.send("@badges=admin/1;bits=100;client-nonce=abc123;+x=y;mod=1;foo PRIVMSG " + room + " :with nonce")
	if m := a.wantMsg("USERSTATE", room); m.tags["client-nonce"] != "abc123" {
		t.Errorf("USERSTATE is %q, want client-nonce=abc123", m.raw)
	}
	m := b.wantLine(room, a.nick, "with nonce")
	b.wantKeys(m, "badge-info", "badges", "client-nonce", "color", "display-name", "emotes", "first-msg", "flags", "id", "mod",
		"returning-chatter", "room-id", "subscriber", "tmi-sent-ts", "turbo", "user-id", "user-type")
	if m.tags["client-nonce"] != "abc123" || m.tags["badges"] != "" || m.tags["mod"] != "0" {
		t.Errorf("PRIVMSG is %q, want the nonce and no other tag of the sender", m.raw)
	}
	a.send("@client-nonce=" + strings.Repeat("n", 65) + " PRIVMSG " + room + " :long nonce")
	if got := a.wantMsg("USERSTATE", room).tags["client-nonce"]; len(got) > 64 {
		t.Errorf("a nonce of 65 bytes came back with %d, want at most 64", len(got))
	}
	b.wantLine(room, a.nick, "long nonce")
}

func msgReply(t *testing.T, w world) {
	room := "#" + fresh("room")
	a, b := w.bot(t, room), w.bot(t, room)
	head := a.say(room, `one; two \ three`).tags["id"]
	first := b.wantLine(room, a.nick, `one; two \ three`)
	b.send("@reply-parent-msg-id=" + head + " PRIVMSG " + room + " :an answer")
	b.wantMsg("USERSTATE", room)
	answer := a.wantMsg("PRIVMSG", room)
	if !strings.HasSuffix(answer.text(), "an answer") { // "@parent " may stand before it
		t.Errorf("the answer reads %q", answer.text())
	}
	a.wantTags(answer, map[string]string{
		"reply-parent-msg-id":              head,
		"reply-parent-user-id":             first.tags["user-id"],
		"reply-parent-user-login":          a.nick,
		"reply-parent-display-name":        first.tags["display-name"],
		"reply-parent-msg-body":            `one\:\stwo\s\\\sthree`,
		"reply-thread-parent-msg-id":       head,
		"reply-thread-parent-user-id":      first.tags["user-id"],
		"reply-thread-parent-user-login":   a.nick,
		"reply-thread-parent-display-name": first.tags["display-name"],
	})

	a.send("@reply-parent-msg-id=" + answer.tags["id"] + " PRIVMSG " + room + " :and back")
	a.wantMsg("USERSTATE", room)
	back := b.wantMsg("PRIVMSG", room)
	b.wantTags(back, map[string]string{
		"reply-parent-msg-id":            answer.tags["id"],
		"reply-parent-user-login":        b.nick,
		"reply-thread-parent-msg-id":     head,
		"reply-thread-parent-user-login": a.nick,
	})

	a.send("@reply-parent-msg-id=00000000-0000-4000-8000-000000000000 PRIVMSG " + room + " :to nobody")
	a.wantMsg("USERSTATE", room)
	if m := b.wantLine(room, a.nick, "to nobody"); strings.Contains(m.raw, "reply-") {
		t.Errorf("got %q, want a plain line when the parent is unknown", m.raw)
	}
}

// wantTags requires that the message has these tags with these escaped values.
func (c *client) wantTags(m message, want map[string]string) {
	c.t.Helper()
	for key, value := range want {
		if got, ok := m.tags[key]; !ok || got != value {
			c.t.Errorf("tag %s is %q, want %q, in %q", key, got, value, m.raw)
		}
	}
}

// relays is a case body: each text sent arrives as the other.
func relays(pairs ...[2]string) func(*testing.T, world) {
	return func(t *testing.T, w world) {
		room := "#" + fresh("room")
		a, b := w.bot(t, room), w.bot(t, room)
		for _, pair := range pairs {
			a.say(room, pair[0])
			b.wantLine(room, a.nick, pair[1])
		}
		b.wantNothing()
	}
}

func msgMe(t *testing.T, w world) {
	relays(
		[2]string{"/me hi", "\x01ACTION hi\x01"},
		[2]string{".me waves  twice ", "\x01ACTION waves twice\x01"},
		[2]string{"\x01ACTION dances\x01", "\x01ACTION dances\x01"},
	)(t, w)
}

func msgEscape(t *testing.T, w world) {
	relays([2]string{"/ /x", "/x"}, [2]string{"..x", "..x"}, [2]string{"...", "..."})(t, w)
}

func msg501(t *testing.T, w world) {
	var pairs [][2]string
	for _, letter := range []string{"a", "é", "語", "😀"} {
		pairs = append(pairs, [2]string{strings.Repeat(letter, 501), strings.Repeat(letter, 500)})
	}
	pairs = append(pairs, [2]string{"x" + strings.Repeat("😀", 600), "x" + strings.Repeat("😀", 499)})
	relays(pairs...)(t, w)
}

func msgTrim(t *testing.T, w world) {
	relays([2]string{"  a   b  ", "a b"}, [2]string{"c    ", "c"})(t, w)

	room := "#" + fresh("room")
	a, b := w.bot(t, room), w.bot(t, room)
	a.send("PRIVMSG "+room+" :   ", "PRIVMSG "+room+" :", "PRIVMSG "+room, "PRIVMSG "+room+" :/me   ")
	a.say(room, "after silence") // the next line is its USERSTATE
	b.wantLine(room, a.nick, "after silence")
}
