package http1

import (
	"bytes"
	"strconv"
)

// LastByteOpen is the last byte that a client names when it wants a body that still grows, all of it (RFC 8673 section
// 2, and section 6.2.6 of HLS): the largest whole number that every JSON reader holds.
const LastByteOpen int64 = 1<<53 - 1

// Range is one range of bytes as it was asked for. The zero Range asks for none.
type Range struct {
	Asked bool
	// First and Last are inclusive. First is -1 when the last Last bytes are wanted, and Last is -1 when all from First on
	// are.
	First, Last int64
}

// ParseRange reads the value of a Range header (RFC 9110 section 14.1.2). ok is false for what a server ignores: another
// unit, several ranges, and all that is malformed.
func ParseRange(value []byte) (r Range, ok bool) {
	const unit = "bytes="
	if len(value) < len(unit) || !equalFold(value[:len(unit)], unit) {
		return Range{}, false
	}
	first, last, found := bytes.Cut(trimSpace(value[len(unit):]), []byte{'-'})
	if !found {
		return Range{}, false
	}
	r = Range{Asked: true, First: -1, Last: -1}
	if len(first) > 0 {
		if r.First, ok = parseLength(first); !ok {
			return Range{}, false
		}
	}
	if len(last) > 0 {
		if r.Last, ok = parseLength(last); !ok {
			return Range{}, false
		}
	}
	if r.First < 0 && r.Last < 0 || r.First >= 0 && r.Last >= 0 && r.Last < r.First {
		return Range{}, false
	}
	return r, true
}

// Within is the part of a body of size bytes that r asks for: from first up to before end. ok is false when it is empty:
// status 416.
func (r Range) Within(size int64) (first, end int64, ok bool) {
	switch {
	case r.First < 0:
		first, end = max(size-r.Last, 0), size
	case r.Last < 0:
		first, end = r.First, size
	default:
		first, end = r.First, min(r.Last, size-1)+1
	}
	return first, end, first < end
}

// AppendContentRange appends the header line of a 206: from first up to before end of size bytes; size is -1 when it is
// not known.
func AppendContentRange(dst []byte, first, end, size int64) []byte {
	dst = append(dst, "Content-Range: bytes "...)
	dst = strconv.AppendInt(dst, first, 10)
	dst = append(dst, '-')
	dst = strconv.AppendInt(dst, end-1, 10)
	dst = append(dst, '/')
	if size < 0 {
		return AppendEnd(append(dst, '*'))
	}
	return AppendEnd(strconv.AppendInt(dst, size, 10))
}

// AppendUnsatisfied appends the Content-Range line of a 416.
func AppendUnsatisfied(dst []byte, size int64) []byte {
	return AppendEnd(strconv.AppendInt(append(dst, "Content-Range: bytes */"...), size, 10))
}

// ParseDigits reads a number of 1 to 18 digits and nothing else.
func ParseDigits(b []byte) (n int64, ok bool) { return parseLength(b) }
