package link

import (
	"encoding/binary"
	"errors"
	"fmt"
	"strings"
	"testing"
)

// read is what a trusting decoder makes of a stream that comes in pieces of step bytes.
func read(in []byte, step int) (frames []Frame, err error) {
	d := Decoder{trusted: true}
	used := 0
	for have := min(step, len(in)); ; have = min(have+step, len(in)) {
		for {
			f, n, err := d.Next(in[used:have])
			if err != nil {
				return frames, err
			}
			if n == 0 {
				break
			}
			used += n
			if f.Kind != KindNone {
				frames = append(frames, f)
			}
		}
		if have == len(in) {
			return frames, nil
		}
	}
}

func must(dst []byte, err error) []byte {
	if err != nil {
		panic(err)
	}
	return dst
}

func TestFramesComeWholeHoweverTheyAreCut(t *testing.T) {
	in := AppendPreface(nil)
	in = must(AppendPayload(in, 7, []byte("first")))
	in = AppendPing(in, Ping{1, 2, 3})
	in = must(AppendPayload(in, 8, nil))
	for step := 1; step <= len(in); step++ {
		frames, err := read(in, step)
		if err != nil || len(frames) != 3 || string(frames[0].Body) != "\x00\x07first" || frames[1].Kind != KindPing || len(frames[2].Body) != 2 {
			t.Fatalf("by %d: %v, %v", step, frames, err)
		}
	}
}

func TestOtherVersionIsNamedWithOurs(t *testing.T) {
	in := binary.BigEndian.AppendUint16([]byte(magic), 9)
	_, err := read(append(in, "whatever version 9 says"...), 3)
	var v *VersionError
	if !errors.As(err, &v) || v.Theirs != 9 || v.Ours != Version {
		t.Fatalf("got %v", err)
	}
	if text := err.Error(); !strings.Contains(text, "version 9") || !strings.Contains(text, fmt.Sprintf("version %d", Version)) {
		t.Fatalf("the text does not say both versions: %s", text)
	}
}

func TestForeignerIsSeenAtTheFirstByte(t *testing.T) {
	for _, in := range []string{"G", "\x16\x03", "\xf5UPX", "NICK ann\r\n"} {
		if _, err := read([]byte(in), len(in)); !errors.Is(err, ErrMagic) {
			t.Errorf("%q: %v", in, err)
		}
	}
	if frames, err := read([]byte(magic), 1); err != nil || len(frames) != 0 {
		t.Errorf("magic alone: %v", err)
	}
}

func TestBadHeadIsRefusedBeforeItsBody(t *testing.T) {
	head := func(length uint32, k Kind) []byte {
		return append(binary.BigEndian.AppendUint32(AppendPreface(nil), length), byte(k))
	}
	for name, test := range map[string]struct {
		in  []byte
		why string
	}{
		"longest":     {head(uint32(2+PayloadBytesMax+1), KindPayload), ""},
		"one more":    {head(uint32(2+PayloadBytesMax+2), KindPayload), "too long"},
		"four GiB":    {head(1<<32-1, KindPing), "too long"},
		"empty":       {head(0, KindPing), "length 0"},
		"kind 0":      {head(1, KindNone), "unknown kind"},
		"kind behind": {head(1, kinds), "unknown kind"},
		"kind 255":    {head(1<<31, 255), "unknown kind"},
	} {
		_, err := read(test.in, len(test.in))
		if got := fmt.Sprint(err); (test.why == "") != (err == nil) || !strings.Contains(got, test.why) {
			t.Errorf("%s: %v, want %q", name, err, test.why)
		}
	}
}

func TestStrangerCannotMakeUsWaitForLongFrame(t *testing.T) {
	for k := KindHello; k < kinds; k++ {
		d := Decoder{greeted: true}
		head := append(binary.BigEndian.AppendUint32(nil, 2), byte(k))
		if _, n, err := d.Next(head); n != 0 || (err == nil) != k.first() {
			t.Errorf("%s: %v", k, err)
		}
		if k.first() && bodyBytesMax[k] > 512 {
			t.Errorf("%s: a stranger may send %d bytes", k, bodyBytesMax[k])
		}
		d.Trust()
		if _, _, err := d.Next(head); err != nil {
			t.Errorf("%s: trusted, yet %v", k, err)
		}
	}
}

func TestFrameBytesMaxHoldsAnyFrame(t *testing.T) {
	for k, n := range bodyBytesMax {
		if headBytes+n > FrameBytesMax {
			t.Errorf("%s may be %d bytes", Kind(k), headBytes+n)
		}
	}
}
