package trace

import (
	"testing"

	"github.com/google/uuid"
)

func TestHopsOfALineAreRemembered(t *testing.T) {
	r, id, other := New(), uuid.NewString(), uuid.NewString()
	r.Note(Decided, id)
	r.Note(Decided, other)
	r.Note(Written, id)
	r.Note(Written, "no id")
	got := r.Of(id)
	if len(got) != 2 || got[0].Hop != "decided" || got[1].Hop != "written" || got[1].At.Before(got[0].At) {
		t.Fatalf("%v", got)
	}
	if got := r.Of("no id"); got != nil {
		t.Fatalf("%v", got)
	}
}

func TestOldestNotesAreForgotten(t *testing.T) {
	r, first, last := New(), uuid.NewString(), uuid.NewString()
	r.Note(Decided, first)
	for range notesMax - 1 {
		r.Note(Decided, last)
	}
	if len(r.Of(first)) != 1 {
		t.Fatal("forgotten too early")
	}
	r.Note(Written, last)
	got := r.Of(last)
	if len(r.Of(first)) != 0 || len(got) != notesMax || got[notesMax-1].Hop != "written" {
		t.Fatal("the oldest is still there, or the newest is not the last")
	}
}

func TestNoRecorderCostsNothing(t *testing.T) {
	var r *Recorder
	id := uuid.NewString()
	if n := testing.AllocsPerRun(100, func() { r.Note(Written, id) }); n != 0 || r.Of(id) != nil {
		t.Fatalf("%v allocations", n)
	}
}
