package link

import (
	"bytes"
	"errors"
	"fmt"
	"testing"
)

// FuzzDecoder: any bytes, cut in any way, are the same frames and the same error; what a body means, encoded anew, is
// that body.
func FuzzDecoder(f *testing.F) {
	f.Add(AppendPing(AppendPreface(nil), Ping{1, 2, 3}), uint8(0))
	f.Fuzz(func(t *testing.T, in []byte, step uint8) {
		whole, wholeErr := read(in, len(in)+1)
		pieces, err := read(in, int(step)+1)
		if fmt.Sprint(whole, wholeErr) != fmt.Sprint(pieces, err) {
			t.Fatalf("by %d: %v, %v; whole: %v, %v", int(step)+1, pieces, err, whole, wholeErr)
		}
		for _, frame := range whole {
			sameAgain(t, frame)
		}
	})
}

func sameAgain(t *testing.T, frame Frame) {
	out, err := again(frame)
	var fault *FrameError
	switch {
	case errors.As(err, &fault):
		if fault.Kind != frame.Kind {
			t.Fatalf("%s: the fault is of %s", frame.Kind, fault.Kind)
		}
	case errors.Is(err, ErrLimit):
		t.Fatalf("%s: read, but not to be written: %v", frame.Kind, err)
	case err != nil:
		t.Fatalf("%s: %v", frame.Kind, err)
	case frame.Kind == KindRefuse || frame.Kind == KindFound || frame.Kind == KindHello: // their texts are cleaned
		if second, err := again(Frame{frame.Kind, out[headBytes:]}); err != nil || !bytes.Equal(second, out) {
			t.Fatalf("%s: %q became %q, %v", frame.Kind, out, second, err)
		}
	case !bytes.Equal(out[headBytes:], frame.Body):
		t.Fatalf("%s: %q became %q", frame.Kind, frame.Body, out[headBytes:])
	}
}

// FuzzHandshake: no bytes of a stranger make a handshake done, or a panic.
func FuzzHandshake(f *testing.F) {
	f.Add([]byte{}, true)
	f.Fuzz(func(t *testing.T, in []byte, dialing bool) {
		side := Listener
		if dialing {
			side = Dialer
		}
		p := newParty(t, side, hello(2), "a secret that nobody guesses")
		if _, _ = p.take(in); p.done {
			t.Fatal("a stranger was trusted")
		}
	})
}
