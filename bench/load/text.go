package load

import (
	"bytes"
	"strconv"
)

// TextBytesMin is the shortest text that holds a sequence number (10 digits), a
// time (19 digits), two spaces and one byte of padding. Twitch cuts at 500.
const TextBytesMin = 32

var padding = bytes.Repeat([]byte{'x'}, 500)

// appendText appends "SEQ DUE xxxxx", size bytes long: the line's number, counted
// from 1 per publisher, and the time in Now's nanoseconds at which it was due.
func appendText(dst []byte, seq uint32, due int64, size int) []byte {
	start := len(dst)
	dst = strconv.AppendUint(dst, uint64(seq), 10)
	dst = append(dst, ' ')
	dst = strconv.AppendInt(dst, due, 10)
	dst = append(dst, ' ')
	return append(dst, padding[:size-(len(dst)-start)]...)
}

// parseText is the inverse of appendText. ok is false when any byte differs.
func parseText(b []byte, size int) (seq uint32, due int64, ok bool) {
	if len(b) != size {
		return 0, 0, false
	}
	n, rest := digits(b)
	if n == 0 || len(rest) == 0 || rest[0] != ' ' {
		return 0, 0, false
	}
	t, rest := digits(rest[1:])
	if len(rest) < 2 || rest[0] != ' ' || !bytes.Equal(rest[1:], padding[:len(rest)-1]) {
		return 0, 0, false
	}
	return uint32(n), t, true
}

func digits(b []byte) (n int64, rest []byte) {
	i := 0
	for i < len(b) && i < 19 && b[i] >= '0' && b[i] <= '9' {
		n = n*10 + int64(b[i]-'0')
		i++
	}
	return n, b[i:]
}

// line is one IRC line cut at its spaces; its fields alias the input.
type line struct {
	tags    []byte // without '@', nil when absent
	prefix  []byte // without ':', nil when absent
	command []byte
	rest    []byte // parameters as sent
}

// cutLine cuts a line that has no CR LF.
func cutLine(b []byte) line {
	var l line
	if len(b) > 0 && b[0] == '@' {
		l.tags, b, _ = bytes.Cut(b[1:], space)
	}
	if len(b) > 0 && b[0] == ':' {
		l.prefix, b, _ = bytes.Cut(b[1:], space)
	}
	l.command, l.rest, _ = bytes.Cut(b, space)
	return l
}

var space = []byte{' '}

// lastParameter returns what follows " :" in rest, or rest itself.
func lastParameter(rest []byte) []byte {
	if len(rest) > 0 && rest[0] == ':' {
		return rest[1:]
	}
	if _, text, ok := bytes.Cut(rest, []byte(" :")); ok {
		return text
	}
	return rest
}

// heard is what a text says of its line.
type heard struct {
	seq   uint32
	due   int64
	burst bool
}

// texts knows lines again by what they say: numbered, or Storm.
type texts interface {
	// read takes apart a text of publisher; last is the highest number that has come of it.
	read(publisher int, text []byte, last uint32) (heard, bool)
}

// numbered are the texts of appendText, this long.
type numbered int

func (n numbered) read(_ int, text []byte, _ uint32) (heard, bool) {
	seq, due, ok := parseText(text, int(n))
	return heard{seq: seq, due: due}, ok && seq > 0
}
