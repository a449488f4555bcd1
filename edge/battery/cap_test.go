package battery

import (
	"strings"
	"testing"
)

var capCases = []battery{
	{name: "14-cap-ls", over: both, run: capLS},
	{name: "15-cap-ack-verbatim", over: both, run: capAckVerbatim},
	{name: "16-cap-ack-nocolon", over: both, run: capAckNoColon},
	{name: "17-cap-nak", over: both, run: capNak},
	{name: "18-cap-end-silent", over: both, run: capEndSilent},
	{name: "19-cap-bad", over: both, run: capBad},
	{name: "20-cap-late", over: both, run: capLate},
	{name: "21-cap-gating", over: both, run: capGating},
}

func capLS(t *testing.T, w world) {
	for _, ask := range []string{"CAP LS 302", "CAP LS"} {
		c := w.dial(t)
		c.send(ask)
		c.want(":tmi.twitch.tv CAP * LS :" + capTags + " " + capCommands + " " + capMembership + " " + capResume)
		c.send("NICK justinfan14") // the welcome does not wait for CAP END
		c.want(welcome("justinfan14")...)
	}
}

func capAckVerbatim(t *testing.T, w world) {
	odd := capMembership + " " + capTags + " " + capCommands
	c := w.dial(t)
	c.req(odd)
	c.req(odd) // again: already on, still verbatim
	c.register(fresh("bob"), "")
	c.wantMsg("GLOBALUSERSTATE")
	c.req(odd) // the target stays * after registration
	c.wantNothing()
}

func capAckNoColon(t *testing.T, w world) {
	c := w.login(t, fresh("bob"), "")
	for _, name := range []string{capMembership, capTags, capCommands} {
		c.send("CAP REQ " + name)
		c.want(":tmi.twitch.tv CAP * ACK :" + name)
	}
	c.join("#" + fresh("room"))
}

func capNak(t *testing.T, w world) {
	room := "#" + fresh("room")
	reader := w.dial(t)
	for _, list := range []string{capTags + " foo", "foo " + capTags, "twitch.tv/foo", "TWITCH.TV/TAGS"} {
		reader.send("CAP REQ :" + list)
		reader.want(":tmi.twitch.tv CAP * NAK :" + list)
	}
	reader.register(fresh("reader"), "")
	reader.send("JOIN " + room)
	reader.wantMsg("JOIN", room)
	reader.wantMsg("353")
	reader.wantMsg("366")

	sender := w.bot(t, room)
	sender.say(room, "tags stay off")
	if m := reader.wantLine(room, sender.nick, "tags stay off"); len(m.keys) > 0 {
		t.Errorf("got %q, want no tags after a NAK", m.raw)
	}
}

func capEndSilent(t *testing.T, w world) {
	c := w.dial(t)
	c.send("CAP END")
	c.wantNothing()
	c.register(fresh("bob"), capBot)
	c.send("CAP END")
	c.wantNothing()
}

func capBad(t *testing.T, w world) {
	c := w.dial(t)
	c.send("CAP FOO")
	c.want(":tmi.twitch.tv 410 * FOO :Invalid CAP command")
	c.register(fresh("bob"), "")
	c.send("CAP FOO :bar baz")
	c.want(":tmi.twitch.tv 410 * FOO :Invalid CAP command")
}

func capLate(t *testing.T, w world) {
	room := "#" + fresh("room")
	watcher := w.bot(t, room)
	watcher.req(capMembership)
	other := w.bot(t, room)
	watcher.want(":" + other.nick + "!" + other.nick + "@" + other.nick + ".tmi.twitch.tv JOIN " + room)

	watcher.send("CAP LIST")
	list := watcher.wantMsg("CAP", "*", "LIST").text()
	for _, name := range []string{capTags, capCommands, capMembership} {
		if !strings.Contains(list, name) {
			t.Errorf("CAP LIST is %q, want %s in it", list, name)
		}
	}
	watcher.req("-" + capTags)
	other.say(room, "no tags now")
	if m := watcher.wantLine(room, other.nick, "no tags now"); len(m.keys) > 0 {
		t.Errorf("got %q after CAP REQ :-%s, want no tags", m.raw, capTags)
	}
}

func capGating(t *testing.T, w world) {
	room := "#" + fresh("room")
	plain := w.login(t, fresh("plain"), "")
	tagged := w.login(t, fresh("tagged"), capTags)
	for _, c := range []*client{plain, tagged} { // without commands: no USERSTATE, no ROOMSTATE
		c.send("JOIN " + room)
		c.wantMsg("JOIN", room)
		c.wantMsg("353")
		c.wantMsg("366")
		c.wantNothing()
	}
	commands := w.login(t, fresh("commands"), capCommands)
	if m := commands.join(room); len(m.keys) > 0 {
		t.Errorf("got %q without the tags capability, want no tags", m.raw)
	}

	plain.send("PRIVMSG " + room + " :from plain")
	if m := tagged.wantLine(room, plain.nick, "from plain"); m.tags["id"] == "" {
		t.Errorf("got %q with the tags capability, want tags", m.raw)
	}
	if m := commands.wantLine(room, plain.nick, "from plain"); len(m.keys) > 0 {
		t.Errorf("got %q without the tags capability, want no tags", m.raw)
	}
	commands.say(room, "from commands")
	if m := plain.wantLine(room, commands.nick, "from commands"); len(m.keys) > 0 {
		t.Errorf("got %q without capabilities, want no tags", m.raw)
	}
	commands.send("PRIVMSG " + room + " :/nosuchcommand")
	if m := commands.wantMsg("NOTICE", room); len(m.keys) > 0 {
		t.Errorf("got %q without the tags capability, want no tags", m.raw)
	}
}
