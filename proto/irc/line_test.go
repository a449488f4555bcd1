package irc

import (
	"bytes"
	"errors"
	"fmt"
	"strings"
	"testing"
	"unicode/utf8"
)

func mustParse(t *testing.T, in string) *Line {
	t.Helper()
	var l Line
	if err := l.Parse([]byte(in)); err != nil {
		t.Fatalf("Parse(%q): %v", in, err)
	}
	return &l
}

func params(l *Line) []string {
	out := make([]string, l.NumParams())
	for i := range out {
		out[i] = string(l.Param(i))
	}
	return out
}

// TestLineFormsAreParsed holds battery WIRE 66 and the forms of RFC 1459 section 2.3.1.
func TestLineFormsAreParsed(t *testing.T) {
	cases := []struct {
		in                    string
		tags, source, command string
		params                []string
	}{
		{"PRIVMSG #a hi", "", "", "PRIVMSG", []string{"#a", "hi"}},
		{"PRIVMSG #a :hi there", "", "", "PRIVMSG", []string{"#a", "hi there"}},
		{"PRIVMSG #a ::x", "", "", "PRIVMSG", []string{"#a", ":x"}},
		{"PRIVMSG #a :", "", "", "PRIVMSG", []string{"#a", ""}},
		{"PRIVMSG #a : lead", "", "", "PRIVMSG", []string{"#a", " lead"}},
		{"PRIVMSG #a :tail ", "", "", "PRIVMSG", []string{"#a", "tail "}},
		{"PRIVMSG #a a:b c:", "", "", "PRIVMSG", []string{"#a", "a:b", "c:"}},
		{"PRIVMSG   #a    hi   ", "", "", "PRIVMSG", []string{"#a", "hi"}},
		{"  PING", "", "", "PING", nil},
		{"PING", "", "", "PING", nil},
		{"PING ", "", "", "PING", nil},
		{"ping :a", "", "", "ping", []string{"a"}},
		{":me PRIVMSG #a :x", "", "me", "PRIVMSG", []string{"#a", "x"}},
		{":a!b@c   PRIVMSG #a", "", "a!b@c", "PRIVMSG", []string{"#a"}},
		{"@id=1;b= PRIVMSG #a :x", "id=1;b=", "", "PRIVMSG", []string{"#a", "x"}},
		{"@id=1   :s   PRIVMSG #a :x", "id=1", "s", "PRIVMSG", []string{"#a", "x"}},
		{"@ PING", "", "", "PING", nil},
		{": PING", "", "", "PING", nil},
		{"1 2 3 4 5 6 7 8 9 a b c d e f", "", "", "1", strings.Split("2 3 4 5 6 7 8 9 a b c d e f", " ")},
		{"C 1 2 3 4 5 6 7 8 9 a b c d e f g", "", "", "C", []string{"1", "2", "3", "4", "5", "6", "7", "8", "9", "a", "b", "c", "d", "e", "f g"}},
		{"C 1 2 3 4 5 6 7 8 9 a b c d e :f g", "", "", "C", []string{"1", "2", "3", "4", "5", "6", "7", "8", "9", "a", "b", "c", "d", "e", "f g"}},
	}
	for _, c := range cases {
		l := mustParse(t, c.in)
		if string(l.Tags) != c.tags || string(l.Source) != c.source || string(l.Command) != c.command {
			t.Errorf("Parse(%q) = tags %q, source %q, command %q", c.in, l.Tags, l.Source, l.Command)
		}
		if got := params(l); fmt.Sprintf("%q", got) != fmt.Sprintf("%q", append([]string{}, c.params...)) {
			t.Errorf("Parse(%q) = params %q, want %q", c.in, got, c.params)
		}
	}
}

func TestAbsentAndEmptyParamDiffer(t *testing.T) {
	l := mustParse(t, "PRIVMSG #a :")
	if p := l.Param(1); p == nil || len(p) != 0 {
		t.Errorf("an empty trailing parameter is %#v, want empty and not nil", p)
	}
	if l.Param(2) != nil || l.Param(-1) != nil || l.Param(ParamsMax) != nil {
		t.Error("an absent parameter is not nil")
	}
}

