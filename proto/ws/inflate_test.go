package ws

import (
	"bytes"
	"fmt"
	"io"
	"strings"
	"testing"

	stdflate "compress/flate"
)

// packed and packedMore are the first frame of a compressed message, final and unfinished.
func packed(op Op, payload string) []byte {
	return appendMasked(nil, finBit|rsv1Bit|byte(op), testMask, payload)
}
func packedMore(op Op, payload string) []byte {
	return appendMasked(nil, rsv1Bit|byte(op), testMask, payload)
}

// deflated is a message's payload as Go's flate makes it.
func deflated(text string) string {
	var out bytes.Buffer
	w, err := stdflate.NewWriter(&out, 9)
	if err != nil {
		panic(err)
	}
	_, _ = w.Write([]byte(text)) // into memory
	_ = w.Flush()
	return strings.TrimSuffix(out.String(), "\x00\x00\xff\xff")
}

// checkDeflate decodes streams on connections that have agreed to compress.
func checkDeflate(t *testing.T, cases []streamCase) {
	t.Helper()
	for _, c := range cases {
		for _, step := range []int{1, 7, len(c.in) + 1} {
			if got := decodeWith(t, Decoder{Deflate: true}, c.in, step, 16<<10); got != c.want {
				t.Errorf("%s, in reads of %d: got %.200q, want %.200q", c.name, step, got, c.want)
			}
		}
	}
}

// TestExamplesOfTheRFCInflate uses those of RFC 7692 section 7.2.3.
func TestExamplesOfTheRFCInflate(t *testing.T) {
	checkDeflate(t, []streamCase{
		{"7.2.3.1 one block", packed(OpText, "\xf2\x48\xcd\xc9\xc9\x07\x00"), "text:Hello"},
		{"7.2.3.1 fragmented", stream(packedMore(OpText, "\xf2\x48\xcd"), fin(OpNone, "\xc9\xc9\x07\x00")), "text:Hello"},
		{"7.2.3.3 without compression", packed(OpText, "\x00\x05\x00\xfa\xff\x48\x65\x6c\x6c\x6f\x00"), "text:Hello"},
		{"7.2.3.4 a last block", packed(OpText, "\xf3\x48\xcd\xc9\xc9\x07\x00\x00"), "text:Hello"},
		{"7.2.3.5 two blocks", packed(OpText, "\xf2\x48\x05\x00\x00\x00\xff\xff\xca\xc9\xc9\x07\x00"), "text:Hello"},
		{"7.2.3.6 empty", packed(OpText, "\x00"), "text:"},
	})
}

func TestCompressedAndPlainMessagesMix(t *testing.T) {
	grusse := deflated("grüße 😀")
	checkDeflate(t, []streamCase{
		{"in turn", stream(fin(OpText, "a"), packed(OpText, deflated("b")), fin(OpText, "c"), packed(OpBinary, deflated("\xff"))), "text:a text:b text:c binary:\xff"},
		{"fragments, cut within a rune, and a ping between", stream(packedMore(OpText, grusse[:4]), fin(OpPing, "p"), more(OpNone, grusse[4:5]),
			more(OpNone, ""), fin(OpNone, grusse[5:]), fin(OpText, "after")), "ping:p text:grüße 😀 text:after"},
		{"plain fragments afterwards", stream(packed(OpText, deflated("a")), more(OpText, "b"), fin(OpNone, "c")), "text:a text:bc"},
	})
}

func TestReservedBitIsOnlyForTheFirstFrameOfAMessage(t *testing.T) {
	hello := deflated("Hello")
	cases := []streamCase{
		{"continuation", stream(packedMore(OpText, hello[:2]), packed(OpNone, hello[2:])), "fail:1002"},
		{"continuation of a plain message", stream(more(OpText, "a"), packed(OpNone, hello)), "fail:1002"},
		{"stray continuation", packed(OpNone, hello), "fail:1002"},
		{"message inside a message", stream(packedMore(OpText, hello), packed(OpText, hello)), "fail:1002"},
	}
	for _, op := range []Op{OpPing, OpPong, OpClose, 3, 11} {
		cases = append(cases, streamCase{fmt.Sprint("op ", op), packed(op, hello), "fail:1002"})
	}
	for _, bits := range []byte{0x10, 0x20, 0x30, 0x50, 0x60, 0x70} {
		cases = append(cases, streamCase{fmt.Sprintf("bits %x", bits), appendMasked(nil, finBit|bits|byte(OpText), testMask, hello), "fail:1002"})
	}
	checkDeflate(t, cases)
	if got := decode(t, packed(OpText, hello), 100, 100); got != "fail:1002" {
		t.Errorf("not agreed: got %q, want fail:1002", got)
	}
}

