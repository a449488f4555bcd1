package battery

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"
)

var membershipCases = []battery{
	{name: "39-memb-batch", over: both, run: membershipBatch},
	{name: "39-memb-names", over: both, run: membershipNames},
	{name: "39-memb-crowd", over: tcpOnly, run: membershipCrowd, alone: true},
}

// membershipBatch lets people come and go in front of one who asked for
// membership and one who did not. The shared server's window is 500 ms.
func membershipBatch(t *testing.T, w world) {
	room := "#" + fresh("room")
	watcher := w.login(t, fresh("watcher"), capAll)
	watcher.join(room)
	unaware := w.bot(t, room)
	want := []string{unaware.nick}
	w.login(t, "justinfan39", capBot).join(room) // never announced
	var guests []*client
	start := time.Now()
	for range 10 {
		guest := w.bot(t, room)
		guests = append(guests, guest)
		want = append(want, guest.nick)
	}
	if got := watcher.wantAnnounced("JOIN", room, len(want)); !slices.Equal(got, slices.Sorted(slices.Values(want))) {
		t.Errorf("announced\n got %q\nwant %q", got, want)
	}
	if waited := time.Since(start); waited > patience {
		t.Errorf("the last JOIN came after %v, want about the window of 500 ms", waited)
	}

	guests[0].send("PART " + room)
	guests[0].wantMsg("PART", room)
	guests[1].conn.Close()
	gone := slices.Sorted(slices.Values([]string{guests[0].nick, guests[1].nick}))
	if got := watcher.wantAnnounced("PART", room, 2); !slices.Equal(got, gone) {
		t.Errorf("announced as gone\n got %q\nwant %q", got, gone)
	}
	watcher.wantNothing() // each once
	unaware.wantNothing() // never asked
}

// wantAnnounced reads n lines of command in room and returns the logins, sorted.
func (c *client) wantAnnounced(command, room string, n int) []string {
	c.t.Helper()
	var logins []string
	for range n {
		m := c.wantMsg(command, room)
		login, rest, _ := strings.Cut(m.prefix, "!")
		if rest != login+"@"+login+".tmi.twitch.tv" {
			c.t.Errorf("%q has a malformed prefix", m.raw)
		}
		logins = append(logins, login)
	}
	slices.Sort(logins)
	return logins
}

// membershipNames wants all 353 lines of a room: at most 510 bytes each, everyone
// but the anonymous once, and the one who asks in the last line.
func membershipNames(t *testing.T, w world) {
	room := "#" + fresh("room")
	w.login(t, "justinfan39", capBot).join(room)
	want := map[string]int{}
	for range 30 {
		want[w.login(t, (fresh("named") + strings.Repeat("x", 25))[:25], capBot).joined(room)]++
	}
	c := w.login(t, fresh("zwatcher"), capAll)
	want[c.nick]++
	c.send("JOIN " + room)
	c.wantMsg("JOIN", room)
	got := map[string]int{}
	lines := 0
	for {
		m := parse(c.next())
		if m.command != "353" {
			if m.command != "366" {
				t.Fatalf("got %q, want 353 or 366", m.raw)
			}
			break
		}
		if len(m.raw) > 510 {
			t.Errorf("a 353 line has %d bytes, want at most 510", len(m.raw))
		}
		names := strings.Fields(m.text())
		for _, name := range names {
			got[name]++
		}
		lines++
		if slices.Contains(names, c.nick) != (got[c.nick] > 0) {
			t.Errorf("the last 353 line lacks the asker: %q", m.raw)
		}
	}
	if fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("names in %d lines\n got %v\nwant %v", lines, got, want)
	}
	if lines < 2 {
		t.Errorf("31 long names came in %d line, want several", lines)
	}

	anon := w.login(t, "justinfan40", capAll) // sees itself, though nobody else does
	anon.send("JOIN " + room)
	anon.wantMsg("JOIN", room)
	var last message
	for m := parse(anon.next()); m.command == "353"; m = parse(anon.next()) {
		last = m
	}
	if !slices.Contains(strings.Fields(last.text()), "justinfan40") {
		t.Errorf("the last 353 line of an anonymous user lacks itself: %q", last.raw)
	}
}

// joined joins a room and returns the login, for lists.
func (c *client) joined(room string) string {
	c.t.Helper()
	c.join(room)
	return c.nick
}

// membershipCrowd fills a room with more than 1,000 people: then nobody is
// announced any more, and 353 names only those with a role, and oneself.
func membershipCrowd(t *testing.T, w world) {
	w = w.own(t, unlimited("--membership-window=200ms")...)
	owner := fresh("owner")
	room := "#" + owner
	for range 1000 {
		w.login(t, fresh("crowd"), "").send("JOIN " + room)
	}
	boss := w.login(t, owner, capBot)
	boss.join(room)
	watcher := w.login(t, fresh("watcher"), capAll)
	var names []string
	if !eventually(2*patience, func() bool { // all thousand are in once the list is short
		watcher.send("JOIN "+room, "PART "+room)
		names = watcher.namesUntilPart(room)
		return len(names) <= 2
	}) {
		t.Fatalf("353 names %d people of a crowd, want the elevated only", len(names))
	}
	if !slices.Equal(names, []string{owner, watcher.nick}) {
		t.Errorf("353 of a crowd is %q, want the broadcaster and oneself", names)
	}
	watcher.send("JOIN " + room)
	watcher.namesUntil(room, "ROOMSTATE")
	late := w.bot(t, room)
	late.say(room, "one more")
	late.send("PART " + room)
	late.wantMsg("PART", room)
	late.join(room)
	late.say(room, "one more again")
	watcher.wantLine(room, late.nick, "one more") // and no JOIN before
	watcher.wantLine(room, late.nick, "one more again")
}

func (c *client) namesUntilPart(room string) []string { return c.namesUntil(room, "PART") }

// namesUntil collects the names of 353 lines up to the line of command.
func (c *client) namesUntil(room, command string) (names []string) {
	c.t.Helper()
	for {
		m := parse(c.next())
		switch {
		case m.command == "353":
			names = append(names, strings.Fields(m.text())...)
		case m.command == command && strings.HasPrefix(m.prefix, c.nick+"!"), m.command == command && command == "ROOMSTATE":
			return names
		}
	}
}
