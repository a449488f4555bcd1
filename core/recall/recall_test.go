package recall

import "testing"

func TestTableKeepsAnEntryForItsLife(t *testing.T) {
	r := New[int](100, 10)
	r.Put(1, 11, 0)
	r.Put(2, 22, 9)
	r.Put(3, 33, 10) // the first turn
	for key, want := range map[uint64]int{1: 11, 2: 22, 3: 33} {
		if got, ok := r.Get(key); !ok || got != want {
			t.Fatalf("key %d: %d %v, want %d", key, got, ok, want)
		}
	}
	r.Put(4, 44, 20) // the second: 1 and 2 are gone
	if _, ok := r.Get(1); ok {
		t.Fatal("an entry outlived two turns")
	}
	if got, _ := r.Get(3); got != 33 {
		t.Fatal("an entry of the last turn is gone")
	}
}

func TestTableRefreshesWhatIsPutAgain(t *testing.T) {
	r := New[int](100, 10)
	for now := int64(0); now < 100; now += 5 {
		r.Put(1, int(now), now)
	}
	if got, ok := r.Get(1); !ok || got != 95 {
		t.Fatalf("%d %v", got, ok)
	}
}

func TestFullTableForgetsTheOldest(t *testing.T) {
	r := New[int](8, 1000)
	forgotten := 0
	for key := range uint64(100) {
		forgotten += r.Put(key, 1, int64(key))
		if r.Len() > 8 {
			t.Fatalf("%d entries, the bound is 8", r.Len())
		}
		if key >= 4 {
			if _, ok := r.Get(key - 4); !ok {
				t.Fatalf("key %d, of the youngest half, is gone at %d", key-4, key)
			}
		}
	}
	if forgotten != 100-r.Len() {
		t.Fatalf("counted %d forgotten, %d are left of 100", forgotten, r.Len())
	}
}

func TestTableDrops(t *testing.T) {
	r := New[int](8, 10)
	r.Put(1, 1, 0)
	r.Put(2, 2, 10)
	r.Put(1, 3, 10)
	r.Drop(1)
	r.Drop(2)
	if r.Len() != 0 {
		t.Fatalf("%d left", r.Len())
	}
}

func TestTableKeepsLongerWhenAsked(t *testing.T) {
	r := New[int](100, 10)
	r.Put(1, 1, 0)
	r.Keep(100)
	r.Keep(50) // never shorter
	r.Put(2, 2, 9)
	r.Put(3, 3, 10)
	r.Put(4, 4, 109)
	if _, ok := r.Get(2); !ok {
		t.Fatal("an entry was gone before its longer life")
	}
}
