package origin

import (
	"context"
	"errors"
	"io"
	"sync"
	"time"
)

// errCut ends a body whose PUT was cut off.
var errCut = errors.New("origin: the packager sent no more")

type blobState uint8

const (
	blobComing blobState = iota
	blobWhole
	blobBroken
)

// blob is the bytes of one file while they come and afterwards. One goroutine writes and
// ends it; any number read. Bytes below size never change.
type blob struct {
	held *gaugeBytes // what all blobs take
	born time.Time
	mu   struct {
		sync.Mutex
		chunks  [][]byte
		size    int64
		state   blobState
		changed chan struct{} // closed at each change; nil while nobody waits
	}
}

func newBlob(held *gaugeBytes) *blob { return &blob{held: held, born: time.Now()} }

// wholeBlob is a blob of bytes that its caller never changes again.
func wholeBlob(held *gaugeBytes, b []byte) *blob {
	x := newBlob(held)
	x.append(b)
	x.end(true)
	return x
}

// readFrom takes the next bytes of a body, at most max.
func (b *blob) readFrom(r io.Reader, max int64) (int, error) {
	space := b.space()
	if int64(len(space)) > max {
		space = space[:max]
	}
	n, err := r.Read(space) // without the lock: readers look below size
	if n > 0 {
		b.mu.Lock()
		last := len(b.mu.chunks) - 1
		b.mu.chunks[last] = b.mu.chunks[last][:len(b.mu.chunks[last])+n]
		b.mu.size += int64(n)
		b.wakeLocked()
		b.mu.Unlock()
	}
	return n, err
}

// space is where the next bytes go.
func (b *blob) space() []byte {
	b.mu.Lock()
	defer b.mu.Unlock()
	if n := len(b.mu.chunks); n > 0 {
		if c := b.mu.chunks[n-1]; len(c) < cap(c) {
			return c[len(c):cap(c)]
		}
	}
	n := readChunkBytes
	if len(b.mu.chunks) == 0 {
		n = firstChunkBytes
	}
	b.mu.chunks = append(b.mu.chunks, make([]byte, 0, n))
	b.held.add(int64(n))
	return b.mu.chunks[len(b.mu.chunks)-1][:n]
}

// append adds bytes that nobody changes any more. It is not mixed with readFrom.
func (b *blob) append(p []byte) {
	b.mu.Lock()
	b.mu.chunks = append(b.mu.chunks, p[:len(p):len(p)])
	b.mu.size += int64(len(p))
	b.held.add(int64(len(p)))
	b.wakeLocked()
	b.mu.Unlock()
}

// end says that no more will come. The first call counts.
func (b *blob) end(whole bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.mu.state != blobComing {
		return
	}
	b.mu.state = blobBroken
	if whole {
		b.mu.state = blobWhole
	}
	b.wakeLocked()
}

func (b *blob) wakeLocked() {
	if b.mu.changed != nil {
		close(b.mu.changed)
		b.mu.changed = nil
	}
}

// release takes the blob out of the count of memory; readers that have it read on.
func (b *blob) release() {
	b.mu.Lock()
	defer b.mu.Unlock()
	n := int64(0)
	for _, c := range b.mu.chunks {
		n += int64(cap(c))
	}
	b.held.add(-n)
	b.held = &gaugeBytes{}
}

// look is how the blob stands, and what is closed when that changes.
func (b *blob) look() (size int64, state blobState, changed <-chan struct{}) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.mu.state == blobComing && b.mu.changed == nil {
		b.mu.changed = make(chan struct{})
	}
	return b.mu.size, b.mu.state, b.mu.changed
}

func (b *blob) state() blobState {
	_, s, _ := b.look()
	return s
}

// settle waits until the blob is whole or broken.
func (b *blob) settle(ctx context.Context) (blobState, error) {
	for {
		_, state, changed := b.look()
		if state != blobComing {
			return state, nil
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return state, ctx.Err()
		}
	}
}

// bytes is a copy of the whole.
func (b *blob) bytes() []byte {
	b.mu.Lock()
	defer b.mu.Unlock()
	out := make([]byte, 0, b.mu.size)
	for _, c := range b.mu.chunks {
		out = append(out, c...)
	}
	return out
}

// writeTo writes what is there to a file.
func (b *blob) writeTo(w io.Writer) error {
	b.mu.Lock()
	chunks := b.mu.chunks[:len(b.mu.chunks):len(b.mu.chunks)]
	b.mu.Unlock()
	for _, c := range chunks {
		if _, err := w.Write(c); err != nil {
			return err
		}
	}
	return nil
}

// blobReader reads a blob from its first byte, and waits for what has not come.
type blobReader struct {
	ctx   context.Context
	b     *blob
	chunk int
	at    int // in chunk
}

func (r *blobReader) Read(p []byte) (int, error) {
	for {
		n, state, changed := r.copy(p)
		switch {
		case n > 0 || len(p) == 0:
			return n, nil
		case state == blobWhole:
			return 0, io.EOF
		case state == blobBroken:
			return 0, errCut
		}
		select {
		case <-changed:
		case <-r.ctx.Done():
			return 0, r.ctx.Err()
		}
	}
}

func (r *blobReader) copy(p []byte) (n int, state blobState, changed <-chan struct{}) {
	b := r.b
	b.mu.Lock()
	defer b.mu.Unlock()
	for n < len(p) && r.chunk < len(b.mu.chunks) {
		c := b.mu.chunks[r.chunk]
		k := copy(p[n:], c[r.at:])
		n, r.at = n+k, r.at+k
		if r.at < len(c) {
			break // p is full
		}
		if r.chunk == len(b.mu.chunks)-1 {
			break // this chunk may grow yet
		}
		r.chunk, r.at = r.chunk+1, 0
	}
	if n == 0 && b.mu.state == blobComing && b.mu.changed == nil {
		b.mu.changed = make(chan struct{})
	}
	return n, b.mu.state, b.mu.changed
}

func (r *blobReader) Close() error { return nil }
