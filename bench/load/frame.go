package load

import (
	"encoding/binary"
	"errors"
)

// Opcodes of RFC 6455 section 5.2 that a chat server sends.
const (
	opText  = 0x1
	opClose = 0x8
	opPing  = 0x9
	opPong  = 0xA

	opPacked = 0x40 | opText // compressed
)

// frameBytesMax bounds a server frame; the read buffer is larger.
const frameBytesMax = 128 << 10

var errFrame = errors.New("server frame is masked, fragmented, compressed, binary or too long")

// nextFrame splits the first frame off b: its opcode, its payload (aliasing b) and
// its whole size. Size 0 means that b holds no whole frame yet. This client
// takes no fragmentation, and compressed text, opPacked, only where it has offered to.
func nextFrame(b []byte, deflate bool) (op byte, payload []byte, size int, err error) {
	if len(b) < 2 {
		return 0, nil, 0, nil
	}
	if op = b[0] & 0x0f; deflate && b[0] == 0x80|opPacked {
		op = opPacked
	}
	if b[0] != 0x80|op || b[1]&0x80 != 0 {
		return 0, nil, 0, errFrame
	}
	switch op {
	case opText, opPacked, opClose, opPing, opPong:
	default:
		return 0, nil, 0, errFrame
	}
	head, n := 2, int(b[1])
	switch {
	case n == 127:
		if len(b) < 10 {
			return 0, nil, 0, nil
		}
		if head = 10; binary.BigEndian.Uint64(b[2:]) > frameBytesMax {
			return 0, nil, 0, errFrame
		}
		n = int(binary.BigEndian.Uint64(b[2:]))
	case n == 126:
		if len(b) < 4 {
			return 0, nil, 0, nil
		}
		head, n = 4, int(binary.BigEndian.Uint16(b[2:]))
	}
	if len(b) < head+n {
		return 0, nil, 0, nil
	}
	return op, b[head : head+n], head + n, nil
}

// appendFrame appends one masked client frame. Payloads are at most 64 KiB.
func appendFrame(dst []byte, op byte, payload []byte) []byte {
	mask := [4]byte{0x3a, 0x91, 0x5c, 0x77} // fixed: it need not be secret here
	dst = append(dst, 0x80|op)
	if n := len(payload); n < 126 {
		dst = append(dst, 0x80|byte(n))
	} else {
		dst = append(dst, 0x80|126, byte(n>>8), byte(n))
	}
	dst = append(dst, mask[:]...)
	for i, c := range payload {
		dst = append(dst, c^mask[i&3])
	}
	return dst
}
