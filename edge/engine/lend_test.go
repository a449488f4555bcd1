package engine

import (
	"bytes"
	"math/rand/v2"
	"runtime"
	"testing"

	"golang.org/x/sys/unix"
)

// stretches are random bytes in parts, and the whole of it.
func stretches(sizes ...int) (parts [][]byte, whole []byte) {
	random := rand.NewChaCha8([32]byte{7})
	for _, size := range sizes {
		p := make([]byte, size)
		_, _ = random.Read(p)
		parts = append(parts, p)
		whole = append(whole, p...)
	}
	return parts, whole
}

// drainInto reads all that c has to send.
func drainInto(t testing.TB, d *Detached, c *Conn, peer int) (got []byte) {
	t.Helper()
	for c.Blocked() {
		got = append(got, readAll(t, peer)...)
		d.Turn(c.flush)
	}
	return append(got, readAll(t, peer)...)
}

func TestLentBytesArriveInOrderAndTheirLenderIsTold(t *testing.T) {
	for _, sizes := range [][]int{{}, {0}, {1}, {10, 0, 20}, {100_000}, {1, 300_000, 5, 40_000}} {
		h := &echo{}
		d, c, peer := pair(t, Config{}, h)
		parts, whole := stretches(sizes...)
		head := []byte("head of it\n")
		sent := false
		d.Turn(func() {
			sent = c.Lend(head, parts, File{})
			copy(head, "overwritten") // the caller's again
		})
		if sent == c.Blocked() {
			t.Fatalf("%v: sent %v, blocked %v", sizes, sent, c.Blocked())
		}
		got := drainInto(t, d, c, peer)
		if want := append([]byte("head of it\n"), whole...); !bytes.Equal(got, want) {
			t.Fatalf("%v: the peer read %d bytes, want %d", sizes, len(got), len(want))
		}
		if told := 0; !sent {
			told = 1
			if h.mu.drained != told {
				t.Fatalf("%v: told %d times that it drained", sizes, h.mu.drained)
			}
		} else if h.mu.drained != told {
			t.Fatalf("%v: told of a drain though nothing was held", sizes)
		}
		if d.buffersLive != 0 {
			t.Fatalf("%v: %d buffers leaked", sizes, d.buffersLive)
		}
	}
}

func TestLentBytesStandBehindRepliesThatWait(t *testing.T) {
	d, c, peer := pair(t, Config{}, &echo{})
	parts, whole := stretches(50_000)
	first := bytes.Repeat([]byte("first "), 20_000)
	d.Turn(func() {
		c.Write(first)
		if c.Lend([]byte("head"), parts, File{}) {
			t.Fatal("a full socket took more")
		}
	})
	want := append(append(bytes.Clone(first), "head"...), whole...)
	if got := drainInto(t, d, c, peer); !bytes.Equal(got, want) {
		t.Fatalf("the peer read %d bytes, want %d", len(got), len(want))
	}
}

func TestNothingIsLentTwice(t *testing.T) {
	d, c, _ := pair(t, Config{}, &echo{})
	parts, _ := stretches(1 << 20)
	d.Turn(func() {
		c.Lend(nil, parts, File{})
		defer func() {
			if recover() == nil {
				t.Error("no panic")
			}
		}()
		c.Lend(nil, parts, File{})
	})
}

func TestLentBytesAreLetGoWithTheConnection(t *testing.T) {
	h := &echo{}
	d, c, _ := pair(t, Config{}, h)
	parts, _ := stretches(1 << 20)
	d.Turn(func() { c.Lend([]byte("head"), parts, File{}) })
	d.Turn(func() { c.Abort(ReasonBrokenOff) })
	if d.buffersLive != 0 || h.mu.drained != 0 {
		t.Fatalf("%d buffers live, drained %d times", d.buffersLive, h.mu.drained)
	}
	if r := h.reasons(); len(r) != 1 || r[0] != ReasonBrokenOff {
		t.Fatalf("reasons %v", r)
	}
	d.Turn(func() {
		if !c.Lend(nil, parts, File{}) {
			t.Error("a closed connection took bytes")
		}
	})
}

func TestCloseSendsWhatWasLent(t *testing.T) {
	h := &echo{}
	d, c, peer := pair(t, Config{}, h)
	parts, whole := stretches(300_000)
	d.Turn(func() {
		c.Lend(nil, parts, File{})
		c.Close(ReasonDone)
	})
	if got := drainInto(t, d, c, peer); !bytes.Equal(got, whole) {
		t.Fatalf("the peer read %d bytes of %d", len(got), len(whole))
	}
	if h.mu.drained != 0 {
		t.Fatal("a closing connection was told that it drained")
	}
}

// TestStalledBorrowerCostsNoCopy: what a viewer who reads nothing costs is independent of
// what it was lent.
func TestStalledBorrowerCostsNoCopy(t *testing.T) {
	const conns = 200
	d, err := NewDetached(Config{})
	if err != nil {
		t.Fatal(err)
	}
	defer d.Stop()
	parts, _ := stretches(4<<20, 4<<20)
	before := heapBytes()
	for range conns {
		fds, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_STREAM|unix.SOCK_NONBLOCK, 0)
		if err != nil {
			t.Fatal(err)
		}
		defer unix.Close(fds[1])
		c := d.Accept(fds[0], func(*Conn) Handler { return &echo{} })
		d.Turn(func() { c.Lend([]byte("HTTP/1.1 200 OK\r\n\r\n"), parts, File{}) })
		if !c.Blocked() {
			t.Fatal("8 MiB went into a socket that nobody reads")
		}
	}
	if each := (heapBytes() - before) / conns; each > 1500 { // the connection itself included
		t.Errorf("%d bytes per stalled connection", each)
	}
	runtime.KeepAlive(parts)
}

func heapBytes() int {
	runtime.GC()
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int(m.HeapAlloc)
}

func TestLentSocketThatBrokeIsClosed(t *testing.T) {
	h := &echo{}
	d, c, peer := pair(t, Config{}, h)
	_ = unix.Close(peer)
	parts, _ := stretches(1 << 20)
	d.Turn(func() { c.Lend(nil, parts, File{}) })
	if r := h.reasons(); len(r) != 1 || r[0] != ReasonError {
		t.Fatalf("reasons %v", r)
	}
}

// half reads one line for each time that it is asked to.
type half struct {
	echo
	busy bool
	got  []string
}

func (h *half) Data(_ *Conn, in []byte) int {
	if h.busy {
		return 0
	}
	line, _, ok := bytes.Cut(in, []byte("\n"))
	if !ok {
		return 0
	}
	h.got, h.busy = append(h.got, string(line)), true
	return len(line) + 1
}

func TestResumeReadsWhatWasLeftUnread(t *testing.T) {
	h := &half{}
	d, c, _ := pair(t, Config{}, h)
	d.Input(c, []byte("one\ntwo\nth"))
	d.Input(c, []byte("ree\n"))
	for range 5 { // more often than there are lines
		d.Turn(func() { h.busy = false; c.Resume() })
	}
	if len(h.got) != 3 || h.got[0] != "one" || h.got[1] != "two" || h.got[2] != "three" {
		t.Fatalf("read %q", h.got)
	}
}
