package engine

import (
	"unsafe"

	"golang.org/x/sys/unix"
)

// LendMax is how many stretches one Lend takes.
const LendMax = 16

// Lend sends head, which the caller may reuse at once, and behind it the stretches of
// body, in one system call and without a copy. It reports true when all is out. If not,
// the connection keeps a copy of the rest of head and references to the rest of body,
// which nobody may change, reuse or unmap until Handler.Drained or Handler.Closed is
// called; until then nothing else may be lent.
//
// The caller bounds what it lends, for all of it is held: it counts neither as fan-out nor
// as replies. A connection that is not open takes nothing and reports true.
func (c *Conn) Lend(head []byte, body [][]byte) bool {
	if len(body) > LendMax {
		panic("BUG: more is lent than one call takes")
	}
	if c.state != stateOpen {
		return true
	}
	sent := 0
	if c.outbox == nil {
		size := len(head)
		for _, b := range body {
			size += len(b)
		}
		n, errno := c.loop.sendAll(c.fd, head, body)
		c.loop.sends++
		if errno != 0 && errno != unix.EAGAIN && errno != unix.EINTR {
			c.Abort(ReasonError)
			return true
		}
		sent = max(n, 0)
		c.loop.sentBytes += uint64(sent)
		if sent == size {
			return true
		}
		c.block()
	}
	if c.outbox.lent {
		panic("BUG: lent again before the connection has drained")
	}
	c.outbox.lent = true
	c.holdLent(head, body, sent)
	return false
}

// holdLent keeps what a Lend has not sent.
func (c *Conn) holdLent(head []byte, body [][]byte, sent int) {
	l, o := c.loop, c.outbox
	if sent < len(head) {
		b := l.copyOf(head[sent:])
		o.push(len(o.items), piece{b, 0, len(b.B), lent})
		b.Release()
	}
	sent -= min(sent, len(head))
	for _, p := range body {
		if sent < len(p) {
			b := l.newHeader()
			b.B = p
			o.push(len(o.items), piece{b, sent, len(p), lent})
			b.Release()
		}
		sent -= min(sent, len(p))
	}
}

// gather is what one sendmsg(2) is given. It is a loop's, so that no call allocates.
type gather struct {
	msg unix.Msghdr
	iov [LendMax + 1]unix.Iovec
}

// sendAll is send for several stretches.
func (l *Loop) sendAll(fd int32, head []byte, body [][]byte) (int, unix.Errno) {
	g, n := &l.gather, 0
	add := func(p []byte) {
		if len(p) > 0 {
			g.iov[n].Base = unsafe.SliceData(p)
			g.iov[n].SetLen(len(p))
			n++
		}
	}
	add(head)
	for _, p := range body {
		add(p)
	}
	if n == 0 {
		return 0, 0
	}
	g.msg.Iov = &g.iov[0]
	g.msg.SetIovlen(n)
	sent, _, errno := unix.RawSyscall(unix.SYS_SENDMSG, uintptr(fd), uintptr(unsafe.Pointer(&g.msg)),
		unix.MSG_DONTWAIT|unix.MSG_NOSIGNAL)
	clear(g.iov[:n]) // the bytes are not the loop's to keep
	if errno != 0 {
		return -1, errno
	}
	return int(sent), 0
}
