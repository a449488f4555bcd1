package battery

import (
	"fmt"
	"strings"
	"testing"
	"time"
)

var channelCases = []battery{
	{name: "28-join-order", over: both, run: joinOrder},
	{name: "29-join-multi", over: both, run: joinMulti},
	{name: "30-join-latency", over: both, run: joinLatency, alone: true},
	{name: "31-join-case", over: both, run: joinCase},
	{name: "32-join-badname", over: both, run: joinBadName},
	{name: "36-join-rate", over: both, run: joinRate},
	{name: "36-join-rate-account", over: both, run: joinRateOfAccount},
	{name: "37-join-cap", over: both, run: joinCap},
	{name: "38-part-multi", over: both, run: partMulti},
}

func joinOrder(t *testing.T, w world) {
	room := "#" + fresh("room")
	c := w.login(t, fresh("bob"), capBot)
	c.send("JOIN " + room)
	c.want(
		":"+c.nick+"!"+c.nick+"@"+c.nick+".tmi.twitch.tv JOIN "+room,
		":"+c.nick+".tmi.twitch.tv 353 "+c.nick+" = "+room+" :"+c.nick,
		":"+c.nick+".tmi.twitch.tv 366 "+c.nick+" "+room+" :End of /NAMES list",
	)
	user := c.wantMsg("USERSTATE", room)
	c.wantKeys(user, "badge-info", "badges", "color", "display-name", "emote-sets", "mod", "subscriber", "turbo", "user-type")
	state := c.wantMsg("ROOMSTATE", room)
	id := state.tags["room-id"]
	want := "@emote-only=0;followers-only=-1;r9k=0;room-id=" + id + ";slow=0;subs-only=0 :tmi.twitch.tv ROOMSTATE " + room
	if state.raw != want || !isDecimal(id) {
		t.Errorf("ROOMSTATE\n got %q\nwant %q with a decimal room-id", state.raw, want)
	}
	c.wantNothing()

	c.send("JOIN " + room) // already joined: the state again, nothing else
	c.want(want)
	c.wantNothing()

	anon := w.login(t, "justinfan28", capBot)
	if again := anon.join(room); again.tags["room-id"] != id {
		t.Errorf("room-id is %q for another user, want %q", again.tags["room-id"], id)
	}
	owner := w.login(t, room[1:], capBot)
	owner.send("JOIN " + room)
	owner.wantMsg("JOIN", room)
	owner.wantMsg("353")
	owner.wantMsg("366")
	if m := owner.wantMsg("USERSTATE", room); m.tags["badges"] != "broadcaster/1" {
		t.Errorf("the broadcaster's USERSTATE is %q, want badges=broadcaster/1", m.raw)
	}
}

func joinMulti(t *testing.T, w world) {
	c := w.login(t, fresh("bob"), capBot)
	rooms := []string{"#" + fresh("c"), "#" + fresh("a"), "#" + fresh("b")}
	c.send("JOIN " + strings.Join(rooms, ","))
	for _, room := range rooms {
		c.wantBurst(room)
	}
	c.wantNothing()
}

func joinLatency(t *testing.T, w world) {
	c := w.login(t, fresh("bob"), capBot)
	var rooms []string
	for range 20 {
		rooms = append(rooms, "#"+fresh("room"))
	}
	start := time.Now()
	c.send("JOIN " + strings.Join(rooms, ","))
	for _, room := range rooms {
		c.wantBurst(room)
		if waited := time.Since(start); waited > 600*time.Millisecond {
			t.Errorf("the ROOMSTATE of %s came after %v, want at most 600 ms", room, waited)
		}
	}
}

func joinCase(t *testing.T, w world) {
	c := w.login(t, fresh("bob"), capBot)
	room := "#" + fresh("foo")
	c.send("JOIN " + strings.ToUpper(room))
	c.wantBurst(room)
	c.send("PRIVMSG " + strings.ToUpper(room) + " :loud")
	c.wantMsg("USERSTATE", room)
	c.send("PART " + strings.ToUpper(room))
	c.wantMsg("PART", room)
}

