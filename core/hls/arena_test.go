package hls

import (
	"bytes"
	"math/rand/v2"
	"testing"
)

func TestArenaGivesNoPageTwice(t *testing.T) {
	a, err := newArena(3*blockPages*pageBytes + 5*pageBytes)
	if err != nil {
		t.Fatal(err)
	}
	r := rand.New(rand.NewPCG(1, 2))
	type holding struct {
		run
		mark byte
	}
	var held []holding
	total := 0
	for i := range 20_000 {
		if r.IntN(100) < 52 {
			got, ok := a.take(1 + r.IntN(200))
			if !ok {
				if total != a.pages {
					t.Fatalf("refused with %d of %d pages taken", total, a.pages)
				}
			} else {
				mark := byte(i)
				for p := range got.n {
					a.bytes(got)[p*pageBytes] = mark
				}
				held = append(held, holding{got, mark})
				total += got.n
			}
		}
		if r.IntN(100) < 50 && len(held) > 0 {
			at := r.IntN(len(held))
			h := held[at]
			for p := range h.n {
				if a.bytes(h.run)[p*pageBytes] != h.mark {
					t.Fatalf("page %d was written by another", h.from+p)
				}
			}
			a.give(h.run)
			total -= h.n
			held[at] = held[len(held)-1]
			held = held[:len(held)-1]
		}
		if i%1000 == 0 {
			a.trim()
		}
		if got := a.inUse(); got != int64(total)*pageBytes {
			t.Fatalf("%d bytes in use, want %d pages", got, total)
		}
	}
}

func TestArenaTakesItsMemoryBack(t *testing.T) {
	a, err := newArena(blockPages * pageBytes)
	if err != nil {
		t.Fatal(err)
	}
	r, _ := a.take(64)
	copy(a.bytes(r), bytes.Repeat([]byte{1}, 64*pageBytes))
	a.trim()
	if a.bytes(r)[0] != 1 {
		t.Error("what is in use was given to the kernel")
	}
	a.give(r)
	a.trim()
	if a.mem[0] != 0 || a.mu.dirty[0] {
		t.Errorf("what nobody uses was kept: %d, %v", a.mem[0], a.mu.dirty)
	}
}

func TestObjectsGrowInOnePiece(t *testing.T) {
	n, err := New(Config{Source: &fakeSource{}, BytesMax: 16 << 20})
	if err != nil {
		t.Fatal(err)
	}
	o := newObject(n, n.live.arena, -1)
	for range 10 {
		if !o.grow(1 << 20) {
			t.Fatal("no room")
		}
		o.wrote(len(o.room()))
	}
	if b, _ := o.At(0); len(b) != 10*chunkPages*pageBytes {
		t.Errorf("%d bytes lie together of %d", len(b), o.filled.Load())
	}
	if !o.grow(5) {
		t.Fatal("no room")
	}
	o.wrote(5)
	o.finish(StateEnd)
	if got := n.live.arena.inUse(); got != (10*chunkPages+1)*pageBytes {
		t.Errorf("%d bytes for %d", got, o.Size())
	}
	o.Release()
	if got := n.live.arena.inUse(); got != 0 {
		t.Errorf("%d bytes after the last reference", got)
	}
}