func TestWhatCannotBeInflatedEndsTheConnection(t *testing.T) {
	checkDeflate(t, []streamCase{
		{"no block at all", packed(OpText, ""), "fail:1007"},
		{"reserved block type", packed(OpText, "\x07"), "fail:1007"},
		{"bytes that are no deflate", packed(OpText, "Hello, world"), "fail:1007"},
		{"cut short", packed(OpText, deflated(strings.Repeat("abc", 50))[:3]), "fail:1007"},
		{"a window that is not there", packed(OpText, "\x02\x13\x00\x00"), "fail:1007"},
		{"no UTF-8", packed(OpText, deflated("caf\xc3")), "fail:1007"},
		{"no UTF-8, in fragments", stream(packedMore(OpText, deflated("\xff")[:1]), fin(OpNone, deflated("\xff")[1:])), "fail:1007"},
		{"last blocks without end", packed(OpText, strings.Repeat("\x03\x00", 1000)+"\x00"), "fail:1007"},
		{"fine, then bad", stream(packed(OpText, deflated("a")), packed(OpText, "\x07"), fin(OpText, "b")), "text:a fail:1007"},
	})
}

func TestLimitCountsInflatedBytes(t *testing.T) {
	const limit = 16 << 10
	fits, over := strings.Repeat("x", limit), strings.Repeat("x", limit+1)
	bomb := deflated(strings.Repeat("\x00", 8<<20))
	if len(bomb) > limit {
		t.Fatalf("the bomb is %d bytes", len(bomb))
	}
	long := packed(OpText, strings.Repeat("\x00", limit+1))
	checkDeflate(t, []streamCase{
		{"as long as may be", packed(OpText, deflated(fits)), "text:" + brief([]byte(fits))},
		{"one more", packed(OpText, deflated(over)), "fail:1009"},
		{"bomb", packed(OpText, bomb), "fail:1009"},
		{"bomb in fragments", stream(packedMore(OpText, bomb[:99]), fin(OpNone, bomb[99:])), "fail:1009"},
		{"too long as it comes", long, "fail:1009"},
	})
}

// TestPayloadsOutliveTheNextMessage: what inflates is shared, what it returns is not.
func TestPayloadsOutliveTheNextMessage(t *testing.T) {
	d := Decoder{Deflate: true}
	next := func(text string) []byte {
		ev, _, err := d.Next(packed(OpText, deflated(text)), 100)
		if err != nil {
			t.Fatal(err)
		}
		return ev.Payload
	}
	first := next("first")
	if second := next("other"); string(first) != "first" || string(second) != "other" {
		t.Errorf("payloads are %q and %q", first, second)
	}
}

// FuzzInflate: any payload in any fragments gives what Go's flate gives, within the limit, or an error.
func FuzzInflate(f *testing.F) {
	f.Add([]byte(deflated("Hello, Hello, Hello")), uint8(3), uint16(100))
	f.Add([]byte("\xf3\x48\xcd\xc9\xc9\x07\x00\x00"), uint8(0), uint16(5))
	f.Add([]byte(deflated(strings.Repeat("a", 9999))), uint8(9), uint16(500))
	f.Fuzz(func(t *testing.T, payload []byte, cut uint8, maxMessageBytes uint16) {
		limit := max(int(maxMessageBytes), len(payload))
		at := min(int(cut), len(payload))
		in := stream(packedMore(OpBinary, string(payload[:at])), fin(OpNone, string(payload[at:])))
		got := decodeWith(t, Decoder{Deflate: true}, in, len(in), limit)
		if whole := decodeWith(t, Decoder{Deflate: true}, packed(OpBinary, string(payload)), 3, limit); whole != got {
			t.Fatalf("in fragments %q, whole %q", got, whole)
		}
		src := bytes.NewReader(append(bytes.Clone(payload), inflateTail...))
		want, err := io.ReadAll(io.LimitReader(stdflate.NewReader(src), int64(limit)+1))
		switch {
		case len(want) > limit:
			if got != "fail:1009" && got != "fail:1007" {
				t.Fatalf("got %q, want it refused", got)
			}
		case err != nil:
			if got != "fail:1007" && got != "fail:1009" {
				t.Fatalf("got %q, Go says %v", got, err)
			}
		case src.Len() == 0: // else it has a last block within; Go's reader stops there
			if got != "binary:"+brief(want) {
				t.Fatalf("got %q, want %q", got, brief(want))
			}
		}
	})
}
