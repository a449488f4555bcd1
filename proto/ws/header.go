package ws

import "encoding/binary"

// header is the part of a frame in front of its payload.
type header struct {
	fin        bool
	rsv        bool // a bit that no extension of ours has
	packed     bool // the bit of permessage-deflate
	masked     bool
	op         Op
	mask       [4]byte
	payloadLen uint64
	size       int // bytes of the header itself; 0 while it is not whole
}

// parseStart reads the first two bytes, which decide every rule but the size. in holds at least 2 bytes.
func parseStart(in []byte) header {
	return header{
		fin:    in[0]&finBit != 0,
		rsv:    in[0]&rsvBits != 0,
		packed: in[0]&rsv1Bit != 0,
		op:     Op(in[0] & opBits),
		masked: in[1]&maskBit != 0,
	}
}

// beginsMessage reports whether the frame is the first of a message, which alone may say that it is compressed
// (RFC 7692 section 6).
func (h *header) beginsMessage() bool { return h.op != OpNone && !h.op.isControl() }

// parseLength reads the payload length and sets size when the header is whole, mask included. It sets payloadLen as soon
// as the length is there, so that the size can be refused before the mask arrives; known says whether it is.
func (h *header) parseLength(in []byte) (known bool) {
	size := 2
	switch n := in[1] & lenBits; n {
	case len16:
		size += 2
		if len(in) < size {
			return false
		}
		h.payloadLen = uint64(binary.BigEndian.Uint16(in[2:]))
	case len64:
		size += 8
		if len(in) < size {
			return false
		}
		h.payloadLen = binary.BigEndian.Uint64(in[2:])
	default:
		h.payloadLen = uint64(n)
	}
	if h.masked {
		size += 4
		if len(in) < size {
			return true
		}
		copy(h.mask[:], in[size-4:])
	}
	h.size = size
	return true
}

// HeaderSize returns the size of the header in front of an unmasked payload: 2, 4 or 10 bytes. An encoder that
// writes the payload first leaves that much room in front.
func HeaderSize(payloadLen int) int {
	switch {
	case payloadLen < len16:
		return 2
	case payloadLen <= 0xFFFF:
		return 4
	}
	return 10
}

// PutHeader writes the header of a final, unmasked frame to the start of dst, which has room for
// HeaderSize(payloadLen) bytes, and returns that size.
func PutHeader(dst []byte, op Op, payloadLen int) int {
	return putHeader(dst, finBit|byte(op), 0, payloadLen)
}

func putHeader(dst []byte, first, mask byte, payloadLen int) int {
	dst[0] = first
	switch HeaderSize(payloadLen) {
	case 2:
		dst[1] = mask | byte(payloadLen)
		return 2
	case 4:
		dst[1] = mask | len16
		binary.BigEndian.PutUint16(dst[2:], uint16(payloadLen))
		return 4
	}
	dst[1] = mask | len64
	binary.BigEndian.PutUint64(dst[2:], uint64(payloadLen))
	return 10
}
