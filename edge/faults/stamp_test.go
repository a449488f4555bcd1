package faults

import (
	"encoding/binary"
	"io"
	"net"
	"os"
	"syscall"
	"time"
)

// stamped reads a connection, and knows when the kernel got what it has read: an answer
// then is as old as the server made it, however late this process comes to look.
type stamped struct {
	raw syscall.RawConn
	at  time.Time // of the last bytes of the last Read
	oob [64]byte
}

func stamp(conn net.Conn) (*stamped, error) {
	raw, err := conn.(*net.TCPConn).SyscallConn()
	if err != nil {
		return nil, err
	}
	var failed error
	err = raw.Control(func(fd uintptr) {
		failed = os.NewSyscallError("setsockopt", syscall.SetsockoptInt(int(fd), syscall.SOL_SOCKET, syscall.SO_TIMESTAMPNS, 1))
	})
	if err == nil {
		err = failed
	}
	return &stamped{raw: raw}, err
}

func (s *stamped) Read(p []byte) (n int, err error) {
	var control int
	closed := s.raw.Read(func(fd uintptr) bool {
		for {
			n, control, _, _, err = syscall.Recvmsg(int(fd), p, s.oob[:], 0)
			if err != syscall.EINTR {
				return err != syscall.EAGAIN
			}
		}
	})
	switch {
	case closed != nil:
		return 0, closed
	case err != nil:
		return 0, os.NewSyscallError("recvmsg", err)
	case n == 0:
		return 0, io.EOF
	}
	s.at = time.Now()
	messages, _ := syscall.ParseSocketControlMessage(s.oob[:control])
	for _, m := range messages {
		if m.Header.Level == syscall.SOL_SOCKET && m.Header.Type == syscall.SO_TIMESTAMPNS && len(m.Data) >= 16 {
			s.at = time.Unix(int64(binary.NativeEndian.Uint64(m.Data)), int64(binary.NativeEndian.Uint64(m.Data[8:])))
		}
	}
	return n, nil
}
