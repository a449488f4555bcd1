package ws

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"strings"
	"testing"
)

// testMask has four different bytes, so that a payload unmasked twice or at the wrong offset shows.
var testMask = [4]byte{0x12, 0x34, 0xA5, 0xF0}

// fin and more are the first byte of a final and of an unfinished frame.
func fin(op Op, payload string) []byte  { return appendMasked(nil, finBit|byte(op), testMask, payload) }
func more(op Op, payload string) []byte { return appendMasked(nil, byte(op), testMask, payload) }

// closing is a client's close frame.
func closing(code uint16, reason string) []byte {
	return fin(OpClose, string(binary.BigEndian.AppendUint16(nil, code))+reason)
}

func stream(frames ...[]byte) []byte { return bytes.Join(frames, nil) }

// decode feeds a stream in reads of step bytes, as a connection would, and tells what came out: `text:hi`,
// `close:1000:bye`, `fail:1002`, one word for an event and none for a fragment.
func decode(t testing.TB, in []byte, step, maxMessageBytes int) string {
	t.Helper()
	return decodeWith(t, Decoder{}, in, step, maxMessageBytes)
}

func decodeWith(t testing.TB, d Decoder, in []byte, step, maxMessageBytes int) string {
	t.Helper()
	var held []byte
	var out []string
	for in := bytes.Clone(in); len(in) > 0; {
		n := min(step, len(in))
		held, in = append(held, in[:n]...), in[n:]
		for len(held) > 0 {
			ev, n, err := d.Next(held, maxMessageBytes)
			if err != nil {
				out = append(out, fmt.Sprintf("fail:%d", err.(*CloseError).Code))
				if n != 0 {
					t.Fatalf("an error takes %d bytes", n)
				}
				continue
			}
			if n == 0 {
				break
			}
			if n > len(held) {
				t.Fatalf("took %d of %d bytes", n, len(held))
			}
			if ev.Op != OpNone {
				out = append(out, describe(ev))
			}
			held = held[n:]
		}
		if d.FragmentBytes() > maxMessageBytes {
			t.Fatalf("%d bytes held, limit %d", d.FragmentBytes(), maxMessageBytes)
		}
	}
	return strings.Join(out, " ")
}

func describe(ev Event) string {
	switch ev.Op {
	case OpText:
		return fmt.Sprintf("text:%s", brief(ev.Payload))
	case OpBinary:
		return fmt.Sprintf("binary:%s", brief(ev.Payload))
	case OpPing:
		return fmt.Sprintf("ping:%s", brief(ev.Payload))
	case OpPong:
		return fmt.Sprintf("pong:%s", brief(ev.Payload))
	case OpClose:
		return fmt.Sprintf("close:%d:%s", ev.Code, brief(ev.Payload))
	}
	return fmt.Sprintf("op%d", ev.Op)
}

// brief shortens what no table wants to hold.
func brief(payload []byte) string {
	if len(payload) > 130 {
		return fmt.Sprintf("%.4s*%d", payload, len(payload))
	}
	return string(payload)
}

// streamCase is one row of a conformance table.
type streamCase struct {
	name string // with the number of the public suite
	in   []byte
	want string
}

const testMessageBytesMax = 1 << 20

// checkStreams decodes each case whole, one byte at a time, and in reads that fit nothing.
func checkStreams(t *testing.T, cases []streamCase) {
	t.Helper()
	for _, c := range cases {
		for _, step := range []int{len(c.in) + 1, 1, 7} {
			if step == 1 && len(c.in) > 8<<10 {
				step = 997 // one byte at a time is for the small ones
			}
			if got := decode(t, c.in, step, testMessageBytesMax); got != c.want {
				t.Errorf("%s, %d bytes a read: got %q, want %q", c.name, step, got, c.want)
			}
		}
	}
}
