package battery

import (
	"fmt"
	"strings"
	"testing"
	"unicode/utf8"
)

var wireCases = []battery{
	{name: "58-lf-only", over: both, run: lfOnly},
	{name: "59-cr-inside", over: both, run: controlBytes},
	{name: "60-empty-lines", over: both, run: emptyLines},
	{name: "61-split-bytes", over: tcpOnly, run: splitBytes},
	{name: "62-utf8-bad", over: tcpOnly, run: badUTF8},
	{name: "63-tags-8191", over: both, run: tagBytes},
	{name: "64-tag-escapes", over: both, run: tagEscapes},
	{name: "65-line-long", over: both, run: longLine},
	{name: "65-line-endless", over: tcpOnly, run: endlessLine, alone: true},
	{name: "66-colon-forms", over: both, run: colonForms},
}

func lfOnly(t *testing.T, w world) {
	nick, room := fresh("bob"), "#"+fresh("room")
	c := w.dial(t)
	c.nick = nick
	c.raw("CAP REQ :" + capBot + "\nPASS oauth:x\nNICK " + nick + "\nJOIN " + room + "\n")
	c.want(":tmi.twitch.tv CAP * ACK :" + capBot)
	c.want(welcome(nick)...)
	c.wantMsg("GLOBALUSERSTATE")
	c.wantBurst(room)
	c.raw("PRIVMSG " + room + " :mixed\nPING a\r\nPING b\n")
	got := []string{parse(c.next()).command, parse(c.next()).command, parse(c.next()).command}
	if joined := strings.Join(got, " "); strings.Count(joined, "PONG") != 2 || strings.Count(joined, "USERSTATE") != 1 {
		t.Errorf("answers are %q, want two PONG and one USERSTATE", got)
	}
}

// controlBytes wants a CR inside a line, or a NUL, to be stripped or to cost the
// line, and never to be relayed.
func controlBytes(t *testing.T, w world) {
	room := "#" + fresh("room")
	a, b := w.bot(t, room), w.bot(t, room)
	watch := w.dialFrames(t, "irc")
	watch.registerAnonymous(room)
	for _, bad := range []string{"x\ry", "x\x00y", "\r\rx", "x\x00", "x\r PRIVMSG " + room + " :y"} {
		end := fresh("end")
		a.raw("PRIVMSG " + room + " :" + bad + "\r\n")
		b.nextLineIsClean(room, a, end)
		watch.cleanUntil(end)
	}
	a.send("PING x\x00y", "PING z")
	for {
		m := parse(a.next()) // USERSTATEs of the lines above, a stripped PONG or none
		if strings.ContainsAny(m.raw, "\r\x00") {
			t.Errorf("the server relayed a control byte: %q", m.raw)
		}
		if m.command == "PONG" && m.text() == "z" {
			return
		}
	}
}

// nextLineIsClean lets from send a line end and reads up to it: whatever stood
// before must hold no control byte but those of an ACTION.
func (c *client) nextLineIsClean(room string, from *client, end string) {
	c.t.Helper()
	from.send("PRIVMSG " + room + " :" + end)
	for {
		m := parse(c.next())
		if strings.ContainsAny(m.raw, "\r\x00") {
			c.t.Errorf("the server relayed a control byte: %q", m.raw)
		}
		if m.text() == end {
			return
		}
	}
}

func emptyLines(t *testing.T, w world) {
	c := w.dial(t)
	c.raw("\r\n\n\r\n   \r\n\r\r\n")
	c.register(fresh("bob"), capBot)
	c.raw("\r\n\r\n\n\n \r\n")
	c.wantNothing()
}

// splitBytes sends one script in one segment and then byte by byte: the answers
// must be the same.
func splitBytes(t *testing.T, w world) {
	script := func(send func(*client, string)) []string {
		nick, room := fresh("bob"), "#"+fresh("room")
		c := w.dial(t)
		c.nick = nick
		send(c, "CAP REQ :"+capCommands+"\r\nPASS oauth:x\r\nNICK "+nick+"\r\n")
		send(c, "JOIN "+room+"\r\nPING :one two\r\nPART "+room+"\r\n")
		var got []string
		for {
			line := c.next()
			got = append(got, strings.NewReplacer(nick, "NICK", room, "ROOM").Replace(line))
			if parse(line).command == "PART" {
				return got
			}
		}
	}
	whole := script(func(c *client, text string) { c.raw(text) })
	bytewise := script(func(c *client, text string) {
		for i := range len(text) {
			c.raw(text[i : i+1])
		}
	})
	if a, b := strings.Join(whole, "\n"), strings.Join(bytewise, "\n"); a != b {
		t.Errorf("whole segments gave\n%s\nsingle bytes gave\n%s", a, b)
	}
	if len(whole) < 14 {
		t.Errorf("the script got only %d answers: %q", len(whole), whole)
	}
}

func badUTF8(t *testing.T, w world) {
	room := "#" + fresh("room")
	a, b := w.bot(t, room), w.bot(t, room)
	watch := w.dialFrames(t, "irc")
	watch.registerAnonymous(room)
	for _, bad := range []string{"\xaa", "x\xaay", "caf\xc3", "\xed\xa0\x80", "\xc0\xaf", "\xf4\x90\x80\x80", "\xff\xfe"} {
		a.raw("@client-nonce=n\xaa PRIVMSG " + room + " :bad " + bad + " text\r\n")
		end := fresh("end")
		a.send("PRIVMSG " + room + " :" + end)
		for {
			m := parse(b.next())
			if !utf8.ValidString(m.raw) {
				t.Errorf("the server relayed invalid UTF-8: %q", m.raw)
			}
			if m.text() == end {
				break
			}
			if !strings.Contains(m.text(), "\uFFFD") {
				t.Errorf("%q arrived as %q, want U+FFFD in it", bad, m.text())
			}
		}
		watch.cleanUntil(end) // a peer of text frames lives through it
	}
}

