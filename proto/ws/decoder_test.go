package ws

import (
	"bytes"
	"fmt"
	"strings"
	"testing"
	"unsafe"
)

func TestUnmaskedFrameFails(t *testing.T) {
	checkStreams(t, []streamCase{
		{"text", AppendFrame(nil, OpText, "hi"), "fail:1002"},
		{"ping", AppendFrame(nil, OpPing, ""), "fail:1002"},
		{"close", AppendClose(nil, 1000, ""), "fail:1002"},
	})
}

// TestTooBigFailsAtHeader: the size is refused before a byte of the payload, or of the mask, has come.
func TestTooBigFailsAtHeader(t *testing.T) {
	const limit = 1000
	cases := []struct {
		name string
		in   []byte
		want string
	}{
		{"at the limit", fin(OpText, strings.Repeat("x", limit)), "text:xxxx*1000"},
		{"over by one", fin(OpText, strings.Repeat("x", limit+1))[:4], "fail:1009"},
		{"2^62", []byte{finBit | 1, maskBit | len64, 0x40, 0, 0, 0, 0, 0, 0, 0}, "fail:1009"},
		{"highest bit", []byte{finBit | 1, maskBit | len64, 0x80, 0, 0, 0, 0, 0, 0, 0}, "fail:1002"},
		{"fragments together", stream(more(OpText, strings.Repeat("x", limit)), fin(OpNone, "y")[:2]), "fail:1009"},
		{"fragments at the limit", stream(more(OpText, strings.Repeat("x", limit-1)), fin(OpNone, "y")), "text:xxxx*1000"},
		{"a ping does not count", stream(more(OpText, strings.Repeat("x", limit)), fin(OpPing, "p"), fin(OpNone, "")), "ping:p text:xxxx*1000"},
	}
	for _, c := range cases {
		for _, step := range []int{1, len(c.in)} {
			if got := decode(t, c.in, step, limit); got != c.want {
				t.Errorf("%s, %d bytes a read: %q, want %q", c.name, step, got, c.want)
			}
		}
	}
}

// TestLowerLimitInsideMessageFails: a limit that shrinks below what is held is no underflow.
func TestLowerLimitInsideMessageFails(t *testing.T) {
	var d Decoder
	if _, n, err := d.Next(more(OpText, "12345678"), 8); n == 0 || err != nil {
		t.Fatalf("n %d, %v", n, err)
	}
	if _, _, err := d.Next(fin(OpNone, ""), 4); err != errMessageTooBig {
		t.Fatalf("got %v, want %v", err, errMessageTooBig)
	}
}

// TestShortInputIsLeftAlone: nothing is unmasked before the frame is whole, or the rest would be unmasked twice.
func TestShortInputIsLeftAlone(t *testing.T) {
	whole := fin(OpText, "hello, world, this is long enough for a vector")
	for n := range len(whole) {
		in := bytes.Clone(whole[:n])
		var d Decoder
		if _, took, err := d.Next(in, 100); took != 0 || err != nil {
			t.Fatalf("%d of %d bytes: took %d, %v", n, len(whole), took, err)
		}
		if !bytes.Equal(in, whole[:n]) {
			t.Fatalf("%d of %d bytes: input was changed", n, len(whole))
		}
	}
}

func TestNextFrameBehindMessageIsLeftAlone(t *testing.T) {
	first, second := fin(OpText, "first"), fin(OpText, "second")
	in := stream(first, second)
	var d Decoder
	ev, n, err := d.Next(in, 100)
	if err != nil || n != len(first) || !bytes.Equal(in[n:], second) {
		t.Fatalf("n %d, %v, rest %q", n, err, in[n:])
	}
	if cap(ev.Payload) != len("first") {
		t.Errorf("an append to the payload would write over the next frame: cap %d", cap(ev.Payload))
	}
}

