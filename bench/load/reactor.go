package load

import (
	"context"
	"errors"
	"os"
	"sync"

	"golang.org/x/sys/unix"
)

// reactor is an epoll with a way in for other goroutines. What it serves belongs to one
// goroutine, that of Run. An event's number is what control was told; below 0 is a wake-up.
type reactor struct {
	epfd   int
	wakefd int

	todo struct {
		sync.Mutex
		list   []func()
		closed bool
	}
}

// open makes the epoll. Whoever calls it calls shut.
func (r *reactor) open() (err error) {
	if r.epfd, err = unix.EpollCreate1(unix.EPOLL_CLOEXEC); err != nil {
		return os.NewSyscallError("epoll_create1", err)
	}
	if r.wakefd, err = unix.Eventfd(0, unix.EFD_CLOEXEC|unix.EFD_NONBLOCK); err != nil {
		unix.Close(r.epfd)
		return os.NewSyscallError("eventfd", err)
	}
	if err := r.control(unix.EPOLL_CTL_ADD, r.wakefd, -1, unix.EPOLLIN); err != nil {
		r.shut()
		return err
	}
	return nil
}

// shut frees the epoll. Run must have returned.
func (r *reactor) shut() {
	unix.Close(r.wakefd)
	unix.Close(r.epfd)
}

func (r *reactor) control(op, fd, i int, events uint32) error {
	ev := unix.EpollEvent{Events: events, Fd: int32(i)}
	return os.NewSyscallError("epoll_ctl", unix.EpollCtl(r.epfd, op, fd, &ev))
}

// waker wakes the goroutine of Run when ctx ends, until stop.
func (r *reactor) waker(ctx context.Context) (stop func() bool) {
	return context.AfterFunc(ctx, r.wake)
}

var errSwarmOver = errors.New("the swarm has stopped")

// do runs f on the goroutine of Run and waits for it.
func (r *reactor) do(f func()) error {
	done := make(chan struct{})
	r.todo.Lock()
	if r.todo.closed {
		r.todo.Unlock()
		return errSwarmOver
	}
	r.todo.list = append(r.todo.list, func() { f(); close(done) })
	r.todo.Unlock()
	r.wake()
	<-done
	return nil
}

// always is do, or f at once when Run is over: nobody else touches what it serves then.
func (r *reactor) always(f func()) {
	if r.do(f) != nil {
		f()
	}
}

func (r *reactor) wake() {
	unix.Write(r.wakefd, []byte{1, 0, 0, 0, 0, 0, 0, 0}) // a full counter is already a wake-up
}

func (r *reactor) runTodo() {
	var count [8]byte
	unix.Read(r.wakefd, count[:])
	r.todo.Lock()
	list := r.todo.list
	r.todo.list = nil
	r.todo.Unlock()
	for _, f := range list {
		f()
	}
}

// finish runs what was still asked for, and refuses what comes later.
func (r *reactor) finish() {
	r.todo.Lock()
	list := r.todo.list
	r.todo.list, r.todo.closed = nil, true
	r.todo.Unlock()
	for _, f := range list {
		f()
	}
}

// reset ends a connection at once. It leaves no TIME_WAIT behind, so runs can follow each
// other.
func reset(fd int32) {
	unix.SetsockoptLinger(int(fd), unix.SOL_SOCKET, unix.SO_LINGER, &unix.Linger{Onoff: 1})
	unix.Close(int(fd))
}