// tagBytes fills the tags section, which counts from '@' to the space, up to
// 4096 bytes, and over.
func tagBytes(t *testing.T, w world) {
	room := "#" + fresh("room")
	a, b := w.bot(t, room), w.bot(t, room)
	tagged := func(data int, text string) string {
		tags := "client-nonce=full;+pad="
		return "@" + tags + strings.Repeat("p", data-len(tags)) + " PRIVMSG " + room + " :" + text
	}
	a.send(tagged(4094, "fits"))
	if m := a.wantMsg("USERSTATE", room); m.tags["client-nonce"] != "full" {
		t.Errorf("USERSTATE is %q, want the nonce", m.raw)
	}
	b.wantLine(room, a.nick, "fits")

	// A full body behind full tags is fine too.
	a.send(tagged(4094, strings.Repeat("b", 4000)))
	a.wantMsg("USERSTATE", room)
	b.wantLine(room, a.nick, strings.Repeat("b", 500))

	for _, data := range []int{4097, 8191} {
		a.send(tagged(data, "too much"))
		a.want(":tmi.twitch.tv 417 " + a.nick + " :Input line was too long")
	}
	a.say(room, "still here")
	b.wantLine(room, a.nick, "still here") // and never "too much"
}

func tagEscapes(t *testing.T, w world) {
	room := "#" + fresh("room")
	a, b := w.bot(t, room), w.bot(t, room)
	for n, tc := range []struct{ tags, nonce string }{
		{`client-nonce=a\sb\:c\\d`, `a\sb\:c\\d`},
		{`client-nonce=a\rb\nc`, `a\rb\nc`},
		{`client-nonce=lone\`, `lone`},
		{`client-nonce=un\known`, `unknown`},
		{`client-nonce=first;client-nonce=last`, `last`},
		{`client-nonce=a=b`, `a=b`},
		{`client-nonce=`, ``},
		{`client-nonce`, ``},
		{`;;client-nonce=odd;`, `odd`},
	} {
		text := fmt.Sprintf("escape %d", n)
		a.send("@" + tc.tags + " PRIVMSG " + room + " :" + text)
		if got := a.wantMsg("USERSTATE", room).tags["client-nonce"]; got != tc.nonce {
			t.Errorf("%s: USERSTATE has client-nonce=%s, want %s", tc.tags, got, tc.nonce)
		}
		if got := b.wantLine(room, a.nick, text).tags["client-nonce"]; got != tc.nonce {
			t.Errorf("%s: PRIVMSG has client-nonce=%s, want %s", tc.tags, got, tc.nonce)
		}
	}
}

// longLine wants a body over 4096 bytes to be chopped there.
func longLine(t *testing.T, w world) {
	c := w.login(t, fresh("bob"), capBot)
	for _, size := range []int{4096, 4097, 8000, 16000} {
		long := "PING :" + strings.Repeat("x", size-len("PING :")) // size bytes and CRLF
		c.send(long, "PING after")
		token := parse(c.next()).text()
		if body := len("PING :") + len(token); body < 4094 || body > 4096 || strings.Trim(token, "x") != "" {
			t.Errorf("a body of %d bytes was cut to %d, want 4096 with or without CRLF", size, body)
		}
		c.want(":tmi.twitch.tv PONG tmi.twitch.tv :after")
	}
	// The cut must not split a code point.
	room := "#" + fresh("room")
	reader := w.bot(t, room)
	c.send("PRIVMSG " + room + " :" + strings.Repeat("😀", 3000))
	c.wantMsg("USERSTATE", room)
	reader.wantLine(room, c.nick, strings.Repeat("😀", 500))
}

// endlessLine sends 1 MiB without a line end, twenty times over.
func endlessLine(t *testing.T, w world) {
	w = w.own(t, unlimited()...)
	people := startBystanders(t, w)
	before := w.residentBytes(t)
	for range 20 {
		c := w.dial(t)
		c.register(fresh("endless"), "")
		_, _ = c.conn.Write([]byte(strings.Repeat("x", 1<<20))) // fails once the server closes
		c.wantEnd(patience)
	}
	w.wantFlatMemory(t, before, 48<<20)
	w.wantClosed(t, 20, "input_too_long")
	people.wantUnaffected(time1s)
}

func colonForms(t *testing.T, w world) {
	room := "#" + fresh("room")
	a, b := w.bot(t, room), w.bot(t, room)
	for _, tc := range [][2]string{
		{"PRIVMSG " + room + " hi", "hi"},
		{"PRIVMSG " + room + " ::x", ":x"},
		{"PRIVMSG   " + room + "   :spaced", "spaced"},
		{":prefix!a@b PRIVMSG " + room + " :prefixed", "prefixed"},
		{"@a=b  :prefix   PRIVMSG " + room + " :tagged", "tagged"},
		{"PRIVMSG " + room + " :a :b", "a :b"},
		{"privmsg " + room + " :lower case", "lower case"},
	} {
		a.send(tc[0])
		a.wantMsg("USERSTATE", room)
		b.wantLine(room, a.nick, tc[1])
	}
}
