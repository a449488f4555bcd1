package engine

import (
	"os"
	"strconv"

	"golang.org/x/sys/unix"
)

// A socket inherits options from the listener that it comes by, so the bound on what a
// slow reader may keep in the kernel costs no system call per connection. gnet does not
// show its listeners: they are found among the descriptors of the process. Since that may
// fail, and since what was queued before has not inherited, each connection is looked at
// until so many in a row have the bound; they come in the order in which they were made.
const inheritedSure = 64

// passOn has the listeners pass UnsentBytesMax on. All of them exist when the first loop
// has its first connection. What fails here shows in bindUnsent.
func (e *Engine) passOn() {
	descriptors, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		return
	}
	for _, d := range descriptors {
		fd, err := strconv.Atoi(d.Name())
		if err == nil && e.listens(fd) {
			_ = unix.SetsockoptInt(fd, unix.IPPROTO_TCP, unix.TCP_NOTSENT_LOWAT, e.cfg.UnsentBytesMax)
		}
	}
}

// listens reports whether a descriptor is one of the engine's listeners.
func (e *Engine) listens(fd int) bool {
	if yes, err := unix.GetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_ACCEPTCONN); err != nil || yes == 0 {
		return false
	}
	port := 0
	switch addr, _ := unix.Getsockname(fd); a := addr.(type) {
	case *unix.SockaddrInet4:
		port = a.Port
	case *unix.SockaddrInet6:
		port = a.Port
	}
	for i := range e.bound {
		if e.bound[i].addr.Port == port {
			return true
		}
	}
	return false
}

// bindUnsent bounds what a slow reader may keep in the kernel. It can fail only if the
// socket is gone, which the next call will show.
func (l *Loop) bindUnsent(c *Conn) {
	inherited, most := &l.inherited[c.port], l.engine.cfg.UnsentBytesMax
	if *inherited == inheritedSure {
		return
	}
	if has, err := unix.GetsockoptInt(int(c.fd), unix.IPPROTO_TCP, unix.TCP_NOTSENT_LOWAT); err == nil && has == most {
		*inherited++
		return
	}
	*inherited = 0
	_ = unix.SetsockoptInt(int(c.fd), unix.IPPROTO_TCP, unix.TCP_NOTSENT_LOWAT, most)
}
