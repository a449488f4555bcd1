package link

import (
	"encoding/binary"
)

// Position is a place in a room: exchange.Position.
type Position struct{ Epoch, Seq uint64 }

// Since asks for what is still kept of a room behind a position; after the zero Position, for the head alone.
type Since struct {
	ID    uint32 // of the request; comes back with the answer
	Room  string // up to RoomBytesMax
	After Position
}

// AppendSince appends a since frame.
func AppendSince(dst []byte, s *Since) ([]byte, error) {
	if len(s.Room) > RoomBytesMax {
		return dst, tooLong("room name", len(s.Room), RoomBytesMax)
	}
	from := len(dst)
	dst = binary.BigEndian.AppendUint32(begin(dst, KindSince), s.ID)
	dst = appendPosition(dst, s.After)
	return end(append(dst, s.Room...), from), nil
}

// ParseSince reads the body of a since frame. The room is a copy.
func ParseSince(body []byte) (s Since, err error) {
	if len(body) < 20 || len(body) > 20+RoomBytesMax {
		return s, &FrameError{KindSince, "wrong length"}
	}
	return Since{binary.BigEndian.Uint32(body), string(body[20:]), parsePosition(body[4:])}, nil
}

// Found is an answer to Since, or a piece of one.
type Found struct {
	ID    uint32
	More  bool     // further frames with this ID follow, with later parts
	Head  Position // of the last event ever published in the room
	Error string   // why nothing was found out, or empty; cut to ReasonBytesMax
	Parts [][]byte // in order, up to PayloadBytesMax each
}

// AppendFound appends an answer: several found frames if its parts are many. More is set by it.
func AppendFound(dst []byte, f *Found) ([]byte, error) {
	for _, p := range f.Parts {
		if len(p) > PayloadBytesMax {
			return dst, tooLong("part", len(p), PayloadBytesMax)
		}
	}
	parts := f.Parts
	for {
		n, bytes := 0, 0
		for n < len(parts) && n < BatchMax && bytes+len(parts[n]) <= PayloadBytesMax {
			bytes += len(parts[n])
			n++
		}
		dst = appendFound(dst, f, parts[:n], n < len(parts))
		if parts = parts[n:]; len(parts) == 0 {
			return dst, nil
		}
	}
}

func appendFound(dst []byte, f *Found, parts [][]byte, more bool) []byte {
	from := len(dst)
	dst = binary.BigEndian.AppendUint32(begin(dst, KindFound), f.ID)
	dst = append(dst, flags(more))
	dst = appendPosition(dst, f.Head)
	dst = appendText(dst, f.Error[:min(len(f.Error), ReasonBytesMax)])
	for _, p := range parts {
		dst = binary.BigEndian.AppendUint32(dst, uint32(len(p)))
		dst = append(dst, p...)
	}
	return end(dst, from)
}

// foundFixed is what stands in front of a found frame's error: id, more, head.
const foundFixed = 4 + 1 + 16

// ParseFound reads the body of a found frame into f, whose Parts is used again and aliases body.
func ParseFound(body []byte, f *Found) error {
	*f = Found{Parts: f.Parts[:0]}
	if len(body) < foundFixed || body[4] > 1 {
		return &FrameError{KindFound, "bad head"}
	}
	f.ID, f.More, f.Head = binary.BigEndian.Uint32(body), body[4] == 1, parsePosition(body[5:])
	body = body[foundFixed:]
	n, size := binary.Uvarint(body)
	if size <= 0 || size != uvarintLen(n) || n > ReasonBytesMax || n > uint64(len(body)-size) {
		return &FrameError{KindFound, "bad error text"}
	}
	if n > 0 {
		f.Error = clean(string(body[size : size+int(n)]))
	}
	for body = body[size+int(n):]; len(body) > 0; {
		if len(body) < 4 || len(f.Parts) == BatchMax {
			return &FrameError{KindFound, "bad part"}
		}
		n := binary.BigEndian.Uint32(body)
		if body = body[4:]; uint64(n) > uint64(len(body)) || n > PayloadBytesMax {
			return &FrameError{KindFound, "bad part"}
		}
		f.Parts = append(f.Parts, body[:n:n])
		body = body[n:]
	}
	return nil
}

func appendPosition(dst []byte, p Position) []byte {
	dst = binary.BigEndian.AppendUint64(dst, p.Epoch)
	return binary.BigEndian.AppendUint64(dst, p.Seq)
}

func parsePosition(b []byte) Position {
	return Position{binary.BigEndian.Uint64(b), binary.BigEndian.Uint64(b[8:])}
}
