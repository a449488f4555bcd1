package irc

import (
	"bytes"
	"unicode/utf8"
)

// Line is one parsed line. The zero value is ready, and one Line is meant to be reused for every line of a loop.
// Its fields alias the input of the last Parse.
type Line struct {
	// Tags are the raw tags without '@'; nil when the line has none.
	Tags Tags
	// Source is the prefix without ':'; nil when the line has none. A server ignores what a client puts there.
	Source []byte
	// Command is the verb as it was sent, in its case. After a Parse without error it is never empty.
	Command []byte

	params     [ParamsMax][]byte
	paramCount int
}

// Parse parses b, one line of a client without its line end. It replaces all that l held. On an error l holds
// no command and no parameter. The errors are ErrEmpty, ErrTagsTooLong and ErrForbiddenByte, compared with ==.
// A body over BodyBytesMax is chopped, before a rune that the cut would split.
func (l *Line) Parse(b []byte) error { return l.parse(b, ClientTagBytesMax) }

// ParseFromServer is Parse for a line of a server, which may carry more tags. Clients and load generators use it.
func (l *Line) ParseFromServer(b []byte) error { return l.parse(b, ServerTagBytesMax) }

func (l *Line) parse(b []byte, tagBytesMax int) error {
	l.Tags, l.Source, l.Command, l.paramCount = nil, nil, nil, 0
	b = skipSpaces(b)
	var tags, source []byte
	if len(b) > 0 && b[0] == '@' {
		tags, b = cutWord(b[1:])
		if len(tags) > tagBytesMax-len("@ ") {
			return ErrTagsTooLong
		}
		if hasForbidden(tags) {
			return ErrForbiddenByte
		}
	}
	b = chop(b, BodyBytesMax)
	if hasForbidden(b) {
		return ErrForbiddenByte
	}
	if len(b) > 0 && b[0] == ':' {
		source, b = cutWord(b[1:])
	}
	if len(b) == 0 {
		return ErrEmpty
	}
	l.Tags, l.Source = Tags(tags), source
	l.Command, b = cutWord(b)
	for len(b) > 0 {
		if b[0] == ':' || l.paramCount == ParamsMax-1 {
			if b[0] == ':' {
				b = b[1:]
			}
			l.params[l.paramCount] = b
			l.paramCount++
			break
		}
		l.params[l.paramCount], b = cutWord(b)
		l.paramCount++
	}
	return nil
}

// NumParams returns the number of parameters, 0 to ParamsMax.
func (l *Line) NumParams() int { return l.paramCount }

// Param returns parameter i, counted from 0: without the colon of a trailing one, nil when the line has no such
// parameter, empty and not nil when it was sent empty.
func (l *Line) Param(i int) []byte {
	if uint(i) >= uint(l.paramCount) {
		return nil
	}
	return l.params[i]
}

// Is reports whether the command is cmd, which must be in upper case. ASCII letters compare without case.
func (l *Line) Is(cmd string) bool {
	if len(l.Command) != len(cmd) {
		return false
	}
	for i, c := range l.Command {
		if upper(c) != cmd[i] {
			return false
		}
	}
	return true
}

// cutWord cuts b at its first space: the word before it, and what stands behind the run of spaces. The word is
// never nil for b that is not nil.
func cutWord(b []byte) (word, rest []byte) {
	i := bytes.IndexByte(b, ' ')
	if i < 0 {
		return b, b[len(b):]
	}
	return b[:i], skipSpaces(b[i+1:])
}

func skipSpaces(b []byte) []byte {
	for len(b) > 0 && b[0] == ' ' {
		b = b[1:]
	}
	return b
}

// chop cuts b to at most bytesMax bytes. A rune that the cut would split goes away as a whole; bytes that are no
// UTF-8 are cut where the limit stands.
func chop(b []byte, bytesMax int) []byte {
	if len(b) <= bytesMax {
		return b
	}
	for start := bytesMax; start > bytesMax-utf8.UTFMax; start-- {
		if !utf8.RuneStart(b[start]) {
			continue
		}
		if _, size := utf8.DecodeRune(b[start:]); start+size > bytesMax {
			return b[:start]
		}
		break
	}
	return b[:bytesMax]
}

// hasForbidden reports whether b holds a byte that no IRC line may hold. Three vector scans beat one byte loop.
func hasForbidden(b []byte) bool {
	return bytes.IndexByte(b, 0) >= 0 || bytes.IndexByte(b, '\r') >= 0 || bytes.IndexByte(b, '\n') >= 0
}

func upper(c byte) byte {
	if 'a' <= c && c <= 'z' {
		return c - ('a' - 'A')
	}
	return c
}
