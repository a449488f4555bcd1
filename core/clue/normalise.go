package clue

import (
	"strings"

	"uproar/core/chat"
)

// Normalise is a text as it is relayed: without spaces at its ends, with single
// spaces inside, without the CTCP quote \x01, and cut to chat.TextRunesMax code
// points. Only U+0020 counts as a space. A text that is normal already is returned
// as it is, without a copy. Source: Twitch's order, as observed by pajbot.
func Normalise(text string) string { return cut(collapse(text)) }

// collapse trims the ends, leaves one of each run of spaces, and drops \x01.
func collapse(s string) string {
	s = strings.Trim(s, " \x01")
	if !strings.Contains(s, "  ") && strings.IndexByte(s, 1) < 0 { // Fast path
		return s
	}
	b := make([]byte, 0, len(s))
	for i := range len(s) {
		switch c := s[i]; {
		case c == 1:
		case c == ' ' && b[len(b)-1] == ' ': // s does not begin with either
		default:
			b = append(b, c)
		}
	}
	return string(b)
}

// cut keeps the first chat.TextRunesMax code points, and no space at the end.
func cut(s string) string {
	if len(s) <= chat.TextRunesMax { // Fast path: no more code points than bytes
		return s
	}
	n := 0
	for i := range s {
		if n == chat.TextRunesMax {
			return strings.TrimRight(s[:i], " ")
		}
		n++
	}
	return s
}
