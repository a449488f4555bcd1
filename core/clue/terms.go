package clue

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"uproar/core/chat"
)

var (
	rejectTerm = &chat.Notice{MsgID: "msg_rejected_mandatory", Text: "Your message wasn't posted due to conflicts with the channel's moderation settings."}
	rejectHeld = &chat.Notice{MsgID: "msg_rejected", Text: "Hey! Your message is being checked by mods and has not been sent."}
)

// blockedTerms refuses a text with a term that the room has blocked, of all but those
// who moderate it.
func blockedTerms(f *Facts, l *Line) *chat.Notice {
	if len(f.Room.Terms) == 0 || f.Roles.Moderates() || !hasTerm(l.Text, f.Room.Terms) {
		return nil
	}
	if f.Room.HoldTerms {
		return rejectHeld
	}
	return rejectTerm
}

// hasTerm reports whether one of the terms, which are lower case, stands in text.
func hasTerm(text string, terms []string) bool {
	text = strings.ToLower(text)
	for _, term := range terms {
		if matchesTerm(text, term) {
			return true
		}
	}
	return false
}

// matchesTerm looks for a term that stands as a word, or several, of its own; a '*' at
// an end lets letters and digits follow there. A term of '*' alone matches nothing.
func matchesTerm(text, term string) bool {
	term, openLeft := strings.CutPrefix(term, "*")
	term, openRight := strings.CutSuffix(term, "*")
	if term == "" {
		return false
	}
	for from := 0; ; {
		i := strings.Index(text[from:], term)
		if i < 0 {
			return false
		}
		start := from + i
		end := start + len(term)
		before, _ := utf8.DecodeLastRuneInString(text[:start])
		after, _ := utf8.DecodeRuneInString(text[end:])
		if (openLeft || start == 0 || !inWord(before)) && (openRight || end == len(text) || !inWord(after)) {
			return true
		}
		_, size := utf8.DecodeRuneInString(text[start:])
		from = start + size
	}
}

func inWord(r rune) bool { return unicode.IsLetter(r) || unicode.IsDigit(r) || r == '_' }
