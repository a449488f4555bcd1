package clue

import "testing"

func TestRecallKeepsAnEntryForItsLife(t *testing.T) {
	r := newRecall[int](100, 10)
	r.put(1, 11, 0)
	r.put(2, 22, 9)
	r.put(3, 33, 10) // the first turn
	for key, want := range map[uint64]int{1: 11, 2: 22, 3: 33} {
		if got, ok := r.get(key); !ok || got != want {
			t.Fatalf("key %d: %d %v, want %d", key, got, ok, want)
		}
	}
	r.put(4, 44, 20) // the second: 1 and 2 are gone
	if _, ok := r.get(1); ok {
		t.Fatal("an entry outlived two turns")
	}
	if got, _ := r.get(3); got != 33 {
		t.Fatal("an entry of the last turn is gone")
	}
}

func TestRecallRefreshesWhatIsPutAgain(t *testing.T) {
	r := newRecall[int](100, 10)
	for now := int64(0); now < 100; now += 5 {
		r.put(1, int(now), now)
	}
	if got, ok := r.get(1); !ok || got != 95 {
		t.Fatalf("%d %v", got, ok)
	}
}

func TestFullRecallForgetsTheOldest(t *testing.T) {
	r := newRecall[int](8, 1000)
	forgotten := 0
	for key := range uint64(100) {
		forgotten += r.put(key, 1, int64(key))
		if r.len() > 8 {
			t.Fatalf("%d entries, the bound is 8", r.len())
		}
		if key >= 4 {
			if _, ok := r.get(key - 4); !ok {
				t.Fatalf("key %d, of the youngest half, is gone at %d", key-4, key)
			}
		}
	}
	if forgotten != 100-r.len() {
		t.Fatalf("counted %d forgotten, %d are left of 100", forgotten, r.len())
	}
}

func TestRecallDrops(t *testing.T) {
	r := newRecall[int](8, 10)
	r.put(1, 1, 0)
	r.put(2, 2, 10)
	r.put(1, 3, 10)
	r.drop(1)
	r.drop(2)
	if r.len() != 0 {
		t.Fatalf("%d left", r.len())
	}
}
