package load

import (
	"encoding/binary"
	"fmt"
	"io"
	"net"
	"os"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// stamped reads a connection and knows when the kernel got what it has read: an answer is
// as old as the server made it, however late this process, which shares the processors
// with it, comes to look.
type stamped struct {
	raw syscall.RawConn
	at  int64 // of the last bytes of the last Read, in Now's nanoseconds
	oob [64]byte
}

func stamp(conn net.Conn) (*stamped, error) {
	raw, err := conn.(*net.TCPConn).SyscallConn()
	if err == nil {
		var failed error
		err = raw.Control(func(fd uintptr) {
			failed = os.NewSyscallError("setsockopt", unix.SetsockoptInt(int(fd), unix.SOL_SOCKET, unix.SO_TIMESTAMPNS, 1))
		})
		if err == nil {
			err = failed
		}
	}
	if err != nil {
		return nil, fmt.Errorf("cannot have times of arrival: %w", err)
	}
	return &stamped{raw: raw}, nil
}

// Read is io.Reader's.
func (s *stamped) Read(p []byte) (n int, err error) {
	var control int
	closed := s.raw.Read(func(fd uintptr) bool {
		for {
			n, control, _, _, err = unix.Recvmsg(int(fd), p, s.oob[:], 0)
			if err != unix.EINTR {
				return err != unix.EAGAIN
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
	s.at = Now() - age(s.oob[:control], time.Now())
	return n, nil
}

// age is for how long the kernel had what it says in control, in nanoseconds.
func age(control []byte, now time.Time) int64 {
	messages, err := unix.ParseSocketControlMessage(control)
	if err != nil {
		return 0
	}
	for _, m := range messages {
		if m.Header.Level == unix.SOL_SOCKET && m.Header.Type == unix.SO_TIMESTAMPNS && len(m.Data) >= 16 {
			at := time.Unix(int64(binary.NativeEndian.Uint64(m.Data)), int64(binary.NativeEndian.Uint64(m.Data[8:])))
			return max(0, now.Sub(at).Nanoseconds())
		}
	}
	return 0
}
