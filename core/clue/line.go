package clue

import (
	"strings"

	"uproar/core/chat"
)

// commandBytesMax bounds the command that a rejection quotes.
const commandBytesMax = 50

// Line is what a text means.
type Line struct {
	Text    string // normalised; empty when there is nothing to say
	Action  bool   // "/me": relayed as CTCP ACTION
	Command string // the command without its '/', or empty; Text is then the whole line
}

// Parse reads a text as a Twitch client types it:
//
//	/me waves, .me waves, \x01ACTION waves\x01   an action
//	/ text                                       the text as it stands, even a "/x"
//	/x, .x with a letter                         a command
//	anything else, "..x" and "./" too            a text
func Parse(raw string) Line {
	raw = strings.Trim(raw, " ")
	if inner, ok := ctcpAction(raw); ok {
		return Line{Text: Normalise(inner), Action: true}
	}
	s := collapse(raw)
	if len(s) < 2 || s[0] != '/' && s[0] != '.' {
		return Line{Text: cut(s)}
	}
	if s[0] == '/' && s[1] == ' ' {
		return Line{Text: cut(s[2:])}
	}
	if !isLetter(s[1]) {
		return Line{Text: cut(s)}
	}
	command, rest, _ := strings.Cut(s[1:], " ")
	if strings.EqualFold(command, "me") {
		return Line{Text: cut(rest), Action: true}
	}
	if len(command) > commandBytesMax {
		command = strings.ToValidUTF8(command[:commandBytesMax], "")
	}
	return Line{Text: cut(s), Command: command}
}

// IsCommand reports whether a text is a command.
func IsCommand(raw string) bool {
	s := strings.TrimLeft(raw, " ")
	return s != "" && (s[0] == '/' || s[0] == '.') && Parse(raw).Command != ""
}

// Unavailable is what the sender of a text is told when nobody could decide it.
func Unavailable(raw string) *chat.Notice {
	if IsCommand(raw) {
		return chat.RejectUndone
	}
	return chat.RejectUnavailable
}

// Unsure is what a sender is told when nobody can say whether a line was said, or a command
// carried out.
func Unsure(text string) *chat.Notice {
	if IsCommand(text) {
		return chat.RejectUndone
	}
	return chat.RejectUnsure
}

// ctcpAction is the inside of a CTCP ACTION. The closing \x01 may be missing: lines
// are cut on the way.
func ctcpAction(s string) (inner string, ok bool) {
	inner, ok = strings.CutPrefix(s, "\x01ACTION")
	if !ok || inner != "" && inner[0] != ' ' && inner[0] != 1 {
		return "", false
	}
	return inner, true
}

func isLetter(c byte) bool { return 'a' <= c|0x20 && c|0x20 <= 'z' }
