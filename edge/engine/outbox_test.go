package engine

import (
	"bytes"
	"strconv"
	"testing"

	"golang.org/x/sys/unix"
)

// pair is a connection on a detached loop and the peer's end of its socket.
func pair(t testing.TB, cfg Config, h Handler) (d *Detached, c *Conn, peer int) {
	t.Helper()
	d, err := NewDetached(cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(d.Stop)
	fds, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_STREAM|unix.SOCK_NONBLOCK, 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = unix.Close(fds[1]) })
	if err := unix.SetsockoptInt(fds[0], unix.SOL_SOCKET, unix.SO_SNDBUF, 4096); err != nil {
		t.Fatal(err)
	}
	return d, d.Accept(fds[0], func(*Conn) Handler { return h }), fds[1]
}

func readAll(t testing.TB, fd int) []byte {
	t.Helper()
	var all []byte
	buf := make([]byte, 64<<10)
	for {
		n, err := unix.Read(fd, buf)
		if n <= 0 || err != nil {
			return all
		}
		all = append(all, buf[:n]...)
	}
}

func sendText(c *Conn, text string) bool {
	b := c.loop.NewBuffer()
	defer b.Release()
	b.B = append(b.B, text...)
	return c.Send(b)
}

func TestSlowMemberGetsWholeLinesThenIsToldOfGap(t *testing.T) {
	h := &echo{}
	d, c, peer := pair(t, Config{OutboxBytesMax: 1000}, h)
	var want bytes.Buffer
	sent, refused := 0, 0
	d.Turn(func() {
		for i := range 10000 {
			line := "line " + strconv.Itoa(i) + "\n"
			if sendText(c, line) {
				if refused > 0 {
					t.Fatal("a line was taken after one was refused")
				}
				want.WriteString(line)
				sent++
			} else {
				refused++
			}
		}
	})
	if refused == 0 || !c.Blocked() || c.outbox.bytes[shared] > 1000 {
		t.Fatalf("sent %d, refused %d, held back %d", sent, refused, c.outbox.bytes[shared])
	}
	var got []byte
	for c.Blocked() {
		got = append(got, readAll(t, peer)...)
		d.Turn(c.flush)
	}
	got = append(got, readAll(t, peer)...)
	if !bytes.Equal(got, want.Bytes()) {
		t.Fatalf("peer read %d bytes, want %d", len(got), want.Len())
	}
	if h.mu.drained != 1 {
		t.Fatalf("told %d times that it drained", h.mu.drained)
	}
	if d.buffersLive != 0 {
		t.Fatalf("%d buffers leaked", d.buffersLive)
	}
	if !sendText(c, "again\n") || string(readAll(t, peer)) != "again\n" {
		t.Fatal("the connection did not recover")
	}
}

func TestUrgentBytesOvertakeTheBacklogBetweenLines(t *testing.T) {
	d, c, peer := pair(t, Config{OutboxBytesMax: 64 << 10}, &echo{})
	line := string(bytes.Repeat([]byte("x"), 1023)) + "\n"
	d.Turn(func() {
		for range 40 {
			sendText(c, line)
		}
		c.WriteUrgent([]byte("PONG\n"))
	})
	var got []byte
	for c.Blocked() {
		got = append(got, readAll(t, peer)...)
		d.Turn(c.flush)
	}
	got = append(got, readAll(t, peer)...)
	lines := bytes.SplitAfter(got, []byte("\n"))
	at := -1
	for i, l := range lines {
		switch {
		case string(l) == "PONG\n":
			at = i
		case len(l) != 0 && string(l) != line:
			t.Fatalf("line %d is torn: %.20q…", i, l)
		}
	}
	if at < 0 || at > 20 {
		t.Fatalf("PONG came as line %d of %d", at, len(lines))
	}
}

func TestBacklogOfFanOutLeavesRoomForReplies(t *testing.T) {
	h := &echo{}
	d, c, peer := pair(t, Config{OutboxBytesMax: 1000}, h)
	d.Turn(func() {
		sendText(c, string(make([]byte, 64<<10))) // one batch, far beyond the bound
		for range 10 {
			c.WriteUrgent([]byte("PONG\n"))
		}
	})
	if r := h.reasons(); len(r) != 0 {
		t.Fatalf("closed: %v", r)
	}
	var got []byte
	for c.Blocked() {
		got = append(got, readAll(t, peer)...)
		d.Turn(c.flush)
	}
	got = append(got, readAll(t, peer)...)
	if n := bytes.Count(got, []byte("PONG\n")); n != 10 || len(got) != 64<<10+50 {
		t.Fatalf("%d replies in %d bytes", n, len(got))
	}
}

