package clue

import (
	"strings"

	"uproar/core/chat"
)

// links refuses a text with a link from those who have no role in a room that asks for
// that.
func links(f *Facts, l *Line) *chat.Notice {
	if !f.Room.NoLinks || f.Roles != 0 || !hasLink(l.Text) {
		return nil
	}
	return rejectTerm
}

// hasLink reports whether a word of text is a link: with a scheme, or a host name whose
// last label is two letters or more, as in "example.com/path".
func hasLink(text string) bool {
	for word := range strings.SplitSeq(text, " ") {
		if isLink(word) {
			return true
		}
	}
	return false
}

func isLink(word string) bool {
	if _, rest, ok := strings.Cut(word, "://"); ok {
		return rest != ""
	}
	word = strings.TrimLeft(word, "(<[\"'")
	host := word
	if i := strings.IndexAny(word, "/?#:"); i >= 0 {
		host = word[:i]
	}
	host = strings.TrimRight(host, ".,;!)>]\"'")
	dot := strings.LastIndexByte(host, '.')
	if dot <= 0 || len(host)-dot-1 < 2 {
		return false
	}
	for _, c := range []byte(host[dot+1:]) {
		if !isLetter(c) {
			return false
		}
	}
	for _, c := range []byte(host[:dot]) {
		if c < 0x80 && !isLetter(c) && (c < '0' || c > '9') && c != '-' && c != '.' && c != '_' {
			return false
		}
	}
	return !strings.Contains(host, "..")
}
