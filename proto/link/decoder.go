package link

import "encoding/binary"

// headBytes is what stands in front of a body: the length, and the kind, which the length counts.
const headBytes = 5

// Frame is one frame of a peer. Body aliases the input of Decoder.Next, and is good until that changes.
type Frame struct {
	Kind Kind
	Body []byte
}

// Decoder cuts the bytes of one peer into frames. The zero value is ready and expects a stranger: first its preface,
// then frames of the handshake alone, so that nobody makes us wait for a long frame before it has
// proved itself. It holds no bytes.
type Decoder struct{ greeted, trusted bool }

// Trust lets all kinds of frames in. To be called when the handshake is done.
func (d *Decoder) Trust() { d.trusted = true }

// Next takes the first frame of in, or the preface, whose Kind is KindNone. n is the number of bytes that it took; 0
// without an error means that more input is needed: the caller passes the same bytes again with more behind them.
//
// err is ErrMagic, a *VersionError or a *FrameError, and final: a wrong preface is seen at its first wrong byte, an
// unknown kind and a length over the kind's bound as soon as the head is there. It allocates only for an error.
func (d *Decoder) Next(in []byte) (f Frame, n int, err error) {
	if !d.greeted {
		n, err = preface(in)
		d.greeted = n > 0
		return Frame{}, n, err
	}
	if len(in) < headBytes {
		return Frame{}, 0, nil
	}
	length, kind := binary.BigEndian.Uint32(in), Kind(in[4])
	switch {
	case !kind.known():
		return Frame{}, 0, &FrameError{kind, "unknown kind"}
	case !d.trusted && !kind.first():
		return Frame{}, 0, &FrameError{kind, "before the handshake is done"}
	case length == 0:
		return Frame{}, 0, &FrameError{kind, "length 0"}
	case length-1 > uint32(bodyBytesMax[kind]):
		return Frame{}, 0, &FrameError{kind, "too long"}
	}
	end := headBytes - 1 + int(length)
	if len(in) < end {
		return Frame{}, 0, nil
	}
	return Frame{kind, in[headBytes:end:end]}, end, nil
}

// preface takes the first bytes of a peer.
func preface(in []byte) (n int, err error) {
	if have := min(len(in), len(magic)); string(in[:have]) != magic[:have] {
		return 0, ErrMagic
	}
	if len(in) < prefaceBytes {
		return 0, nil
	}
	if v := binary.BigEndian.Uint16(in[len(magic):]); v != Version {
		return 0, &VersionError{Ours: Version, Theirs: v}
	}
	return prefaceBytes, nil
}

// AppendPreface appends what a side says first of all.
func AppendPreface(dst []byte) []byte {
	return binary.BigEndian.AppendUint16(append(dst, magic...), Version)
}

// begin appends a head; end sets its length once the body is there.
func begin(dst []byte, k Kind) []byte { return append(dst, 0, 0, 0, 0, byte(k)) }

// end completes the frame that begins at from. Whoever appended the body has kept its bound.
func end(dst []byte, from int) []byte {
	if body := len(dst) - from - headBytes; body > bodyBytesMax[dst[from+4]] {
		panic("BUG: frame " + Kind(dst[from+4]).String() + " is over its bound")
	}
	binary.BigEndian.PutUint32(dst[from:], uint32(len(dst)-from-4))
	return dst
}
