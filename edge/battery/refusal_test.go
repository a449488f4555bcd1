package battery

import (
	"fmt"
	"strings"
	"testing"
)

func msgDuplicate(t *testing.T, w world) {
	room := "#" + fresh("room")
	a, b := w.bot(t, room), w.bot(t, room)
	a.say(room, "same")
	for _, again := range []string{"same", "  same "} { // compared after normalisation
		a.send("PRIVMSG " + room + " :" + again)
		m := a.wantNotice(room, "msg_duplicate")
		if want := "Your message was not sent because it is identical to the previous one you sent, less than 30 seconds ago."; m.text() != want {
			t.Errorf("NOTICE reads %q, want %q", m.text(), want)
		}
	}
	other := w.bot(t, room)
	other.say(room, "same") // another user's
	a.wantLine(room, other.nick, "same")
	a.say(room, "different")
	a.say(room, "same") // the last delivered one counts
	b.wantLine(room, a.nick, "same")
	b.wantLine(room, other.nick, "same")
	b.wantLine(room, a.nick, "different")
	b.wantLine(room, a.nick, "same")

	elsewhere := "#" + fresh("room")
	a.say(elsewhere, "same") // another room

	owner := w.login(t, room[1:], capBot) // exempt
	owner.say(room, "buy my shirt")
	owner.say(room, "buy my shirt")
}

func msgRate(t *testing.T, w world) {
	room := "#" + fresh("room")
	a, b := w.bot(t, room), w.bot(t, room)
	var lines []string
	for n := range 21 {
		lines = append(lines, fmt.Sprintf("PRIVMSG %s :line %d", room, n))
	}
	a.send(lines...)
	for range 20 {
		a.wantMsg("USERSTATE", room)
	}
	a.wantNotice(room, "msg_ratelimit")
	a.wantNothing() // PONG still works
	for n := range 20 {
		b.wantLine(room, a.nick, fmt.Sprintf("line %d", n))
	}
	b.wantNothing()

	owner := w.login(t, room[1:], capBot) // 100 in 30 s in a room of one's own
	for n := range 40 {
		owner.say(room, fmt.Sprintf("my line %d", n))
	}
}

func msgAnon(t *testing.T, w world) {
	room := "#" + fresh("room")
	anon := w.login(t, "justinfan52", capBot)
	anon.join(room)
	b := w.bot(t, room)
	anon.send("PRIVMSG "+room+" :let me speak", "PRIVMSG "+room+" :/me speaks", "PRIVMSG "+room+" :/ban x")
	anon.wantNothing()
	speaker := w.bot(t)
	speaker.say(room, "the only line")
	b.wantLine(room, speaker.nick, "the only line")
	anon.wantLine(room, speaker.nick, "the only line")
}

func cmdUnknown(t *testing.T, w world) {
	room := "#" + fresh("room")
	a, b := w.bot(t, room), w.bot(t, room)
	for _, cmd := range []string{"/foo", ".foo"} {
		a.send("PRIVMSG " + room + " :" + cmd + " with words")
		if m := a.wantNotice(room, "unrecognized_cmd"); !strings.HasPrefix(m.text(), "Unrecognized command: ") || !strings.HasSuffix(m.text(), "foo") {
			t.Errorf("NOTICE reads %q, want %q", m.text(), "Unrecognized command: "+cmd)
		}
	}
	for _, verb := range []string{"WHO", "WHOIS", "LIST", "TOPIC", "NAMES", "XYZZY"} {
		a.send(verb + " " + room)
		a.want(":tmi.twitch.tv 421 " + a.nick + " " + verb + " :Unknown command")
	}
	a.send("MODE " + room + " +o x") // accepted in silence
	a.say(room, "no command went out")
	b.wantLine(room, a.nick, "no command went out")

	a.send("QUIT :bye")
	a.wantEnd(patience)
}

// reconnect drains the server: everyone is told RECONNECT and then closed, and
// a client that comes back to the same address is served as before.
func reconnect(t *testing.T, w world) {
	w = w.own(t)
	room := "#" + fresh("room")
	c := w.login(t, fresh("bob"), capBot)
	c.join(room)
	plain := w.login(t, "justinfan57", "")
	w.srv.Terminate()
	c.want(":tmi.twitch.tv RECONNECT")
	c.wantEnd(2 * patience)
	if line, err := plain.read(patience); err == nil && line != ":tmi.twitch.tv RECONNECT" {
		t.Errorf("a client without capabilities was told %q", line)
	}
	if code := w.srv.Wait(t, 2*patience); code != 0 {
		t.Errorf("the drained server ended with code %d, want 0", code)
	}

	w = w.own(t, "--irc-addr="+w.srv.IRC, "--http-addr="+w.srv.HTTP)
	again := w.login(t, c.nick, capBot)
	again.join(room)
	again.say(room, "back")
}