func TestManySmallRepliesCostTheirBytes(t *testing.T) {
	d, c, peer := pair(t, Config{}, &echo{})
	d.Turn(func() {
		sendText(c, string(make([]byte, 64<<10)))
		for i := range 20000 {
			if c.Write([]byte("R\n")); i%2 == 0 {
				c.WriteUrgent([]byte{byte('a' + i/2%26)})
			}
		}
	})
	if n := len(c.outbox.items); n != 3 {
		t.Fatalf("%d pieces", n)
	}
	for _, p := range c.outbox.items[1:] {
		if cap(p.buf.B) > 4*len(p.buf.B) {
			t.Fatalf("%d bytes are held in %d", len(p.buf.B), cap(p.buf.B))
		}
	}
	var got []byte
	for c.Blocked() {
		got = append(got, readAll(t, peer)...)
		d.Turn(c.flush)
	}
	got = append(got, readAll(t, peer)...)[64<<10:]
	if urgentBytes := got[:10000]; !bytes.HasPrefix(urgentBytes, []byte("abcdefghijklmnopqrstuvwxyzabc")) {
		t.Fatalf("urgent replies out of order: %.40q", urgentBytes)
	}
	if n := bytes.Count(got[10000:], []byte("R\n")); n != 20000 {
		t.Fatalf("%d replies", n)
	}
}

func TestSlowButSteadyReaderOfRepliesHoldsOnlyWhatWaits(t *testing.T) {
	d, c, peer := pair(t, Config{}, &echo{})
	line := append(bytes.Repeat([]byte("r"), 999), '\n')
	written, read := 0, 0
	for range 5000 { // 5 MB pass, at most a few KB wait
		d.Turn(func() {
			c.Write(line)
			c.flush()
		})
		written += len(line)
		if c.Blocked() {
			got := readAll(t, peer)
			read += len(got)
			if o := c.outbox; o != nil && cap(o.items[0].buf.B) > 64<<10 {
				t.Fatalf("%d bytes held for %d that wait", cap(o.items[0].buf.B), o.bytes[reply])
			}
		}
	}
	for c.Blocked() {
		read += len(readAll(t, peer))
		d.Turn(c.flush)
	}
	if read += len(readAll(t, peer)); read != written {
		t.Fatalf("read %d of %d", read, written)
	}
}

func TestRepliesBeyondTheOutboxCloseAsSlow(t *testing.T) {
	h := &echo{}
	d, c, _ := pair(t, Config{ReplyBytesMax: 1000}, h)
	for range 1000 {
		d.Turn(func() { c.Write(make([]byte, 500)) })
	}
	if r := h.reasons(); len(r) != 1 || r[0] != ReasonSlow {
		t.Fatalf("reasons %v", r)
	}
	if d.buffersLive != 0 || d.blocked.first != nil {
		t.Fatalf("%d buffers live", d.buffersLive)
	}
}

func TestClosedConnectionIsNeverWritten(t *testing.T) {
	d, c, _ := pair(t, Config{}, &echo{})
	handle := c.Handle()
	d.Turn(func() { c.Abort(ReasonError) })
	// Its descriptor now belongs to another connection.
	fds, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_STREAM|unix.SOCK_NONBLOCK, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer unix.Close(fds[1])
	other := d.Accept(fds[0], func(*Conn) Handler { return &echo{} })
	d.Turn(func() {
		c.Write([]byte("secret"))
		c.WriteUrgent([]byte("secret"))
		sendText(c, "secret")
	})
	if got := readAll(t, fds[1]); len(got) != 0 {
		t.Fatalf("another connection read %q", got)
	}
	if d.Conn(handle) != nil || d.Conn(other.Handle()) != other || handle.slot() != other.Handle().slot() {
		t.Fatal("a handle outlives its connection")
	}
}

func TestBrokenSocketClosesAtTheEndOfTheTurn(t *testing.T) {
	h := &echo{}
	d, c, peer := pair(t, Config{}, h)
	_ = unix.Close(peer)
	d.Turn(func() {
		sendText(c, "x")
		if len(h.reasons()) != 0 {
			t.Fatal("closed inside a write")
		}
	})
	if r := h.reasons(); len(r) != 1 || r[0] != ReasonError {
		t.Fatalf("reasons %v", r)
	}
}

func TestFullMailboxRefuses(t *testing.T) {
	d, err := NewDetached(Config{MailboxMax: 10})
	if err != nil {
		t.Fatal(err)
	}
	defer d.Stop()
	var ran []int
	for i := range 11 {
		if ok := d.Post(orderTask{n: i, ran: &ran}, 1); ok != (i < 10) {
			t.Fatalf("task %d: %v", i, ok)
		}
	}
	if !d.PostAlways(orderTask{n: 99, ran: &ran}) {
		t.Fatal("a reply was refused")
	}
	d.Turn(func() {})
	if len(ran) != 11 || ran[10] != 99 {
		t.Fatalf("ran %v", ran)
	}
	if !d.Post(orderTask{ran: &ran}, 10) {
		t.Fatal("refused after it was emptied")
	}
}
