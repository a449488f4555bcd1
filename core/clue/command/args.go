package command

import (
	"strings"
	"unicode/utf8"

	"uproar/core/chat"
)

// word splits off the first word of s. Both parts come without spaces around them.
func word(s string) (first, rest string) {
	first, rest, _ = strings.Cut(strings.TrimLeft(s, " "), " ")
	return first, strings.Trim(rest, " ")
}

// loginOf is the login that a word names: with or without '@', in any case. It is empty
// when the word cannot be a login.
func loginOf(name string) string {
	name = strings.TrimPrefix(name, "@")
	if len(name) > chat.LoginBytesMax {
		return ""
	}
	login := strings.ToLower(name)
	if !chat.ValidName([]byte(login)) {
		return ""
	}
	return login
}

// anonymous reports whether a login is one of the justinfans, who only read.
func anonymous(login string) bool {
	digits, ok := strings.CutPrefix(login, "justinfan")
	return ok && digits != "" && strings.Trim(digits, "0123456789") == ""
}

// excerptBytesMax bounds what an answer repeats of what was typed.
const excerptBytesMax = 64

// excerpt is the beginning of what was typed.
func excerpt(s string) string { return cutBytes(s, excerptBytesMax) }

// cutBytes keeps at most n bytes of s, and no split code point at the end.
func cutBytes(s string, n int) string {
	if len(s) <= n {
		return s
	}
	for n > 0 && !utf8.RuneStart(s[n]) {
		n--
	}
	return s[:n]
}

// cutRunes keeps at most n code points of s.
func cutRunes(s string, n int) string {
	for i := range s {
		if n == 0 {
			return s[:i]
		}
		n--
	}
	return s
}

// name is what a person reads of a user.
func name(u *chat.User) string {
	if u.Display == "" {
		return u.Login
	}
	return u.Display
}
