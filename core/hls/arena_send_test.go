package hls

import (
	"bytes"
	"io"
	"net"
	"testing"

	"golang.org/x/sys/unix"
)

// TestWhatWasSentStaysAfterItsPagesCameBack: a viewer may be slower than the cache forgets.
func TestWhatWasSentStaysAfterItsPagesCameBack(t *testing.T) {
	a, err := newArena(1 << 20)
	if err != nil {
		t.Fatal(err)
	}
	if a.fd < 0 {
		t.Skip("this kernel gives no file without a name")
	}
	l, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	viewer, err := net.Dial("tcp4", l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer viewer.Close()
	server, err := l.Accept()
	if err != nil {
		t.Fatal(err)
	}
	defer server.Close()
	first, _ := a.take(8)
	old := bytes.Repeat([]byte("old "), 8*pageBytes/4)
	copy(a.bytes(first), old)
	raw, err := server.(*net.TCPConn).SyscallConn()
	if err != nil {
		t.Fatal(err)
	}
	sent := 0
	if err := raw.Write(func(fd uintptr) bool {
		off := int64(first.from) * pageBytes
		sent, err = unix.Sendfile(int(fd), a.fd, &off, len(old))
		return true
	}); err != nil || sent != len(old) {
		t.Fatalf("%d bytes were sent of %d: %v", sent, len(old), err)
	}
	a.give(first)
	again, _ := a.take(8)
	if again != first {
		t.Fatalf("other pages were given, %v: the test shows nothing", again)
	}
	copy(a.bytes(again), bytes.Repeat([]byte("new "), 8*pageBytes/4))
	got := make([]byte, len(old))
	if _, err := io.ReadFull(viewer, got); err != nil || !bytes.Equal(got, old) {
		t.Errorf("%v; the viewer has %q...", err, got[:8])
	}
}

func TestPagesThatComeBackTakeNoMemory(t *testing.T) {
	a, err := newArena(8 << 20)
	if err != nil {
		t.Fatal(err)
	}
	if a.fd < 0 {
		t.Skip("this kernel gives no file without a name")
	}
	r, _ := a.take(64)
	for i := range a.bytes(r) {
		a.bytes(r)[i] = 1
	}
	blocks := func() int64 {
		var s unix.Stat_t
		if err := unix.Fstat(a.fd, &s); err != nil {
			t.Fatal(err)
		}
		return s.Blocks * 512
	}
	if n := blocks(); n < 64*pageBytes {
		t.Errorf("%d bytes are in the file, want 64 pages", n)
	}
	a.give(r)
	if n := blocks(); n != 0 {
		t.Errorf("%d bytes are still in the file", n)
	}
}
