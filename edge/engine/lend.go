package engine

import (
	"unsafe"

	"golang.org/x/sys/unix"
)

// LendMax is how many stretches one Lend takes.
const LendMax = 16

// File is memory that maps a file, from its first byte on. The zero File is none, as is one
// with Fd -1.
type File struct {
	Mem []byte
	Fd  int
}

// sendfileMin is from how many bytes on sendfile(2) costs less than copying: it takes a
// system call of its own, and one more when the kernel has all.
const sendfileMin = 16 << 10

// find is where in the file p lies, if it is worth while to send it from there.
func (f *File) find(p []byte) (off int64, ok bool) {
	if len(p) < sendfileMin || f.Mem == nil || f.Fd < 0 {
		return 0, false
	}
	off = int64(uintptr(unsafe.Pointer(unsafe.SliceData(p)))) - int64(uintptr(unsafe.Pointer(unsafe.SliceData(f.Mem))))
	return off, off >= 0 && off+int64(len(p)) <= int64(len(f.Mem))
}

// Lend sends head, which the caller may reuse at once, and behind it the stretches of
// body, without a copy of ours. It reports true when all is out. If not, the connection keeps
// a copy of the rest of head and references to the rest of body, which nobody may change,
// reuse or unmap until Handler.Drained or Handler.Closed is called; until then nothing else
// may be lent.
//
// What of body lies in from is sent from that file by reference (sendfile(2)): the kernel's
// queues have its pages for longer than that. Whoever wants to write there anew must first
// cut the pages out of the file (MADV_REMOVE). Segments cost 0.7 times the CPU so.
//
// The caller bounds what it lends, for all of it is held: it counts neither as fan-out nor
// as replies. A connection that is not open takes nothing and reports true.
func (c *Conn) Lend(head []byte, body [][]byte, from File) bool {
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
		n, errno := c.loop.sendFrom(c.fd, head, body, &from)
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
	c.outbox.lent, c.outbox.from = true, from
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

// sendFrom is sendAll, by reference what lies in a file.
func (l *Loop) sendFrom(fd int32, head []byte, body [][]byte, from *File) (sent int, errno unix.Errno) {
	for len(body) > 0 {
		plain := 0
		for plain < len(body) {
			if _, ok := from.find(body[plain]); ok {
				break
			}
			plain++
		}
		flags := 0
		if plain < len(body) {
			flags = unix.MSG_MORE
		}
		size := len(head)
		for _, p := range body[:plain] {
			size += len(p)
		}
		if size > 0 {
			n, errno := l.sendAll(fd, head, body[:plain], flags)
			l.sends++
			if sent += max(n, 0); n < size {
				return sent, errno
			}
		}
		if plain == len(body) {
			return sent, 0
		}
		p := body[plain]
		n, errno := l.sendPiece(fd, p, from)
		if sent += max(n, 0); n < len(p) {
			return sent, errno
		}
		head, body = nil, body[plain+1:]
	}
	if len(head) == 0 {
		return sent, 0
	}
	l.sends++
	return l.sendAll(fd, head, nil, 0)
}

// sendPiece is send, by reference what lies in a file.
func (l *Loop) sendPiece(fd int32, p []byte, from *File) (int, unix.Errno) {
	l.sends++
	off, ok := from.find(p)
	if !ok {
		return send(fd, p)
	}
	n, _, errno := unix.RawSyscall6(unix.SYS_SENDFILE, uintptr(fd), uintptr(from.Fd), uintptr(unsafe.Pointer(&off)), uintptr(len(p)), 0, 0)
	if errno != 0 {
		return -1, errno
	}
	return int(n), 0
}

// gather is what one sendmsg(2) is given. It is a loop's, so that no call allocates.
type gather struct {
	msg unix.Msghdr
	iov [LendMax + 1]unix.Iovec
}

// sendAll is send for several stretches.
func (l *Loop) sendAll(fd int32, head []byte, body [][]byte, flags int) (int, unix.Errno) {
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
		uintptr(unix.MSG_DONTWAIT|unix.MSG_NOSIGNAL|flags))
	clear(g.iov[:n]) // the bytes are not the loop's to keep
	if errno != 0 {
		return -1, errno
	}
	return int(sent), 0
}
