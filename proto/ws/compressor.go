package ws

import (
	"fmt"

	"github.com/klauspost/compress/flate"
)

// Compressor makes compressed messages (RFC 7692), each for itself. It belongs to one goroutine, holds about
// 0.8 MB, and allocates nothing but what its result grows by.
type Compressor struct {
	flate *flate.Writer
	out   sink
}

// sink is the io.Writer that the compressor wants.
type sink []byte

func (s *sink) Write(p []byte) (int, error) {
	*s = append(*s, p...)
	return len(p), nil
}

// compressorLevel is the last before the time doubles for next to nothing: a sixth fewer bytes than the fastest, in twice
// its time, which is one of many members'. BenchmarkCompressor compares.
const compressorLevel = 6

// flushBytes is how long the end of a flush is, which is not sent (RFC 7692 section 7.2.1).
const flushBytes = len("\x00\x00\xff\xff")

// NewCompressor makes a Compressor.
func NewCompressor() *Compressor { return newCompressor(compressorLevel) }

func newCompressor(level int) *Compressor {
	z := &Compressor{}
	w, err := flate.NewWriter(&z.out, level)
	if err != nil {
		panic("BUG: " + err.Error())
	}
	z.flate = w
	return z
}

// AppendMessage appends one final, unmasked frame with payload compressed; or as it is, where that is no longer. Its
// reader has agreed to permessage-deflate.
func (z *Compressor) AppendMessage(dst []byte, op Op, payload []byte) []byte {
	z.out = z.out[:0]
	z.flate.Reset(&z.out)
	_, err := z.flate.Write(payload)
	if err == nil {
		err = z.flate.Flush()
	}
	if err != nil {
		panic(fmt.Sprintf("BUG: cannot compress into memory: %v", err))
	}
	packed := z.out[:len(z.out)-flushBytes]
	if len(packed) >= len(payload) {
		return AppendFrame(dst, op, payload)
	}
	start := len(dst)
	dst = append(AppendHeader(dst, op, len(packed)), packed...)
	dst[start] |= rsv1Bit
	return dst
}
