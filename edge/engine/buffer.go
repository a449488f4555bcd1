package engine

import "github.com/valyala/bytebufferpool"

// Buffer is bytes on their way out, shared by every connection of one loop that
// has not sent them all. It is counted without atomics because it never leaves its
// loop.
//
// Loop.NewBuffer returns it with one reference, which belongs to the caller. The
// caller appends to B, hands it to Send as often as it likes, and then calls
// Release; after the first Send, B must not change.
type Buffer struct {
	B    []byte
	refs int32
	pool *bytebufferpool.ByteBuffer // that B goes back to; nil when to nowhere
	loop *Loop
}

// NewBuffer returns an empty buffer with one reference.
func (l *Loop) NewBuffer() *Buffer {
	b := l.newHeader()
	b.pool = bytebufferpool.Get()
	b.B = b.pool.B[:0]
	return b
}

// newHeader returns a buffer without bytes, with one reference.
func (l *Loop) newHeader() *Buffer {
	var b *Buffer
	if n := len(l.buffers); n > 0 {
		b = l.buffers[n-1]
		l.buffers = l.buffers[:n-1]
	} else {
		b = &Buffer{loop: l}
	}
	b.refs = 1
	l.buffersLive++
	return b
}

func (b *Buffer) retain() { b.refs++ }

// Release gives one reference back. The bytes are reused after the last one.
func (b *Buffer) Release() {
	b.refs--
	if b.refs > 0 {
		return
	}
	if b.refs < 0 {
		panic("BUG: buffer released more often than retained")
	}
	if b.pool != nil {
		b.pool.B = b.B
		bytebufferpool.Put(b.pool)
	}
	b.B, b.pool = nil, nil
	b.loop.buffersLive--
	if len(b.loop.buffers) < buffersKeptMax {
		b.loop.buffers = append(b.loop.buffers, b)
	}
}

// buffersKeptMax bounds the empty Buffer headers that a loop keeps for reuse.
const buffersKeptMax = 1024