// TestDecoderHoldsNothingBetweenMessages keeps an idle connection cheap.
func TestDecoderHoldsNothingBetweenMessages(t *testing.T) {
	if size := unsafe.Sizeof(Decoder{}); size > 40 {
		t.Errorf("a Decoder has %d bytes, the budget is 40", size)
	}
	var d Decoder
	for i, frame := range [][]byte{more(OpText, "abc"), more(OpNone, "def"), fin(OpNone, "ghi")} {
		if _, n, err := d.Next(frame, 100); n != len(frame) || err != nil {
			t.Fatalf("fragment %d: n %d, %v", i, n, err)
		}
		if want := i < 2; d.InMessage() != want || d.FragmentBytes() > 0 != want {
			t.Errorf("behind fragment %d: in message %v, %d bytes", i, d.InMessage(), d.FragmentBytes())
		}
	}
	if d.fragments != nil {
		t.Error("the buffer of a message stays with the decoder")
	}
}

// TestFragmentIsCheckedOnce keeps a message of many small fragments from being validated over and over.
func TestFragmentIsCheckedOnce(t *testing.T) {
	var d Decoder
	for _, c := range []struct {
		frame   []byte
		checked uint32
	}{
		{more(OpText, "abc"), 3},
		{more(OpNone, "d\xf0\x9f"), 4}, // a rune may wait for its rest
		{more(OpNone, "\x98\x80"), 8},
		{more(OpNone, ""), 8},
	} {
		if _, n, err := d.Next(c.frame, 100); n != len(c.frame) || err != nil {
			t.Fatalf("n %d, %v", n, err)
		}
		if d.checked != c.checked {
			t.Errorf("%d bytes are checked of %q, want %d", d.checked, d.fragments, c.checked)
		}
	}
}

func TestErrorIsToldOnce(t *testing.T) {
	var d Decoder
	_, n, err := d.Next(fin(OpNone, "x"), 100)
	if n != 0 || err == nil {
		t.Fatalf("n %d, %v", n, err)
	}
	if text := err.Error(); !strings.Contains(text, "1002") || !strings.Contains(text, "continuation") {
		t.Errorf("error reads %q", text)
	}
	rest := fin(OpText, "more")
	if ev, n, err := d.Next(rest, 100); ev.Op != OpNone || n != len(rest) || err != nil {
		t.Errorf("behind the error: %v, n %d, %v", ev, n, err)
	}
}

// TestEveryErrorCodeMayBeSent: the caller puts the code of any fault into a close frame.
func TestEveryErrorCodeMayBeSent(t *testing.T) {
	faults := []*CloseError{
		errRSV, errOpcode, errUnmasked, errMasked, errControlSplit, errControlLong, errStray, errNotContinued,
		errLengthBit, errCloseOneByte, errCloseCode, errTextUTF8, errReasonUTF8, errMessageTooBig,
	}
	for _, fault := range faults {
		if !ValidCode(fault.Code) || len(fault.Reason) > ReasonBytesMax {
			t.Errorf("%v cannot be sent", fault)
		}
		if frame := AppendClose(nil, fault.Code, fault.Reason); len(frame) != 4+len(fault.Reason) {
			t.Errorf("close frame %q of %v", frame, fault)
		}
	}
}

// TestLongerLengthFormIsRead: a length in more bytes than it needs is read, as all browsers' peers do.
func TestLongerLengthFormIsRead(t *testing.T) {
	payload := "hi"
	masked := fin(OpText, payload)[6:]
	for _, length := range [][]byte{{maskBit | len16, 0, 2}, {maskBit | len64, 0, 0, 0, 0, 0, 0, 0, 2}} {
		in := stream([]byte{finBit | byte(OpText)}, length, testMask[:], masked)
		if got := decode(t, in, 1, 100); got != "text:hi" {
			t.Errorf("length %x: %q", length, got)
		}
	}
}

func ExampleDecoder_Next() {
	in := AppendClientFrame(nil, OpText, [4]byte{1, 2, 3, 4}, "PING")
	in = AppendClientFrame(in, OpClose, [4]byte{5, 6, 7, 8}, "")
	var d Decoder
	for len(in) > 0 {
		ev, n, err := d.Next(in, 4096)
		if err != nil || n == 0 {
			break
		}
		fmt.Printf("%d %q %d\n", ev.Op, ev.Payload, ev.Code)
		in = in[n:]
	}
	// Output:
	// 1 "PING" 0
	// 8 "" 1000
}
