package irc

import (
	"encoding/binary"
	"unicode/utf8"
)

// ctcp frames an action, `\x01ACTION waves\x01`: the only control byte that a text may carry.
const ctcp = '\x01'

// AppendCleanText appends src as it may be relayed: without C0 control bytes (NUL, CR, LF, TAB and the rest, but
// \x01 stays, which frames /me), and with U+FFFD for every byte that is no UTF-8, since one bad byte closes every
// WebSocket reader of the room. At most three bytes come out for each that goes in.
func AppendCleanText(dst, src []byte) []byte {
	for len(src) > 0 {
		// Fast path: a run of plain ASCII.
		n := plainPrefix(src)
		dst, src = append(dst, src[:n]...), src[n:]
		if len(src) == 0 {
			break
		}
		// Slow path: one rune.
		if c := src[0]; c < utf8.RuneSelf {
			if c == ctcp {
				dst = append(dst, c)
			}
			src = src[1:]
			continue
		}
		r, size := utf8.DecodeRune(src)
		dst, src = utf8.AppendRune(dst, r), src[size:]
	}
	return dst
}

// IsCleanText reports whether AppendCleanText would change nothing.
func IsCleanText(src []byte) bool {
	for i := plainPrefix(src); i < len(src); {
		c := src[i]
		switch {
		case c >= utf8.RuneSelf:
			r, size := utf8.DecodeRune(src[i:])
			if r == utf8.RuneError && size == 1 {
				return false
			}
			i += size
		case c < ' ' && c != ctcp:
			return false
		default:
			i++
		}
	}
	return true
}

// plainPrefix returns how many bytes from the start are ASCII and no control byte, eight at a time.
func plainPrefix(b []byte) int {
	const (
		ones  = 0x0101010101010101
		highs = 0x8080808080808080
	)
	i := 0
	for ; i+8 <= len(b); i += 8 {
		x := binary.LittleEndian.Uint64(b[i:])
		// A set high bit is no ASCII; a borrow into a high bit is a byte under 0x20.
		if (x|(x-ones*0x20))&highs != 0 {
			break
		}
	}
	for i < len(b) && b[i] >= ' ' && b[i] < utf8.RuneSelf {
		i++
	}
	return i
}
