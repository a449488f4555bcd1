package engine

import (
	"os"
	"unsafe"

	"golang.org/x/sys/unix"
)

// outbox is what a full socket did not take: references into shared buffers, in
// order. A connection has one only while it is blocked.
type outbox struct {
	items []piece
	bytes [kinds]int // unsent bytes in items, by kind
	lent  bool       // some came by Lend: whoever lent them waits for Drained
	from  File       // what of them is sent by reference lies in
}

// piece is a stretch of a buffer, with one reference to it.
type piece struct {
	buf      *Buffer
	off, end int
	kind     kind
}

// kind says what becomes of bytes for which the outbox has no room.
type kind uint8

const (
	shared kind = iota // fan-out: left out, and the member is told of the gap
	reply              // cannot be left out: the connection is closed as slow
	urgent             // a reply that goes out before all that has not begun
	lent               // somebody else's memory, see Lend
	kinds
)

// Send writes all of b, or holds back a reference to what the socket does not
// take. It reports false when the connection is too far behind and b was not sent
// at all: the protocol tells its member of the gap when Handler.Drained comes, and
// until then every Send is refused. A connection that is closing takes nothing and
// reports true, for there is nobody to tell.
func (c *Conn) Send(b *Buffer) bool { return c.SendPart(b, 0, len(b.B)) }

// SendPart is Send for b.B[from:to].
func (c *Conn) SendPart(b *Buffer, from, to int) bool {
	// Fast path.
	if c.outbox == nil && c.state == stateOpen {
		n, errno := send(c.fd, b.B[from:to])
		c.loop.sends++
		if n == to-from {
			c.loop.sentBytes += uint64(n)
			return true
		}
		return c.sendRest(piece{b, from, to, shared}, n, errno)
	}
	// Slow path.
	if c.state != stateOpen {
		return true
	}
	if c.gapped || c.outbox.bytes[shared]+to-from > c.loop.engine.cfg.OutboxBytesMax {
		c.gapped = true
		return false
	}
	c.outbox.push(len(c.outbox.items), piece{b, from, to, shared})
	return true
}

// sendRest follows a send of p that took n bytes, or failed. The first piece is always
// held back, however long: a part of it may have gone out.
func (c *Conn) sendRest(p piece, n int, errno unix.Errno) bool {
	if errno != 0 && errno != unix.EAGAIN && errno != unix.EINTR {
		c.Abort(ReasonError)
		return true
	}
	if n > 0 {
		c.loop.sentBytes += uint64(n)
		p.off += n
	}
	c.block()
	c.outbox.push(0, p)
	return true
}

// block gives the connection an outbox and asks to be told when the socket takes
// bytes again.
func (c *Conn) block() {
	l := c.loop
	c.outbox = l.newOutbox()
	l.blocked.push(c, l.now)
	l.blockedCount++
	l.engine.counters.blocked.Inc()
	c.watch()
	l.startSweeps()
}

func (c *Conn) watch() {
	if err := c.loop.engine.watcher.watch(c); err != nil {
		c.loop.engine.log.Error("cannot watch a full socket", "error", err)
		c.Abort(ReasonError)
	}
}

// Write sends p, a reply, which the caller may reuse at once. Replies cannot be left
// out, so a connection that leaves more than ReplyBytesMax of them unread is closed as
// slow. A backlog of fan-out does not count: it is no fault of who asks.
func (c *Conn) Write(p []byte) {
	if c.outbox == nil && c.state == stateOpen {
		n, errno := send(c.fd, p)
		c.loop.sends++
		if n == len(p) {
			c.loop.sentBytes += uint64(n)
			return
		}
		b := c.loop.copyOf(p)
		c.sendRest(piece{b, 0, len(p), reply}, n, errno)
		b.Release()
		return
	}
	c.hold(p, reply)
}

// WriteUrgent is Write ahead of everything that is held back and not begun: an
// answer to PING must not wait behind a backlog.
func (c *Conn) WriteUrgent(p []byte) {
	if c.outbox == nil {
		c.Write(p)
		return
	}
	c.hold(p, urgent)
}

// hold keeps a copy of p in the outbox: in the buffer of the piece before it, if that is
// of its kind, so that what a client asks for in small bits costs no more than its bytes.
func (c *Conn) hold(p []byte, k kind) {
	if c.state != stateOpen {
		return
	}
	o := c.outbox
	if o.bytes[reply]+o.bytes[urgent]+len(p) > c.loop.engine.cfg.ReplyBytesMax {
		c.Abort(ReasonSlow)
		return
	}
	// The first piece may have gone out in part; urgent ones stand right behind it.
	at := len(o.items)
	if k == urgent {
		at = 1
		if len(o.items) > 1 && o.items[1].kind == urgent {
			at = 2
		}
	}
	if last := &o.items[at-1]; last.kind == k {
		last.extend(p)
		o.bytes[k] += len(p)
		return
	}
	b := c.loop.copyOf(p)
	o.push(at, piece{b, 0, len(p), k})
	b.Release()
}

