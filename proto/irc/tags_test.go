package irc

import (
	"fmt"
	"strings"
	"testing"
)

// TestTagLookup holds the rules of battery WIRE 64: the last duplicate wins, a missing value is empty.
func TestTagLookup(t *testing.T) {
	tags := Tags("id=1;flag;empty=;+draft/reply=x=y;id=2;;=nameless;ID=3")
	cases := []struct {
		key, want string
		ok        bool
	}{
		{"id", "2", true},
		{"ID", "3", true},
		{"flag", "", true},
		{"empty", "", true},
		{"+draft/reply", "x=y", true},
		{"i", "", false},
		{"idd", "", false},
		{"", "", false},
	}
	for _, c := range cases {
		got, ok := tags.Get(c.key)
		if string(got) != c.want || ok != c.ok {
			t.Errorf("Get(%q) = %q, %v, want %q, %v", c.key, got, ok, c.want, c.ok)
		}
	}
	if _, ok := Tags(nil).Get("id"); ok {
		t.Error("no tags hold a tag")
	}
}

func TestAllYieldsTagsInOrder(t *testing.T) {
	var got []string
	for name, raw := range Tags("a=1;;b;=x;a=\\s;c=").All() {
		got = append(got, fmt.Sprintf("%s=%s", name, raw))
	}
	if want := `a=1 b= a=\s c=`; strings.Join(got, " ") != want {
		t.Errorf("got %q, want %q", got, want)
	}
	for range Tags("a;b").All() {
		break // a consumer may stop early
	}
}

func TestTagValuesUnescape(t *testing.T) {
	cases := []struct{ raw, want string }{
		{`plain`, "plain"},
		{`a\sb`, "a b"},
		{`\:`, ";"},
		{`\\`, `\`},
		{`\r\n`, "\r\n"},
		{`\\s`, `\s`},
		{`lone\`, "lone"},
		{`\`, ""},
		{`\b\x`, "bx"},
		{`\\\`, `\`},
		{``, ""},
		{`é\sü`, "é ü"},
	}
	for _, c := range cases {
		if got := AppendUnescaped([]byte("<"), []byte(c.raw)); string(got) != "<"+c.want {
			t.Errorf("AppendUnescaped(%q) = %q, want %q", c.raw, got[1:], c.want)
		}
	}
}

func TestTagValuesEscape(t *testing.T) {
	const value, want = "a b;c\\d\re\nf é", `a\sb\:c\\d\re\nf\sé`
	if got := AppendEscaped(nil, value); string(got) != want {
		t.Errorf("string: %q, want %q", got, want)
	}
	if got := AppendEscaped(nil, []byte(value)); string(got) != want {
		t.Errorf("bytes: %q, want %q", got, want)
	}
}

func TestTagsAreWrittenAsTwitchWritesThem(t *testing.T) {
	line := AppendTag(nil, FirstTag, "color", "#0D4200")
	line = AppendTag(line, NextTag, "display-name", []byte("A B"))
	line = AppendTag(line, NextTag, "emotes", "")
	line = AppendTagInt(line, NextTag, "followers-only", -1)
	if want := `@color=#0D4200;display-name=A\sB;emotes=;followers-only=-1`; string(line) != want {
		t.Errorf("got  %s\nwant %s", line, want)
	}
	l := mustParse(t, string(line)+" PING")
	if raw, _ := l.Tags.Get("display-name"); string(AppendUnescaped(nil, raw)) != "A B" {
		t.Errorf("display-name comes back as %q", raw)
	}
}
