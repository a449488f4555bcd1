package video

import (
	"context"
	"io"
	"net"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// slowLink hands on connections, and what comes back over them late.
type slowLink struct {
	addr  string
	delay atomic.Int64 // time.Duration
}

// newSlowLink makes a link to an address, which ends with the test. It delays nothing yet.
func newSlowLink(t *testing.T, to string) *slowLink {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s := &slowLink{addr: l.Addr().String()}
	ctx, cancel := context.WithCancel(context.Background())
	var running sync.WaitGroup
	running.Go(func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			running.Go(func() { s.carry(ctx, c, to) })
		}
	})
	t.Cleanup(func() { cancel(); _ = l.Close(); running.Wait() })
	return s
}

func (s *slowLink) carry(ctx context.Context, c net.Conn, to string) {
	up, err := net.Dial("tcp", to)
	if err != nil {
		_ = c.Close()
		return
	}
	stop := context.AfterFunc(ctx, func() { _ = c.Close(); _ = up.Close() })
	defer stop()
	var both sync.WaitGroup
	both.Go(func() { _, _ = io.Copy(up, c); _ = up.Close() })
	s.late(ctx, c, up)
	_ = c.Close()
	_ = up.Close()
	both.Wait()
}

type chunk struct {
	due   time.Time
	bytes []byte
}

// late copies bytes, each as long after it came as the delay says.
func (s *slowLink) late(ctx context.Context, to io.Writer, from io.Reader) {
	chunks := make(chan chunk, 4096)
	var writing sync.WaitGroup
	writing.Go(func() {
		for one := range chunks {
			pause(ctx, time.Until(one.due))
			if _, err := to.Write(one.bytes); err != nil {
				break
			}
		}
		for range chunks { // until the reader has ended
		}
	})
	for {
		b := make([]byte, 32<<10)
		n, err := from.Read(b)
		if n > 0 {
			chunks <- chunk{time.Now().Add(time.Duration(s.delay.Load())), b[:n]}
		}
		if err != nil {
			break
		}
	}
	close(chunks)
	writing.Wait()
}