// extend appends to a piece whose buffer no other connection has. What has been sent of
// it makes room, so that the buffer stays within twice the bytes that wait.
func (p *piece) extend(more []byte) {
	if p.off > p.end-p.off {
		p.end = copy(p.buf.B, p.buf.B[p.off:p.end])
		p.off = 0
		p.buf.B = p.buf.B[:p.end]
	}
	p.buf.B = append(p.buf.B, more...)
	p.end += len(more)
}

// copyOf is a buffer of its own size: those of the pool are as large as a batch.
func (l *Loop) copyOf(p []byte) *Buffer {
	b := l.newHeader()
	b.B = append(make([]byte, 0, len(p)), p...)
	return b
}

// push takes a reference of its own.
func (o *outbox) push(at int, p piece) {
	p.buf.retain()
	o.bytes[p.kind] += p.end - p.off
	o.items = append(o.items, piece{})
	copy(o.items[at+1:], o.items[at:])
	o.items[at] = p
}

// release gives all references back.
func (o *outbox) release() {
	for _, p := range o.items {
		p.buf.Release()
	}
	clear(o.items)
	o.items, o.bytes, o.lent, o.from = o.items[:0], [kinds]int{}, false, File{}
}

// flush sends what the socket takes. It is called when the watcher has seen room.
func (c *Conn) flush() {
	o := c.outbox
	if o == nil || c.state == stateDead {
		return
	}
	sent := 0
	for sent < len(o.items) {
		p := &o.items[sent]
		n, errno := c.loop.sendPiece(c.fd, p.buf.B[p.off:p.end], &o.from)
		if errno != 0 && errno != unix.EAGAIN && errno != unix.EINTR {
			c.Abort(ReasonError)
			return
		}
		if n > 0 {
			c.loop.sentBytes += uint64(n)
			o.bytes[p.kind] -= n
			p.off += n
			c.since = c.loop.now
		}
		if p.off < p.end {
			break
		}
		p.buf.Release()
		sent++
	}
	rest := copy(o.items, o.items[sent:])
	clear(o.items[rest:])
	o.items = o.items[:rest]
	if rest > 0 {
		c.watch()
		return
	}
	c.unblock()
}

// unblock follows the last byte that was held back.
func (c *Conn) unblock() {
	awaited := c.gapped || c.outbox.lent
	c.dropOutbox()
	if c.state == stateClosing {
		c.linger()
		return
	}
	if awaited {
		c.gapped = false
		c.handler.Drained(c)
	}
}

func (c *Conn) dropOutbox() {
	l := c.loop
	o := c.outbox
	c.outbox = nil
	o.release()
	l.blocked.remove(c)
	l.blockedCount--
	if len(l.outboxes) < outboxesKeptMax && cap(o.items) <= outboxItemsKeptMax {
		l.outboxes = append(l.outboxes, o)
	}
}

func (l *Loop) newOutbox() *outbox {
	if n := len(l.outboxes); n > 0 {
		o := l.outboxes[n-1]
		l.outboxes = l.outboxes[:n-1]
		return o
	}
	return &outbox{}
}

// What a loop keeps for reuse: at most 64 outboxes of 64 pieces (32 bytes each).
const (
	outboxesKeptMax    = 64
	outboxItemsKeptMax = 64
)

// send is sendto(2) that neither blocks nor raises SIGPIPE. It does not tell the Go
// scheduler: the call never waits, and telling costs about 60 ns of 2 µs, measured.
func send(fd int32, p []byte) (int, unix.Errno) {
	if len(p) == 0 {
		return 0, 0
	}
	n, _, errno := unix.RawSyscall6(unix.SYS_SENDTO, uintptr(fd), uintptr(unsafe.Pointer(unsafe.SliceData(p))),
		uintptr(len(p)), unix.MSG_DONTWAIT|unix.MSG_NOSIGNAL, 0, 0)
	if errno != 0 {
		return -1, errno
	}
	return int(n), 0
}

func shutdownWrite(fd int32) error {
	return os.NewSyscallError("shutdown", unix.Shutdown(int(fd), unix.SHUT_WR))
}
