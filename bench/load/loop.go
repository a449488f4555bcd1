package load

import (
	"context"
	"fmt"
	"net/netip"
	"os"
	"time"

	"golang.org/x/sys/unix"
)

// membersPerAddress is how many members share one source address, so that no
// address runs out of ports.
const membersPerAddress = 500

// After fewer than napBelow events the swarm naps before it asks again. Without,
// a server's sends and the wake-ups of this process take turns, one context
// switch for each, and the server is charged for waking a client that in life is
// on another machine. A nap adds at most its length, and the kernel's timer slack
// of 50 µs, to a latency.
const (
	napBelow = 256
	nap      = 250 * time.Microsecond
)

// memberEvents is what a connected member waits for.
const memberEvents = unix.EPOLLIN | unix.EPOLLRDHUP | unix.EPOLLET

// Run serves the members until ctx ends. It owns all of the swarm's state.
func (s *Swarm) Run(ctx context.Context) error {
	defer s.progress.over.Store(1)
	defer s.finish()
	defer s.waker(ctx)()
	events := make([]unix.EpollEvent, 1024)
	for ctx.Err() == nil {
		n, err := unix.EpollWait(s.epfd, events, -1)
		if err != nil && err != unix.EINTR {
			return os.NewSyscallError("epoll_wait", err)
		}
		for i := range max(n, 0) {
			s.serve(events[i])
		}
		s.dial()
		s.progress.ready.Store(s.tally.Ready)
		s.progress.failed.Store(s.tally.Failed)
		s.progress.deliveries.Store(s.tally.Deliveries)
		s.progress.told.Store(s.tally.Told)
		if n > 0 && n < napBelow {
			unix.Nanosleep(&unix.Timespec{Nsec: s.config.Nap.Nanoseconds()}, nil) // cut short by a signal is as good
		}
	}
	return nil
}

func (s *Swarm) serve(ev unix.EpollEvent) {
	if ev.Fd < 0 {
		s.runTodo()
		return
	}
	i := int(ev.Fd)
	switch m := &s.members[i]; {
	case m.state == ended || m.paused: // earlier in this batch of events
	case m.state == connecting:
		s.connected(i)
	default:
		// Edge-triggered: a read that did not fill the buffer has taken all there was.
		// What comes later is a new event; but an end that came with the data is not.
		for more := true; more && m.state != ended && !m.paused; {
			more = s.read(i) || ev.Events&(unix.EPOLLRDHUP|unix.EPOLLHUP|unix.EPOLLERR) != 0
		}
	}
}

// dial opens connections while there are too few and the window allows.
func (s *Swarm) dial() {
	s.dialAgain()
	for len(s.members) < s.target && s.inFlight < s.config.Window && s.tally.Failed == 0 {
		s.members = append(s.members, member{fd: -1, state: ended, room: s.roomOf(len(s.members))})
		s.tally.Members++
		if err := s.open(len(s.members)-1, &s.addr); err != nil {
			s.tally.Failed++
			s.tally.odd(err.Error())
			return
		}
	}
}

// open starts a connection of member i to addr.
func (s *Swarm) open(i int, addr *unix.SockaddrInet4) error {
	fd, err := dialFrom(s.config.First+i, addr, 0)
	if err != nil {
		return err
	}
	if err := s.control(unix.EPOLL_CTL_ADD, fd, i, unix.EPOLLOUT); err != nil {
		unix.Close(fd)
		return err
	}
	m := &s.members[i]
	m.fd, m.state = int32(fd), connecting
	s.inFlight++
	return nil
}

// dialFrom begins a connection of client number n, from an address that it shares with few,
// to addr. The kernel keeps at most receive bytes for it; 0 leaves that to the kernel.
func dialFrom(n int, addr *unix.SockaddrInet4, receive int) (fd int, err error) {
	if fd, err = unix.Socket(unix.AF_INET, unix.SOCK_STREAM|unix.SOCK_NONBLOCK|unix.SOCK_CLOEXEC, 0); err != nil {
		return 0, os.NewSyscallError("socket", err)
	}
	unix.SetsockoptInt(fd, unix.IPPROTO_TCP, unix.TCP_NODELAY, 1)
	unix.SetsockoptInt(fd, unix.IPPROTO_IP, unix.IP_BIND_ADDRESS_NO_PORT, 1)
	if receive > 0 {
		unix.SetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_RCVBUF, receive)
	}
	host := n / membersPerAddress
	from := unix.SockaddrInet4{Addr: [4]byte{127, byte(1 + host/62500), byte(host / 250 % 250), byte(1 + host%250)}}
	if err := unix.Bind(fd, &from); err != nil {
		unix.Close(fd)
		return 0, os.NewSyscallError("bind", err)
	}
	if err := unix.Connect(fd, addr); err != nil && err != unix.EINPROGRESS {
		unix.Close(fd)
		return 0, os.NewSyscallError("connect", err)
	}
	return fd, nil
}

