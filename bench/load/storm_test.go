package load

import (
	"slices"
	"testing"
	"time"
)

func testStorm() Storm {
	return Storm{Nicks: 300, Rate: 86.5, Burst: 10, Every: time.Minute, For: 5 * time.Second, Start: 1e15}
}

func TestStormIsFasterInTheMiddleOfEachTurn(t *testing.T) {
	s := testStorm()
	if n := s.Lines(3 * time.Minute); n != 3*(4757+4325)+1 { // 86.5 a second for 55 s, and 865 for 5
		t.Errorf("%d lines in three minutes", n)
	}
	last, bursting := int64(0), int64(0)
	for i := range s.Lines(3 * time.Minute) {
		at, burst := s.Due(i)
		offset := time.Duration(at-s.Start) % time.Minute
		if in := offset >= 30*time.Second && offset < 35*time.Second; in != burst && offset != 30*time.Second-1 && offset != 35*time.Second-1 {
			t.Fatalf("line %d is due at %v, in a burst: %v", i, offset, burst)
		}
		if at < last {
			t.Fatalf("line %d is due before the one before it", i)
		}
		if burst {
			bursting++
		}
		last = at
	}
	if bursting < 3*4324 || bursting > 3*4326 {
		t.Errorf("%d lines in bursts", bursting)
	}
	if end := time.Duration(last - s.Start); end < 179*time.Second || end > 3*time.Minute {
		t.Errorf("the last line is due after %v", end)
	}
}

func TestStormKnowsEveryLineAgain(t *testing.T) {
	s := testStorm()
	for _, p := range []int{0, 7, 299} {
		for seq := uint32(1); seq < 500; seq++ {
			for _, last := range []uint32{seq - 1, seq, seq + 20, max(seq, 30) - 30} {
				h, ok := s.read(p, []byte(s.text(p, seq)), last)
				if !ok || h.seq != seq {
					t.Fatalf("publisher %d, line %d after %d: read %+v, %v", p, seq, last, h, ok)
				}
			}
			want, _ := s.Due(int64(seq-1)*300 + int64(p))
			if h, _ := s.read(p, []byte(s.text(p, seq)), seq-1); h.due != want {
				t.Fatalf("line %d of %d is due at %d, want %d", seq, p, h.due, want)
			}
		}
	}
	if _, ok := s.read(0, []byte("leftt"), 0); ok {
		t.Error("a word that nobody says was known")
	}
}

func TestStormNamesAreLogins(t *testing.T) {
	s := testStorm()
	names := s.Names()
	for _, n := range names {
		if len(n) < 4 || len(n) > 25 {
			t.Errorf("%q is no login", n)
		}
	}
	slices.Sort(names)
	if len(slices.Compact(names)) != 300 {
		t.Error("two have the same name")
	}
}
