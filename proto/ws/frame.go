package ws

import (
	"encoding/binary"
	"fmt"
	"unicode/utf8"

	"github.com/gobwas/ws"
)

// AppendHeader appends the header of a final, unmasked frame: what a server puts in front of a payload.
func AppendHeader(dst []byte, op Op, payloadLen int) []byte {
	var buf [HeaderBytesMax]byte
	return append(dst, buf[:PutHeader(buf[:], op, payloadLen)]...)
}

// AppendFrame appends one final, unmasked frame.
func AppendFrame[T ~string | ~[]byte](dst []byte, op Op, payload T) []byte {
	return append(AppendHeader(dst, op, len(payload)), payload...)
}

// AppendClose appends an unmasked close frame. The reason is cut to ReasonBytesMax before a rune that would be
// split. Code 0 makes a close without code and reason; a code that may not be sent is a bug of the caller.
func AppendClose(dst []byte, code uint16, reason string) []byte {
	if code == 0 {
		return AppendHeader(dst, OpClose, 0)
	}
	if !ValidCode(code) {
		panic(fmt.Sprintf("BUG: close code %d is not for the wire", code))
	}
	if len(reason) > ReasonBytesMax {
		end := ReasonBytesMax
		for end > 0 && !utf8.RuneStart(reason[end]) {
			end--
		}
		reason = reason[:end]
	}
	dst = AppendHeader(dst, OpClose, 2+len(reason))
	dst = binary.BigEndian.AppendUint16(dst, code)
	return append(dst, reason...)
}

// AppendClientFrame appends one final frame as a client sends it, masked. payload is left as it is.
func AppendClientFrame[T ~string | ~[]byte](dst []byte, op Op, mask [4]byte, payload T) []byte {
	return appendMasked(dst, finBit|byte(op), mask, payload)
}

func appendMasked[T ~string | ~[]byte](dst []byte, first byte, mask [4]byte, payload T) []byte {
	var buf [HeaderBytesMax]byte
	n := putHeader(buf[:], first, maskBit, len(payload))
	n += copy(buf[n:], mask[:])
	dst = append(dst, buf[:n]...)
	start := len(dst)
	dst = append(dst, payload...)
	ws.Cipher(dst[start:], mask, 0)
	return dst
}

// NextServerFrame cuts the first frame off what a server sent. n is 0 while it is not whole. payload aliases in.
// It is the reader of load generators, whose server is ours: it refuses masks, RSV bits, reserved opcodes and
// fragments with a *CloseError, and trusts the rest. Frames over payloadBytesMax are refused.
func NextServerFrame(in []byte, payloadBytesMax int) (op Op, payload []byte, n int, err error) {
	if len(in) < 2 {
		return OpNone, nil, 0, nil
	}
	h := parseStart(in)
	switch {
	case h.rsv, h.packed:
		return OpNone, nil, 0, errRSV
	case h.masked:
		return OpNone, nil, 0, errMasked
	case h.op.isReserved():
		return OpNone, nil, 0, errOpcode
	case !h.fin || h.op == OpNone:
		return OpNone, nil, 0, errStray
	}
	if !h.parseLength(in) {
		return OpNone, nil, 0, nil
	}
	if h.payloadLen > uint64(payloadBytesMax) {
		return OpNone, nil, 0, errMessageTooBig
	}
	end := h.size + int(h.payloadLen)
	if len(in) < end {
		return OpNone, nil, 0, nil
	}
	return h.op, in[h.size:end], end, nil
}
