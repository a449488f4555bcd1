package link

import "encoding/binary"

// A batch is entries, each with its length in front, in four bytes, big endian. Their writer makes as many frames as
// they need.
const entryHeadBytes = 4

// appendBatch appends items, each encoded by one, in frames of kind k. No item makes no frame.
func appendBatch[T any](dst []byte, k Kind, items []T, one func([]byte, *T) ([]byte, error)) ([]byte, error) {
	start, from, n := len(dst), 0, 0
	for i := range items {
		if n == 0 {
			from = len(dst)
			dst = begin(dst, k)
		}
		at := len(dst)
		var err error
		if dst, err = one(append(dst, 0, 0, 0, 0), &items[i]); err != nil {
			return dst[:start], err
		}
		size := len(dst) - at
		if size > entryBytesMax {
			return dst[:start], tooLong("entry of "+k.String(), size, entryBytesMax)
		}
		binary.BigEndian.PutUint32(dst[at:], uint32(size-entryHeadBytes))
		if n++; n > BatchMax || len(dst)-from-headBytes > BatchBytesMax {
			// It belongs to a frame of its own, whose head goes in before it.
			end(dst[:at], from)
			dst = append(dst, make([]byte, headBytes)...)
			copy(dst[at+headBytes:], dst[at:at+size])
			from, n = at, 1
			begin(dst[:at], k)
		}
	}
	if n > 0 {
		dst = end(dst, from)
	}
	return dst, nil
}

// parseBatch appends the entries of a body to dst, each read by one. The texts of an entry are copies, in one piece of
// memory per entry.
func parseBatch[T any](dst []T, k Kind, body []byte, one func(*cursor, *T)) ([]T, error) {
	var c cursor
	for n := 0; len(body) > 0; n++ {
		if len(body) < entryHeadBytes || n == BatchMax {
			return dst, &FrameError{k, "too many entries, or half of one"}
		}
		size := binary.BigEndian.Uint32(body)
		if body = body[entryHeadBytes:]; size > entryBytesMax-entryHeadBytes || int(size) > len(body) {
			return dst, &FrameError{k, "bad length of an entry"}
		}
		c = cursor{s: string(body[:size])}
		body = body[size:]
		var item T
		dst = append(dst, item)
		one(&c, &dst[len(dst)-1])
		if err := c.done(k); err != nil {
			return dst[:len(dst)-1], err
		}
	}
	return dst, nil
}
