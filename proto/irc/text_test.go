package irc

import (
	"strings"
	"testing"
)

// TestTextIsCleaned holds battery WIRE 59 and 62.
func TestTextIsCleaned(t *testing.T) {
	cases := []struct{ in, want string }{
		{"", ""},
		{"hello", "hello"},
		{"hello, this is longer than one word of the scan", "hello, this is longer than one word of the scan"},
		{"\x01ACTION waves\x01", "\x01ACTION waves\x01"},
		{"a\x00b\rc\nd\te\x1ff", "abcdef"},
		{"\x02bold\x0f and \x0304red", "bold and 04red"},
		{"Grüße 😀 日本語", "Grüße 😀 日本語"},
		{"a\xaab", "a\uFFFDb"},
		{"\xf0\x9f\x98", "\uFFFD\uFFFD\uFFFD"},
		{"\xed\xa0\x80", "\uFFFD\uFFFD\uFFFD"}, // a surrogate
		{"\xc0\x80", "\uFFFD\uFFFD"},           // NUL, overlong
		{"\uFFFD stays", "\uFFFD stays"},
		{"del\x7fete", "del\x7fete"},
	}
	for _, c := range cases {
		got := string(AppendCleanText([]byte("<"), []byte(c.in)))[1:]
		if got != c.want {
			t.Errorf("AppendCleanText(%q) = %q, want %q", c.in, got, c.want)
		}
		if IsCleanText([]byte(c.in)) != (c.in == c.want) {
			t.Errorf("IsCleanText(%q) = %v", c.in, c.in != c.want)
		}
	}
}

// TestBadByteIsFoundAtEveryOffset: the scan of eight bytes at a time overlooks none.
func TestBadByteIsFoundAtEveryOffset(t *testing.T) {
	for length := 1; length < 40; length++ {
		for at := range length {
			for _, bad := range []byte{0, 2, '\n', 0x1f, 0x80, 0xff} {
				in := []byte(strings.Repeat(" ", length))
				in[at] = bad
				if IsCleanText(in) {
					t.Fatalf("byte %#x at %d of %d is overlooked", bad, at, length)
				}
				if out := AppendCleanText(nil, in); !IsCleanText(out) {
					t.Fatalf("byte %#x at %d of %d: %q", bad, at, length, out)
				}
			}
		}
	}
}
