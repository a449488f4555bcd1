package engine

import (
	"bytes"
	"testing"

	"golang.org/x/sys/unix"
)

// mapped is a file of that content, until the test ends.
func mapped(t *testing.T, content []byte) File {
	t.Helper()
	fd, err := unix.MemfdCreate("test", unix.MFD_CLOEXEC)
	if err != nil {
		t.Skipf("this kernel gives no file without a name: %v", err)
	}
	t.Cleanup(func() { _ = unix.Close(fd) })
	if err := unix.Ftruncate(fd, int64(len(content))); err != nil {
		t.Fatal(err)
	}
	mem, err := unix.Mmap(fd, 0, len(content), unix.PROT_READ|unix.PROT_WRITE, unix.MAP_SHARED)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = unix.Munmap(mem) })
	copy(mem, content)
	return File{mem, fd}
}

func TestStretchesOfAFileArriveInOrderWithThoseThatAreNone(t *testing.T) {
	_, content := stretches(1 << 20)
	from := mapped(t, content)
	_, other := stretches(3 * sendfileMin)
	for what, body := range map[string][][]byte{
		"one":           {from.Mem[100:200_000]},
		"all":           {from.Mem},
		"several":       {from.Mem[:50_000], from.Mem[70_000:300_000], from.Mem[:20_000]},
		"short":         {from.Mem[:10]},
		"short between": {from.Mem[:50_000], from.Mem[:10], []byte("words"), from.Mem[50_000:400_000], []byte("the end")},
		"another's":     {other, from.Mem[:50_000], other},
	} {
		h := &echo{}
		d, c, peer := pair(t, Config{}, h)
		want := []byte("head of it\n")
		for _, p := range body {
			want = append(want, p...)
		}
		d.Turn(func() { c.Lend([]byte("head of it\n"), body, from) })
		if got := drainInto(t, d, c, peer); !bytes.Equal(got, want) {
			t.Errorf("%s: the peer read %d bytes, want %d", what, len(got), len(want))
		}
		if d.buffersLive != 0 {
			t.Errorf("%s: %d buffers leaked", what, d.buffersLive)
		}
	}
}

func TestFileIsSentBehindRepliesThatWait(t *testing.T) {
	_, content := stretches(300_000)
	from := mapped(t, content)
	d, c, peer := pair(t, Config{}, &echo{})
	first := bytes.Repeat([]byte("first "), 20_000)
	d.Turn(func() {
		c.Write(first)
		if c.Lend([]byte("head"), [][]byte{from.Mem}, from) {
			t.Fatal("a full socket took more")
		}
	})
	want := append(append(bytes.Clone(first), "head"...), content...)
	if got := drainInto(t, d, c, peer); !bytes.Equal(got, want) {
		t.Fatalf("the peer read %d bytes, want %d", len(got), len(want))
	}
}

func TestFileForASocketThatBrokeClosesIt(t *testing.T) {
	_, content := stretches(1 << 20)
	from := mapped(t, content)
	h := &echo{}
	d, c, peer := pair(t, Config{}, h)
	_ = unix.Close(peer)
	d.Turn(func() { c.Lend(nil, [][]byte{from.Mem}, from) })
	if r := h.reasons(); len(r) != 1 || r[0] != ReasonError {
		t.Fatalf("reasons %v", r)
	}
}
