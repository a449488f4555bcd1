package ws

import (
	"bytes"
	"io"
	"sync"

	"github.com/klauspost/compress/flate"
)

// inflateTail stands behind a message's payload: what its sender has cut off (RFC 7692 section 7.2.2), and an empty
// last block, so that the reader comes to a clean end.
const inflateTail = "\x00\x00\xff\xff\x01\x00\x00\xff\xff"

// lastBlocksMax bounds the blocks of one message that call themselves its last. Whoever cannot flush ends with one
// (RFC 7692 section 7.2.3.4); beyond a few it is work for nothing.
const lastBlocksMax = 4

// inflater is what one message is read with. It goes back to the pool before Next returns, so an idle connection
// costs nothing.
type inflater struct {
	flate io.ReadCloser // a flate.Resetter
	src   bytes.Reader
	in    []byte // the payload and its tail
	out   []byte
}

var inflaters = sync.Pool{New: func() any { return &inflater{flate: flate.NewReader(nil)} }}

// inflate returns a message's payload, which is the caller's own. It stops at maxMessageBytes, give or take the
// window of 32 KiB, however much more the message would come to.
func inflate(payload []byte, maxMessageBytes int) ([]byte, *CloseError) {
	z := inflaters.Get().(*inflater)
	defer inflaters.Put(z)
	z.in = append(append(z.in[:0], payload...), inflateTail...)
	z.out = z.out[:0]
	z.src.Reset(z.in)
	for range lastBlocksMax {
		if err := z.flate.(flate.Resetter).Reset(&z.src, z.out); err != nil {
			return nil, errDeflate
		}
		if fault := z.read(maxMessageBytes); fault != nil {
			return nil, fault
		}
		if z.src.Len() == 0 {
			return bytes.Clone(z.out), nil
		}
	}
	return nil, errDeflate
}

// read appends to out up to the end of a last block.
func (z *inflater) read(maxMessageBytes int) *CloseError {
	for {
		if len(z.out) == cap(z.out) {
			z.out = append(z.out, 0)[:len(z.out)]
		}
		n, err := z.flate.Read(z.out[len(z.out):cap(z.out)])
		z.out = z.out[:len(z.out)+n]
		switch {
		case len(z.out) > maxMessageBytes:
			return errMessageTooBig
		case err == io.EOF:
			return nil
		case err != nil:
			return errDeflate
		}
	}
}
