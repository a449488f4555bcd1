//go:build !race

package link

import (
	"bytes"
	"testing"
)

func TestAllocPayloadsAreFree(t *testing.T) {
	payload := bytes.Repeat([]byte("x"), 1000)
	in := must(AppendPayload(nil, 3, payload))
	dst := make([]byte, 0, 2000)
	d := Decoder{greeted: true, trusted: true}
	wantAllocs(t, "payload", func() {
		f, n, err := d.Next(in)
		if n != len(in) || err != nil {
			t.Fatal("wrong frame")
		}
		partition, body, err := ParsePayload(f.Body)
		if partition != 3 || len(body) != len(payload) || err != nil {
			t.Fatal("wrong payload")
		}
		if out, err := AppendPayload(dst, partition, body); len(out) != len(in) || err != nil {
			t.Fatal("wrong copy")
		}
		if _, n, err := d.Next(in[:len(in)-1]); n != 0 || err != nil {
			t.Fatal("took half a frame")
		}
	})
}

func TestAllocControlIsFree(t *testing.T) {
	all := samples()
	in := append(bytes.Clone(all[KindPing]), all[KindWant]...)
	in = must(AppendFound(in, &Found{ID: 1, Parts: [][]byte{[]byte("one"), []byte("two")}}))
	dst, f := make([]byte, 0, 1000), Found{Parts: make([][]byte, 0, 8)}
	wantAllocs(t, "ping, want and found", func() {
		d, rest, out := Decoder{greeted: true, trusted: true}, in, dst
		for len(rest) > 0 {
			frame, n, err := d.Next(rest)
			switch frame.Kind {
			case KindPing:
				var p Ping
				p, err = ParsePing(frame)
				out = AppendPong(out, p)
			case KindWant:
				var s Set
				err = ParseSet(frame, &s, 128)
				out = AppendSubscribed(out, &s)
			case KindFound:
				err = ParseFound(frame.Body, &f)
			}
			if err != nil || n == 0 {
				t.Fatal(n, err)
			}
			rest = rest[n:]
		}
		if len(f.Parts) != 2 || len(out) != len(all[KindPong])+len(all[KindSubscribed]) {
			t.Fatal("wrong answers")
		}
	})
}

func TestAllocBatchCostsOnePieceOfMemoryPerEntry(t *testing.T) {
	all := samples()
	body, dst, subs := all[KindSubmissions][headBytes:], make([]byte, 0, 4000), make([]Submission, 0, 8)
	asked, err := ParseSubmissions(nil, body)
	if err != nil {
		t.Fatal(err)
	}
	wantAllocs(t, "append", func() {
		if out, err := AppendSubmissions(dst, asked); len(out) != headBytes+len(body) || err != nil {
			t.Fatal("wrong batch", err)
		}
	})
	n := testing.AllocsPerRun(100, func() {
		var err error
		if subs, err = ParseSubmissions(subs[:0], body); err != nil {
			t.Fatal(err)
		}
	})
	if n > 3 { // one per entry, and one for all
		t.Errorf("%v allocations for 2 entries", n)
	}
}

func wantAllocs(t *testing.T, what string, f func()) {
	t.Helper()
	if n := testing.AllocsPerRun(100, f); n != 0 {
		t.Errorf("%s: %v allocations, want 0", what, n)
	}
}
