// Package ws is the wire format of the WebSocket (RFC 6455) over byte slices: the server's side, and as much of the
// client's side as tests and load generators need.
//
// It does no I/O, reads no clock and starts no goroutine. A Decoder belongs to one connection and to one goroutine
// at a time, and so does a Compressor; all other functions keep no state. The one extension spoken is
// permessage-deflate (RFC 7692), without windows kept between messages; any other RSV bit fails the connection.
//
// The payload cipher is gobwas/ws's, which uses vector instructions. Its header reader is not used: it wants an
// io.Reader, consumes what it has read when the header is not whole yet, and allocates; its CheckHeader looks at
// neither sizes nor close codes nor UTF-8. Its Upgrader is not used either: it wants an io.ReadWriter, has a
// buffer of its own that would swallow frames sent right behind the head, and bounds no header.
package ws

// Op is a frame's opcode (RFC 6455 section 11.8).
type Op uint8

// The opcodes that an Event or a frame of ours can have. OpNone has the value of a continuation on the wire.
const (
	OpNone   Op = 0x0
	OpText   Op = 0x1
	OpBinary Op = 0x2
	OpClose  Op = 0x8
	OpPing   Op = 0x9
	OpPong   Op = 0xA
)

// isControl reports whether op has the bit of control frames (RFC 6455 section 5.5).
func (op Op) isControl() bool { return op&0x8 != 0 }

func (op Op) isReserved() bool { return 0x3 <= op && op <= 0x7 || op >= 0xB }

const (
	// ControlBytesMax bounds the payload of a control frame (RFC 6455 section 5.5).
	ControlBytesMax = 125

	// ReasonBytesMax bounds the reason of a close: a control payload without its code.
	ReasonBytesMax = ControlBytesMax - 2

	// HeaderBytesMax is the longest header of a frame, mask included.
	HeaderBytesMax = 14

	finBit  = 0x80
	rsv1Bit = 0x40 // of permessage-deflate
	rsvBits = 0x30 // of nothing that is spoken here
	opBits  = 0x0F
	maskBit = 0x80
	lenBits = 0x7F

	len16 = 126 // the length follows in 2 bytes
	len64 = 127 // the length follows in 8 bytes
)
