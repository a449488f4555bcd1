package engine

import (
	"fmt"
	"os"
	"sync/atomic"

	"golang.org/x/sys/unix"
)

// watcher tells loops which of their full sockets take bytes again. gnet does not:
// it watches writability only for its own buffer. The descriptors stand in a second
// epoll set, each armed for one event; closing a descriptor removes it. One
// goroutine for all loops waits on the set through Go's own poller, so it holds no
// thread.
type watcher struct {
	engine *Engine
	file   *os.File // the epoll set
	fd     int
	ending atomic.Bool
}

func newWatcher(e *Engine) (*watcher, error) {
	fd, err := unix.EpollCreate1(unix.EPOLL_CLOEXEC)
	if err != nil {
		return nil, os.NewSyscallError("epoll_create1", err)
	}
	if err := unix.SetNonblock(fd, true); err != nil {
		_ = unix.Close(fd)
		return nil, os.NewSyscallError("fcntl O_NONBLOCK", err)
	}
	return &watcher{engine: e, file: os.NewFile(uintptr(fd), "epoll"), fd: fd}, nil
}

// watch asks for one flush of c when its socket takes bytes. Loops call it.
func (w *watcher) watch(c *Conn) error {
	op := unix.EPOLL_CTL_MOD
	if !c.watched {
		op = unix.EPOLL_CTL_ADD
		c.watched = true
	}
	ev := unix.EpollEvent{Events: unix.EPOLLOUT | unix.EPOLLONESHOT, Fd: int32(c.handle), Pad: int32(c.handle >> 32)}
	return os.NewSyscallError("epoll_ctl", unix.EpollCtl(w.fd, op, int(c.fd), &ev))
}

// run hands events to the loops until close.
func (w *watcher) run() {
	raw, err := w.file.SyscallConn()
	if err != nil {
		w.engine.log.Error("cannot watch full sockets", "error", err)
		return
	}
	events := make([]unix.EpollEvent, 256)
	for {
		n := 0
		var waitErr error
		err := raw.Read(func(uintptr) bool {
			n, waitErr = unix.EpollWait(w.fd, events, 0)
			return n != 0
		})
		if w.ending.Load() {
			return
		}
		if err != nil {
			w.engine.log.Error("cannot wait for full sockets", "error", err)
			return
		}
		if waitErr != nil && waitErr != unix.EINTR {
			w.engine.log.Error("cannot wait for full sockets", "error", fmt.Errorf("epoll_wait: %w", waitErr))
			return
		}
		if n > 0 {
			w.hand(events[:n])
		}
	}
}

// hand sorts events by loop: one task each. At most one event per blocked
// connection is under way, which bounds them.
func (w *watcher) hand(events []unix.EpollEvent) {
	for _, l := range w.engine.Loops() {
		var writable flushTask
		for _, ev := range events {
			h := Handle(uint64(uint32(ev.Fd)) | uint64(uint32(ev.Pad))<<32)
			if h.Loop() == l.Index {
				writable = append(writable, h)
			}
		}
		if len(writable) > 0 {
			l.PostAlways(writable)
		}
	}
}

func (w *watcher) close() {
	w.ending.Store(true)
	_ = w.file.Close()
}

// flushTask names connections whose sockets take bytes again.
type flushTask []Handle

func (t flushTask) Run(l *Loop) {
	for _, h := range t {
		if c := l.Conn(h); c != nil {
			c.flush()
		}
	}
}