// connected sends the first bytes of a member whose connection stands.
func (s *Swarm) connected(i int) {
	m := &s.members[i]
	code, err := unix.GetsockoptInt(int(m.fd), unix.SOL_SOCKET, unix.SO_ERROR)
	if err == nil && code != 0 {
		err = unix.Errno(code)
	}
	if err == nil {
		err = s.control(unix.EPOLL_CTL_MOD, int(m.fd), i, memberEvents)
	}
	if err != nil {
		s.broken(i, fmt.Sprintf("cannot connect: %v", err))
		return
	}
	switch s.config.Wire {
	case WebSocket, Lines, Centrifuge:
		m.state = upgrading
		s.write(i, s.upgrade)
	case TCP, IRC:
		s.register(i)
	case Frames:
		m.state = joining
	}
}

// read takes what the kernel holds for member i, once. It returns true when there
// may be more.
func (s *Swarm) read(i int) bool {
	m := &s.members[i]
	n := copy(s.buf, m.carry)
	k, err := unix.Read(int(m.fd), s.buf[n:])
	switch {
	case err == unix.EAGAIN || err == unix.EINTR:
		return false
	case err != nil:
		s.broken(i, fmt.Sprintf("cannot read: %v", err))
		return false
	case k == 0:
		s.tally.EOF++
		s.end(i, "the server closed the connection")
		return false
	}
	s.now = Now()
	s.tally.Reads++
	s.tally.Bytes += int64(k)
	s.take(i, s.buf[:n+k])
	return n+k == len(s.buf)
}

// take has member i take data, which begins with what it carries, and carry the rest.
func (s *Swarm) take(i int, data []byte) {
	m := &s.members[i]
	carry := m.carry
	m.carry = nil
	rest := data[s.consume(i, data):]
	switch {
	case len(rest) > frameBytesMax+16:
		s.broken(i, "a line or frame never ends")
	case len(rest) > 0 && m.state != ended:
		m.carry = append(carry[:0], rest...)
	}
	s.trim(m.room)
}

// write sends b at once. A client of this kind never has so much under way that
// the kernel would not take it; if it does, the member counts as broken.
func (s *Swarm) write(i int, b []byte) {
	n, err := unix.Write(int(s.members[i].fd), b)
	if err != nil || n < len(b) {
		s.broken(i, fmt.Sprintf("cannot write %d bytes: %d went, %v", len(b), n, err))
	}
}

func (s *Swarm) broken(i int, why string) {
	if s.members[i].state == ended {
		return
	}
	s.tally.Broken++
	s.tally.odd(fmt.Sprintf("member %d: %s", s.config.First+i, why))
	s.end(i, why)
}

// end closes the descriptor of member i and forgets its buffers.
func (s *Swarm) end(i int, why string) {
	m := &s.members[i]
	if m.state < ready {
		s.inFlight--
	}
	if s.returns(i) {
		unix.Close(int(m.fd))
		m.state, m.carry, m.size, m.done = ended, nil, 0, 0
		return
	}
	if m.state < ready {
		s.tally.Failed++
		s.tally.odd(fmt.Sprintf("member %d, before it was in: %s %s", s.config.First+i, why, s.words[i]))
	}
	unix.Close(int(m.fd))
	m.state, m.carry, m.size, m.done = ended, nil, 0, 0
	s.tally.LastEnd = Now()
}

func sockaddr(addr string) (unix.SockaddrInet4, error) {
	ap, err := netip.ParseAddrPort(addr)
	if err != nil || !ap.Addr().Is4() {
		return unix.SockaddrInet4{}, fmt.Errorf("cannot use address %q: want IPv4 host:port", addr)
	}
	return unix.SockaddrInet4{Addr: ap.Addr().As4(), Port: int(ap.Port())}, nil
}
