package ws

import (
	"bytes"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/gobwas/ws"
)

// TestFramesAreThoseOfGobwas compares both directions with another writer, around every border of the length.
func TestFramesAreThoseOfGobwas(t *testing.T) {
	for _, size := range []int{0, 1, 15, 16, 17, 124, 125, 126, 127, 65535, 65536, 65537} {
		payload := bytes.Repeat([]byte("abc"), size)[:size]
		for _, op := range []Op{OpText, OpBinary} {
			server := ws.MustCompileFrame(ws.NewFrame(ws.OpCode(op), true, payload))
			if got := AppendFrame(nil, op, payload); !bytes.Equal(got, server) {
				t.Errorf("server frame of %d differs: %.20q, want %.20q", size, got, server)
			}
			if got := len(server) - size; HeaderSize(size) != got {
				t.Errorf("HeaderSize(%d) = %d, want %d", size, HeaderSize(size), got)
			}
			client := ws.MustCompileFrame(ws.MaskFrameWith(ws.NewFrame(ws.OpCode(op), true, bytes.Clone(payload)), testMask))
			if got := AppendClientFrame(nil, op, testMask, payload); !bytes.Equal(got, client) {
				t.Errorf("client frame of %d differs: %.20q, want %.20q", size, got, client)
			}
		}
	}
}

// TestHeaderFitsInFront is how the fan-out encoder works: payload first, header into the room left for it.
func TestHeaderFitsInFront(t *testing.T) {
	for _, size := range []int{0, 125, 126, 65535, 65536} {
		payload := strings.Repeat("x", size)
		buf := append(make([]byte, HeaderSize(size)), payload...)
		if n := PutHeader(buf, OpText, size); n != HeaderSize(size) {
			t.Errorf("PutHeader(%d) = %d, want %d", size, n, HeaderSize(size))
		}
		if !bytes.Equal(buf, AppendFrame([]byte{}, OpText, payload)) {
			t.Errorf("frame of %d differs", size)
		}
	}
}

func TestAppendKeepsWhatIsThere(t *testing.T) {
	dst := AppendFrame([]byte("before"), OpText, []byte("hi"))
	dst = AppendClose(dst, CodeGoingAway, "restart")
	dst = AppendClientFrame(dst, OpPing, testMask, "p")
	if !bytes.HasPrefix(dst, []byte("before\x81\x02hi\x88\x09\x03\xe9restart\x89\x81")) {
		t.Errorf("got %q", dst)
	}
}

func TestCloseReasonIsCutAtRune(t *testing.T) {
	for lead := range 4 {
		reason := strings.Repeat("x", lead) + strings.Repeat("😀", 40)
		frame := AppendClose(nil, CodePolicy, reason)
		got := frame[4:]
		if int(frame[1]) != len(frame)-2 || len(got) > ReasonBytesMax || len(got) <= ReasonBytesMax-utf8.UTFMax {
			t.Errorf("lead %d: reason of %d bytes in a frame of %d", lead, len(got), len(frame))
		}
		if !utf8.Valid(got) || !strings.HasPrefix(reason, string(got)) {
			t.Errorf("lead %d: reason %q", lead, got)
		}
	}
	if got := AppendClose(nil, 0, "ignored"); !bytes.Equal(got, []byte{0x88, 0}) {
		t.Errorf("close without a code: %q", got)
	}
}

func TestUnsendableCodeIsABug(t *testing.T) {
	defer func() {
		if r, ok := recover().(string); !ok || !strings.HasPrefix(r, "BUG: ") {
			t.Errorf("recovered %v", r)
		}
	}()
	AppendClose(nil, 1006, "")
}

func TestServerFramesAreReadBack(t *testing.T) {
	in := AppendFrame(nil, OpText, "one\r\n")
	in = AppendFrame(in, OpBinary, strings.Repeat("x", 70000))
	in = AppendClose(in, CodeServiceRestart, "bye")
	var got []Op
	var total int
	for held := in; len(held) > 0; {
		for cut := range min(len(held), 300) { // no prefix of a frame is taken for the frame
			if _, _, n, err := NextServerFrame(held[:cut], 1<<20); n > cut || err != nil {
				t.Fatalf("%d bytes: n %d, %v", cut, n, err)
			}
		}
		op, payload, n, err := NextServerFrame(held, 1<<20)
		if n == 0 || err != nil {
			t.Fatalf("n %d, %v", n, err)
		}
		got, total, held = append(got, op), total+len(payload), held[n:]
	}
	if len(got) != 3 || got[0] != OpText || got[1] != OpBinary || got[2] != OpClose || total != 5+70000+5 {
		t.Errorf("ops %v, %d bytes of payload", got, total)
	}
	bad := []struct {
		in   []byte
		want error
	}{
		{fin(OpText, "x"), errMasked},
		{[]byte{finBit | 0x40 | 1, 0}, errRSV},
		{[]byte{finBit | 3, 0}, errOpcode},
		{[]byte{1, 0}, errStray},
		{[]byte{finBit, 0}, errStray},
		{[]byte{finBit | 1, 101}, errMessageTooBig},
		{[]byte{finBit | 1, len64, 0xFF, 0, 0, 0, 0, 0, 0, 0}, errMessageTooBig},
	}
	for _, c := range bad {
		if _, _, n, err := NextServerFrame(c.in, 100); n != 0 || err != c.want {
			t.Errorf("%x: n %d, %v, want %v", c.in, n, err, c.want)
		}
	}
}
