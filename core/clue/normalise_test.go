package clue

import (
	"strings"
	"testing"
	"unicode/utf8"

	"uproar/core/chat"
)

func TestNormalise(t *testing.T) {
	for text, want := range map[string]string{
		"":                              "",
		" ":                             "",
		"a":                             "a",
		" a b ":                         "a b",
		"a  b     c":                    "a b c",
		"a \x01 b":                      "a b",
		"\x01 a \x01":                   "a",
		"a\u00a0\u00a0b":                "a\u00a0\u00a0b",
		"日本 語":                          "日本 語",
		strings.Repeat("x", 500):        strings.Repeat("x", 500),
		strings.Repeat("x", 501):        strings.Repeat("x", 500),
		strings.Repeat("😀", 501):        strings.Repeat("😀", 500),
		strings.Repeat("é", 300):        strings.Repeat("é", 300),
		strings.Repeat("é", 499) + " é": strings.Repeat("é", 499),
		strings.Repeat(" x", 300):       strings.Repeat("x ", 249) + "x",
	} {
		if got := Normalise(text); got != want {
			t.Errorf("Normalise(%.20q) = %.20q, %d code points", text, got, utf8.RuneCountInString(got))
		}
	}
}

func TestNormalTextIsNotCopied(t *testing.T) {
	text := strings.Repeat("hello there ", 10)
	if got := Normalise(text); !sharesMemory(text, got) {
		t.Fatal("it was copied")
	}
}

func FuzzNormalise(f *testing.F) {
	for _, text := range []string{"", " ", "a  b", "\x01ACTION x\x01", "/me  x", "\x01 \x01", strings.Repeat("é ", 400), strings.Repeat("😀", 501)} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		text = strings.ToValidUTF8(text, "\uFFFD") // what an edge promises
		got := Normalise(text)
		if n := utf8.RuneCountInString(got); n > chat.TextRunesMax {
			t.Errorf("%d code points", n)
		}
		if !utf8.ValidString(got) {
			t.Errorf("%q is not valid UTF-8", got)
		}
		if again := Normalise(got); again != got {
			t.Errorf("not idempotent: %q, then %q", got, again)
		}
		if strings.Contains(got, "  ") || strings.Trim(got, " ") != got || strings.Contains(got, "\x01") {
			t.Errorf("not normal: %q", got)
		}
		line := Parse(text)
		if line.Text != Normalise(line.Text) || len(line.Command) > commandBytesMax || !utf8.ValidString(line.Command) {
			t.Errorf("Parse(%q) = %+v", text, line)
		}
	})
}
