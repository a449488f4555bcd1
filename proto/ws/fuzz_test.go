package ws

import (
	"bytes"
	"encoding/binary"
	"io"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/gobwas/ws"
	"github.com/gobwas/ws/wsutil"
)

// FuzzDecoder: any bytes, cut in any way, give the same events, and those of gobwas' reader up to the first fault.
func FuzzDecoder(f *testing.F) {
	f.Add(stream(more(OpText, "a"), fin(OpPing, "p"), fin(OpNone, "b"), closing(1000, "bye")), uint8(0), uint16(100))
	f.Fuzz(func(t *testing.T, in []byte, step uint8, maxMessageBytes uint16) {
		whole := decode(t, in, len(in)+1, int(maxMessageBytes))
		if pieces := decode(t, in, int(step)+1, int(maxMessageBytes)); pieces != whole {
			t.Fatalf("by %d: %q, whole: %q", int(step)+1, pieces, whole)
		}
		events, _, failed := strings.Cut(" "+whole, " fail:")
		got := " " + decodeWithGobwas(in)
		if failed && !strings.HasPrefix(got, events) || !failed && got != events {
			t.Fatalf("got %q, gobwas says %q", whole, got)
		}
	})
}

// decodeWithGobwas tells the events of a stream in the words of decode, up to a close, a fault or the end.
func decodeWithGobwas(in []byte) string {
	var out []string
	note := func(op ws.OpCode, payload []byte) (stop bool) {
		ev := Event{Op: Op(op), Payload: payload}
		if ev.Op == OpClose {
			ev.Code = CodeNormal
			if len(payload) >= 2 {
				ev.Code, ev.Payload = binary.BigEndian.Uint16(payload), payload[2:]
			}
		}
		out = append(out, describe(ev))
		return ev.Op == OpClose
	}
	closed := false
	r := wsutil.Reader{Source: bytes.NewReader(in), State: ws.StateServerSide, CheckUTF8: true}
	r.OnIntermediate = func(h ws.Header, src io.Reader) error {
		payload := make([]byte, h.Length)
		if _, err := io.ReadFull(src, payload); err != nil {
			return io.ErrUnexpectedEOF
		}
		if closed = note(h.OpCode, payload); closed {
			return io.ErrClosedPipe
		}
		return nil
	}
	for !closed {
		h, err := r.NextFrame()
		if err != nil {
			break
		}
		payload, err := io.ReadAll(&r)
		if err != nil || closed || note(h.OpCode, payload) {
			break
		}
	}
	return strings.Join(out, " ")
}

// FuzzMessage: what gobwas' client writer cuts into fragments comes back whole, or fails if it is bad text.
func FuzzMessage(f *testing.F) {
	f.Add([]byte("gr\xc3\xbc\xc3\x9fe \xf0\x9f\x98\x80"), uint32(0x1234A5F0), uint8(1), true)
	f.Fuzz(func(t *testing.T, message []byte, maskWord uint32, cut uint8, text bool) {
		op, name := ws.OpBinary, "binary:"
		if text {
			op, name = ws.OpText, "text:"
		}
		var mask [4]byte
		binary.LittleEndian.PutUint32(mask[:], maskWord)
		var out bytes.Buffer
		for rest, frameOp := message, op; ; frameOp = ws.OpContinuation {
			n := len(rest)
			if cut > 0 {
				n = min(n, int(cut))
			}
			frame := ws.NewFrame(frameOp, n == len(rest), bytes.Clone(rest[:n]))
			if err := ws.WriteFrame(&out, ws.MaskFrameInPlaceWith(frame, mask)); err != nil {
				t.Fatal(err)
			}
			if rest = rest[n:]; len(rest) == 0 {
				break
			}
		}
		want := name + brief(message)
		if text && !utf8.Valid(message) {
			want = "fail:1007"
		}
		if got := decode(t, out.Bytes(), 5, len(message)); got != want {
			t.Fatalf("got %q, want %q", got, want)
		}
	})
}

// FuzzNegotiate: whatever is offered, what is picked was offered.
func FuzzNegotiate(f *testing.F) {
	f.Add([]byte("foo, irc"))
	f.Fuzz(func(t *testing.T, offered []byte) {
		p := Negotiate(offered)
		if p != ProtocolNone && !bytes.Contains(offered, []byte(p.Name())) {
			t.Fatalf("%q: picked %q", offered, p.Name())
		}
	})
}
