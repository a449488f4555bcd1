package link

import "encoding/binary"

// Ping asks whether the peer is there, and tells how the sender is. The peer answers with a Pong of the same ID at
// once, ahead of what waits. No clock travels.
type Ping struct {
	ID     uint64 // what the sender likes
	Credit uint32 // how many more questions the sender of this frame takes now
	Load   uint16 // how busy it is, in thousandths; 1000 is all that it can
}

const pingBytes = 14

// AppendPing appends a ping frame.
func AppendPing(dst []byte, p Ping) []byte { return appendPing(dst, KindPing, p) }

// AppendPong appends a pong frame.
func AppendPong(dst []byte, p Ping) []byte { return appendPing(dst, KindPong, p) }

func appendPing(dst []byte, k Kind, p Ping) []byte {
	from := len(dst)
	dst = binary.BigEndian.AppendUint64(begin(dst, k), p.ID)
	dst = binary.BigEndian.AppendUint32(dst, p.Credit)
	return end(binary.BigEndian.AppendUint16(dst, p.Load), from)
}

// ParsePing reads a ping or pong frame.
func ParsePing(f Frame) (Ping, error) {
	b := f.Body
	if len(b) != pingBytes {
		return Ping{}, &FrameError{f.Kind, "wrong length"}
	}
	return Ping{binary.BigEndian.Uint64(b), binary.BigEndian.Uint32(b[8:]), binary.BigEndian.Uint16(b[12:])}, nil
}