func TestLineWithoutCommandIsEmpty(t *testing.T) {
	for _, in := range []string{"", " ", "   ", "@a=b", "@a=b ", ":source", ":source  ", "@a :s", "@", ":"} {
		var l Line
		if err := l.Parse([]byte(in)); err != ErrEmpty {
			t.Errorf("Parse(%q) = %v, want ErrEmpty", in, err)
		}
	}
}

// TestForbiddenByteDropsLine holds battery WIRE 59.
func TestForbiddenByteDropsLine(t *testing.T) {
	for _, in := range []string{"PRIV\x00MSG #a", "PRIVMSG #a :x\ry", "PRIVMSG #a :x\r", "PING\nPING", "@a=\x00 PING", "@a=\r PING"} {
		l := mustParse(t, "PING before")
		if err := l.Parse([]byte(in)); err != ErrForbiddenByte {
			t.Errorf("Parse(%q) = %v, want ErrForbiddenByte", in, err)
		}
		if l.Command != nil || l.NumParams() != 0 {
			t.Errorf("Parse(%q) left %q %q of the line before", in, l.Command, params(l))
		}
	}
}

// TestTagsOf4096BytesAreTaken holds battery WIRE 63.
func TestTagsOf4096BytesAreTaken(t *testing.T) {
	line := func(tagBytes int) []byte {
		return []byte("@a=" + strings.Repeat("x", tagBytes-len("@a= ")) + " PING :x")
	}
	cases := []struct {
		bytes int
		parse func(*Line, []byte) error
		want  error
	}{
		{ClientTagBytesMax, (*Line).Parse, nil},
		{ClientTagBytesMax + 1, (*Line).Parse, ErrTagsTooLong},
		{LineBytesMax, (*Line).Parse, ErrTagsTooLong},
		{ServerTagBytesMax, (*Line).ParseFromServer, nil},
		{ServerTagBytesMax + 1, (*Line).ParseFromServer, ErrTagsTooLong},
	}
	for _, c := range cases {
		var l Line
		if err := c.parse(&l, line(c.bytes)); !errors.Is(err, c.want) {
			t.Errorf("%d tag bytes: %v, want %v", c.bytes, err, c.want)
		}
	}
}

// TestLongTagsDoNotShortenBody: the limits of tags and body are counted apart.
func TestLongTagsDoNotShortenBody(t *testing.T) {
	tags := "@a=" + strings.Repeat("x", ClientTagBytesMax-len("@a= ")) + " "
	body := "PRIVMSG #a :" + strings.Repeat("y", BodyBytesMax-len("PRIVMSG #a :"))
	l := mustParse(t, tags+body)
	if got := len(l.Param(1)); got != BodyBytesMax-len("PRIVMSG #a :") {
		t.Errorf("text has %d bytes behind full tags", got)
	}
}

// TestLongBodyIsChoppedAtRune holds battery WIRE 65 and never splits a rune.
func TestLongBodyIsChoppedAtRune(t *testing.T) {
	const head = "PRIVMSG #a :"
	room := BodyBytesMax - len(head)
	cases := []struct {
		name, text string
		want       int // bytes of the text that stay
	}{
		{"fits", strings.Repeat("x", room), room},
		{"one over", strings.Repeat("x", room+1), room},
		{"rune ends at the cut", strings.Repeat("x", room-4) + "\U0001F600" + "yy", room},
		{"rune crosses by 1", strings.Repeat("x", room-3) + "\U0001F600" + "yy", room - 3},
		{"rune crosses by 2", strings.Repeat("x", room-2) + "\U0001F600" + "yy", room - 2},
		{"rune crosses by 3", strings.Repeat("x", room-1) + "\U0001F600" + "yy", room - 1},
		{"stray byte behind a whole rune", strings.Repeat("x", room-2) + "é\x80\x80", room},
		{"rune begins at the cut", strings.Repeat("x", room) + "\U0001F600", room},
		{"no UTF-8 at all", strings.Repeat("\xbf", room+8), room},
		{"start byte without its rune", strings.Repeat("x", room-1) + "\xf0zzzz", room},
	}
	for _, c := range cases {
		l := mustParse(t, head+c.text)
		got := l.Param(1)
		if len(got) != c.want || !strings.HasPrefix(c.text, string(got)) {
			t.Errorf("%s: %d bytes stay, want %d", c.name, len(got), c.want)
		}
		if utf8.ValidString(c.text) && !utf8.Valid(got) {
			t.Errorf("%s: a rune was split", c.name)
		}
	}
}

