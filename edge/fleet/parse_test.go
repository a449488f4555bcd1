package fleet

import (
	"bytes"
	"strconv"
)

// message is one line from a server. It aliases the line.
type message struct {
	tags, nick, command, room, text []byte
}

// parse reads a line without its CRLF. What it has no use for stays empty.
func parse(line []byte) (m message) {
	if len(line) > 0 && line[0] == '@' {
		m.tags, line, _ = bytes.Cut(line[1:], []byte(" "))
	}
	if len(line) > 0 && line[0] == ':' {
		var prefix []byte
		prefix, line, _ = bytes.Cut(line[1:], []byte(" "))
		m.nick, _, _ = bytes.Cut(prefix, []byte("!"))
	}
	m.command, line, _ = bytes.Cut(line, []byte(" "))
	var target []byte
	target, m.text, _ = bytes.Cut(line, []byte(" :"))
	m.room = bytes.TrimPrefix(target, []byte("#"))
	return m
}

// tag is the value of a tag as it stands there, or nil. key ends in '='.
func (m *message) tag(key string) []byte {
	for rest := m.tags; ; {
		i := bytes.Index(rest, []byte(key))
		if i < 0 {
			return nil
		}
		if i == 0 || rest[i-1] == ';' {
			value, _, _ := bytes.Cut(rest[i+len(key):], []byte(";"))
			return value
		}
		rest = rest[i+1:]
	}
}

// number is the number that a text begins with, or -1.
func number(text []byte) int {
	digits := text[:len(text)-len(bytes.TrimLeft(text, "0123456789"))]
	n, err := strconv.Atoi(string(digits))
	if err != nil {
		return -1
	}
	return n
}
