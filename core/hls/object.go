package hls

import (
	"sort"
	"sync/atomic"
	"time"
)

// Object is the bytes of one segment, whole or still coming. Its bytes are written once, by
// the fill, and read by any number of goroutines behind it; the memory goes back to the
// arena with the last reference.
type Object struct {
	arena  *arena
	refs   atomic.Int32
	size   atomic.Int64 // -1 while unknown
	filled atomic.Int64
	end    atomic.Uint32           // State: StateWait while it comes, then StateEnd or StateBroken
	chunks atomic.Pointer[[]chunk] // a new slice for every change
	line   line                    // readers at the end of what has come

	// Of the header; fixed once the Object is published.
	contentType  string
	etag         string
	lastModified time.Time
	born         time.Time // when the origin gave it out: its age counts from there

	// The fill's own.
	told  int64       // bytes that readers were woken for
	nudge *time.Timer // wakes readers for less than wakeBytes
	armed atomic.Bool
}

// chunk is a run of the arena and the place of its first byte in the Object.
type chunk struct {
	off int64
	run run
	b   []byte // all of the run
}

// Bounds of the wake-ups of readers that follow a fill: all that wait are woken for the first
// bytes, for every wakeBytes, and wakeDelay after whatever is less.
const (
	wakeBytes = 64 << 10
	wakeDelay = 10 * time.Millisecond
)

// chunkPages is what the fill asks the arena for at once, 256 KiB.
const chunkPages = 64

func newObject(n *Node, a *arena, length int64) *Object {
	o := &Object{arena: a}
	o.refs.Store(1)
	o.size.Store(length)
	o.end.Store(uint32(StateWait))
	o.chunks.Store(new([]chunk))
	o.line.node = n
	return o
}

// Size is the length in bytes; -1 while it is unknown.
func (o *Object) Size() int64 { return o.size.Load() }

// At is the bytes from off on, as many as lie together in memory, and StateBytes; or none,
// and why. They stay as they are until the caller's reference is given back. Any goroutine
// may call it, and it takes no lock.
func (o *Object) At(off int64) ([]byte, State) {
	end := State(o.end.Load()) // before filled, which is final once this is
	filled := o.filled.Load()
	if off >= filled || off < 0 {
		return nil, end
	}
	chunks := *o.chunks.Load()
	i := sort.Search(len(chunks), func(i int) bool { return chunks[i].off > off }) - 1
	c := &chunks[i]
	return c.b[off-c.off : min(int64(len(c.b)), filled-c.off)], StateBytes
}

// Await queues w until there is more at off than At has said. It reports false, and does
// nothing, when that is so now.
func (o *Object) Await(off int64, w *Waiter) bool {
	w.leave()
	o.line.mu.Lock()
	defer o.line.mu.Unlock()
	o.line.add(w)
	// Looked at last: who writes looks for waiters after it has written.
	if off < o.filled.Load() || State(o.end.Load()) != StateWait {
		o.line.remove(w)
		return false
	}
	return true
}

// Release gives one reference back.
func (o *Object) Release() {
	switch refs := o.refs.Add(-1); {
	case refs < 0:
		panic("BUG: an Object is released twice")
	case refs > 0:
		return
	}
	for _, c := range *o.chunks.Load() {
		o.arena.give(c.run)
	}
}

// File is the memory that all bytes of At lie in, and the file that it maps from its first
// byte on; -1: none. Both outlive the reference.
func (o *Object) File() (mem []byte, fd int) { return o.arena.mem, o.arena.fd }

func (o *Object) retain() { o.refs.Add(1) }

// pinned reports whether somebody besides the cache has a reference.
func (o *Object) pinned() bool { return o.refs.Load() > 1 }

// room is free memory behind what was written, or none. Fill's only.
func (o *Object) room() []byte {
	chunks := *o.chunks.Load()
	if len(chunks) == 0 {
		return nil
	}
	c := &chunks[len(chunks)-1]
	return c.b[o.filled.Load()-c.off:]
}

// grow asks the arena for more room, up to want bytes; it reports false if there is none.
// Fill's only.
func (o *Object) grow(want int64) bool {
	n := int(min((want+pageBytes-1)/pageBytes, chunkPages))
	old := *o.chunks.Load()
	if len(old) > 0 {
		last := old[len(old)-1]
		if got := o.arena.extend(last.run.from+last.run.n, n); got > 0 {
			last.run.n += got
			last.b = o.arena.bytes(last.run)
			o.setLast(append(old[:len(old)-1:len(old)-1], last))
			return true
		}
	}
	r, ok := o.arena.take(n)
	if ok {
		o.setLast(append(old[:len(old):len(old)], chunk{o.filled.Load(), r, o.arena.bytes(r)}))
	}
	return ok
}

func (o *Object) setLast(chunks []chunk) { o.chunks.Store(&chunks) }

// wrote publishes n bytes of room. Fill's only.
func (o *Object) wrote(n int) {
	filled := o.filled.Add(int64(n))
	if o.line.n.Load() == 0 {
		return
	}
	if o.told == 0 || filled-o.told >= wakeBytes {
		o.told = filled
		o.line.wake()
		return
	}
	if !o.armed.CompareAndSwap(false, true) {
		return
	}
	if o.nudge == nil {
		o.nudge = time.AfterFunc(wakeDelay, o.nudged)
	} else {
		o.nudge.Reset(wakeDelay)
	}
}

func (o *Object) nudged() {
	o.armed.Store(false)
	o.line.wake()
}

// finish ends the fill: the Object is whole or broken for ever. Fill's only.
func (o *Object) finish(end State) {
	if o.nudge != nil {
		o.nudge.Stop()
	}
	if end == StateEnd {
		o.size.Store(o.filled.Load())
		o.giveRest()
	}
	o.end.Store(uint32(end))
	o.line.wake()
}

// giveRest gives pages back that the last chunk did not need.
func (o *Object) giveRest() {
	chunks := *o.chunks.Load()
	if len(chunks) == 0 {
		return
	}
	last := chunks[len(chunks)-1]
	need := int((o.filled.Load() - last.off + pageBytes - 1) / pageBytes)
	rest := run{last.run.from + need, last.run.n - need}
	if rest.n == 0 {
		return
	}
	last.run.n = need
	last.b = o.arena.bytes(last.run)
	if chunks = chunks[: len(chunks)-1 : len(chunks)-1]; need > 0 {
		chunks = append(chunks, last)
	}
	o.setLast(chunks)
	o.arena.give(rest)
}
