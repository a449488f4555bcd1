package link

import (
	"encoding/binary"
	"math/bits"
)

// appendText appends a text with its length in front.
func appendText[T ~string | ~[]byte](dst []byte, s T) []byte {
	return append(binary.AppendUvarint(dst, uint64(len(s))), s...)
}

// checks collects the first text of a value that is over its limit.
type checks struct{ err error }

func (c *checks) text(what, s string, limit int) {
	if len(s) > limit && c.err == nil {
		c.err = tooLong(what, len(s), limit)
	}
}

// cursor reads the fields of a body in turn. After the first broken one all are zero, and fault says what was
// broken. Texts share the memory of s.
type cursor struct {
	s     string
	fault string
}

func (c *cursor) fail(fault string) {
	if c.fault == "" {
		c.fault = fault
	}
	c.s = ""
}

// done returns the fault of a body of kind k, if it has one: also when there is more than was read.
func (c *cursor) done(k Kind) error {
	if c.s != "" {
		c.fail("bytes behind the last field")
	}
	if c.fault != "" {
		return &FrameError{k, c.fault}
	}
	return nil
}

// number reads a uvarint up to limit. Only the shortest form of a number is taken.
func (c *cursor) number(limit uint64) uint64 {
	var v uint64
	for i := range len(c.s) {
		b := c.s[i]
		if i == binary.MaxVarintLen64-1 && b > 1 || i > 0 && b == 0 {
			break
		}
		v |= uint64(b&0x7f) << (7 * i)
		if b < 0x80 {
			if v > limit {
				break
			}
			c.s = c.s[i+1:]
			return v
		}
	}
	c.fail("bad number")
	return 0
}

// text reads a text up to limit bytes.
func (c *cursor) text(limit int) string { return c.bytes(int(c.number(uint64(limit)))) }

// bytes reads n bytes.
func (c *cursor) bytes(n int) string {
	if n > len(c.s) {
		c.fail("cut short")
		return ""
	}
	s := c.s[:n]
	c.s = c.s[n:]
	return s
}

// fixed64 reads 8 bytes, big endian.
func (c *cursor) fixed64() (v uint64) {
	s := c.bytes(8)
	for i := range len(s) {
		v = v<<8 | uint64(s[i])
	}
	return v
}

// byte reads one byte up to limit.
func (c *cursor) byte(limit byte) byte {
	s := c.bytes(1)
	if s == "" {
		return 0
	}
	if s[0] > limit {
		c.fail("value out of range")
		return 0
	}
	return s[0]
}

// flags packs up to eight truths into a byte, the first lowest.
func flags(bits ...bool) (b byte) {
	for i, bit := range bits {
		if bit {
			b |= 1 << i
		}
	}
	return b
}

// uvarintLen is how many bytes a uvarint takes.
func uvarintLen(v uint64) int { return (bits.Len64(v|1) + 6) / 7 }
