package irc

import (
	"bytes"
	"iter"
	"strconv"
)

// Tags are the raw tags of a line, without '@' and still escaped: `id=1;room-id=2`.
type Tags []byte

// Get returns the raw value of key: of its last occurrence, as the message-tags page asks. A tag without '=' and
// one without a value are both empty. ok says whether the key is there at all. Keys compare byte for byte.
func (t Tags) Get(key string) (raw []byte, ok bool) {
	for rest := []byte(t); len(rest) > 0; {
		var name, value []byte
		name, value, rest = cutTag(rest)
		if string(name) == key && len(name) > 0 {
			raw, ok = value, true
		}
	}
	return raw, ok
}

// All yields each tag with its raw value, in the order of the wire, duplicates included, tags without a name left out.
func (t Tags) All() iter.Seq2[[]byte, []byte] {
	return func(yield func(name, raw []byte) bool) {
		for rest := []byte(t); len(rest) > 0; {
			var name, value []byte
			name, value, rest = cutTag(rest)
			if len(name) > 0 && !yield(name, value) {
				return
			}
		}
	}
}

func cutTag(b []byte) (name, value, rest []byte) {
	tag := b
	if i := bytes.IndexByte(b, ';'); i >= 0 {
		tag, rest = b[:i], b[i+1:]
	}
	if i := bytes.IndexByte(tag, '='); i >= 0 {
		return tag[:i], tag[i+1:], rest
	}
	return tag, tag[len(tag):], rest
}

// AppendUnescaped appends the value that raw stands for: \: is ';', \s a space, \\ a backslash, \r CR, \n LF;
// a backslash before another byte goes away, as does one at the end
// (https://ircv3.net/specs/extensions/message-tags, "Escaping values").
func AppendUnescaped(dst, raw []byte) []byte {
	for {
		i := bytes.IndexByte(raw, '\\')
		if i < 0 {
			return append(dst, raw...)
		}
		dst = append(dst, raw[:i]...)
		if i+1 == len(raw) {
			return dst
		}
		c := raw[i+1]
		switch c {
		case ':':
			c = ';'
		case 's':
			c = ' '
		case 'r':
			c = '\r'
		case 'n':
			c = '\n'
		}
		dst, raw = append(dst, c), raw[i+2:]
	}
}

// AppendEscaped appends v as a tag value. It does not clean v: NUL and bad UTF-8 pass (see AppendCleanText).
func AppendEscaped[T ~string | ~[]byte](dst []byte, v T) []byte {
	start := 0
	for i := 0; i < len(v); i++ {
		var letter byte
		switch v[i] {
		case ';':
			letter = ':'
		case ' ':
			letter = 's'
		case '\\':
			letter = '\\'
		case '\r':
			letter = 'r'
		case '\n':
			letter = 'n'
		default:
			continue
		}
		dst = append(dst, v[start:i]...)
		dst = append(dst, '\\', letter)
		start = i + 1
	}
	return append(dst, v[start:]...)
}

// TagMark is the byte in front of a tag.
type TagMark byte

// A line's first tag and every later one.
const (
	FirstTag TagMark = '@'
	NextTag  TagMark = ';'
)

// AppendTag appends one tag with its mark and its value escaped: `@color=#FF0000`. An empty value is `key=`, which
// is how Twitch writes it. After the last tag the caller appends a space.
func AppendTag[T ~string | ~[]byte](dst []byte, mark TagMark, key string, value T) []byte {
	dst = append(dst, byte(mark))
	dst = append(dst, key...)
	dst = append(dst, '=')
	return AppendEscaped(dst, value)
}

// AppendTagInt appends one tag whose value is a decimal number: ids, times, seconds, 0 and 1.
func AppendTagInt(dst []byte, mark TagMark, key string, value int64) []byte {
	dst = append(dst, byte(mark))
	dst = append(dst, key...)
	dst = append(dst, '=')
	return strconv.AppendInt(dst, value, 10)
}