func TestParseReplacesWhatLineHeld(t *testing.T) {
	l := mustParse(t, "@a=b :s PRIVMSG #a :x y")
	if err := l.Parse([]byte("PING")); err != nil {
		t.Fatal(err)
	}
	if l.Tags != nil || l.Source != nil || l.NumParams() != 0 || l.Param(0) != nil {
		t.Errorf("left of the line before: tags %q, source %q, params %q", l.Tags, l.Source, params(l))
	}
}

func TestParseLeavesInputAlone(t *testing.T) {
	in := []byte("@a=b\\s;c :s PRIVMSG  #a :x\xffy")
	before := bytes.Clone(in)
	var l Line
	if err := l.Parse(in); err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(in, before) {
		t.Errorf("input became %q", in)
	}
}

func TestCommandComparesWithoutCase(t *testing.T) {
	for _, in := range []string{"PRIVMSG #a", "privmsg #a", "pRiVmSg #a"} {
		l := mustParse(t, in)
		if !l.Is("PRIVMSG") || l.Verb() != VerbPrivmsg {
			t.Errorf("%q is not PRIVMSG (verb %d)", in, l.Verb())
		}
	}
	for _, in := range []string{"PRIVMS #a", "PRIVMSGS #a", "0RIVMSG", "P\xd2IVMSG", "[RIVMSG", strings.Repeat("P", 100)} {
		l := mustParse(t, in)
		if l.Is("PRIVMSG") || l.Verb() != VerbUnknown {
			t.Errorf("%q is taken for a command (verb %d)", in, l.Verb())
		}
	}
}

func TestEveryVerbIsFound(t *testing.T) {
	verbs := map[string]Verb{
		"CAP": VerbCap, "INVITE": VerbInvite, "JOIN": VerbJoin, "KICK": VerbKick, "LIST": VerbList, "MODE": VerbMode,
		"NAMES": VerbNames, "NICK": VerbNick, "NOTICE": VerbNotice, "PART": VerbPart, "PASS": VerbPass,
		"PING": VerbPing, "PONG": VerbPong, "PRIVMSG": VerbPrivmsg, "QUIT": VerbQuit, "TOPIC": VerbTopic,
		"USER": VerbUser, "WHISPER": VerbWhisper, "WHO": VerbWho, "WHOIS": VerbWhois, "CLEARCHAT": VerbClearChat,
		"CLEARMSG": VerbClearMsg, "ERROR": VerbError, "GLOBALUSERSTATE": VerbGlobalUserState,
		"HOSTTARGET": VerbHostTarget, "001": VerbNumeric, "376": VerbNumeric, "RECONNECT": VerbReconnect,
		"ROOMSTATE": VerbRoomState, "USERNOTICE": VerbUserNotice, "USERSTATE": VerbUserState,
		"37": VerbUnknown, "3760": VerbUnknown, "3x6": VerbUnknown,
	}
	seen := map[Verb]bool{}
	for name, want := range verbs {
		l := mustParse(t, name)
		if got := l.Verb(); got != want {
			t.Errorf("verb of %q is %d, want %d", name, got, want)
		}
		seen[want] = true
	}
	if len(seen) != int(VerbUserState)+1 {
		t.Errorf("the table has %d verbs, the type %d", len(seen), VerbUserState+1)
	}
}