func joinBadName(t *testing.T, w world) {
	c := w.login(t, fresh("bob"), capBot)
	for _, bad := range []string{"foo", "#", "", ",", "#abcdefghijklmnopqrstuvwxyz", "#a-b", "#_under", "#é", "##x", "0"} {
		good := "#" + fresh("good")
		c.send("JOIN "+bad, "JOIN "+good)
		c.wantBurst(good)
	}
	longest := "#" + (fresh("good") + strings.Repeat("z", 25))[:25]
	good := "#" + fresh("good")
	c.send("JOIN #," + longest + ",foo," + good)
	c.wantBurst(longest)
	c.wantBurst(good)
}

// joinRate is policy: a JOIN over the rate is refused with a NOTICE, counted,
// and the connection stays. Anonymous users are not limited.
func joinRate(t *testing.T, w world) {
	w = w.own(t, "--join-limit=20/10m")
	c := w.login(t, fresh("bob"), capBot)
	var rooms []string
	for range 22 {
		rooms = append(rooms, "#"+fresh("room"))
	}
	c.send("JOIN " + strings.Join(rooms, ","))
	for _, room := range rooms[:20] {
		c.wantBurst(room)
	}
	c.wantNotice(rooms[20], "msg_ratelimit")
	c.wantNotice(rooms[21], "msg_ratelimit")
	w.wantRefused(t, 2, "join_rate")
	c.wantNothing()

	anon := w.login(t, "justinfan36", capBot)
	anon.send("JOIN " + strings.Join(rooms, ","))
	for _, room := range rooms {
		anon.wantBurst(room)
	}
}

// joinRateOfAccount wants the rate to be the account's: a second connection does
// not get around it.
func joinRateOfAccount(t *testing.T, w world) {
	w = w.own(t, "--join-limit=5/10m")
	c := w.bot(t)
	for range 5 {
		c.join("#" + fresh("room"))
	}
	second := w.login(t, c.nick, capBot)
	room := "#" + fresh("room")
	second.send("JOIN " + room)
	second.wantNotice(room, "msg_ratelimit")
}

func joinCap(t *testing.T, w world) {
	w = w.own(t, "--join-limit=1000/10s")
	c := w.login(t, fresh("bob"), capBot)
	for n := range 100 {
		c.join(fmt.Sprintf("#full%d", n))
	}
	c.send("JOIN #onemore")
	c.wantNotice("#onemore", "msg_concurrent_channel_limit_reached")
	w.wantRefused(t, 1, "too_many_rooms")
	c.send("JOIN #full7") // one of the hundred
	c.wantMsg("ROOMSTATE", "#full7")
	c.send("PART #full7")
	c.wantMsg("PART", "#full7")
	c.join("#onemore")
	c.wantNothing()
}

func partMulti(t *testing.T, w world) {
	a, b, in := "#"+fresh("a"), "#"+fresh("b"), "#"+fresh("in")
	c := w.bot(t, a, b, in)
	self := ":" + c.nick + "!" + c.nick + "@" + c.nick + ".tmi.twitch.tv PART "
	c.send("PART " + a + "," + b)
	c.want(self+a, self+b)
	c.send("PART "+a, "PART #"+fresh("never"), "PART nothing", "PART", "PART "+in)
	c.wantPartOrMissing(self + in)
	c.wantNothing()

	// Who has left hears nothing.
	speaker := w.bot(t, a)
	speaker.say(a, "are you there")
	c.join(a)
	speaker.say(a, "welcome back")
	c.wantLine(a, speaker.nick, "welcome back")
}

// wantPartOrMissing requires line next, but for one 461: an IRC server may tell
// that a bare PART lacks its parameter.
func (c *client) wantPartOrMissing(line string) {
	c.t.Helper()
	got := c.next()
	if parse(got).command == "461" {
		got = c.next()
	}
	if got != line {
		c.fatalf("next line\n got %q\nwant %q", got, line)
	}
}

func isDecimal(s string) bool {
	return s != "" && strings.Trim(s, "0123456789") == ""
}
