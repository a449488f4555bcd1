package exchange

import "testing"

func TestPublisherHeardLeastRecentlyIsForgotten(t *testing.T) {
	var s seen
	for id := range uint64(publishersMax) {
		s.take(Stamp{id, 1})
	}
	s.take(Stamp{0, 2})
	s.take(Stamp{99, 1})
	for id, want := range map[uint64]bool{0: false, 1: true, 99: false} {
		one := s
		one.last = append([]Stamp(nil), s.last...)
		if got := one.take(Stamp{id, 1}); got != want {
			t.Errorf("publisher %d is new: %v, want %v", id, got, want)
		}
	}
	if len(s.last) != publishersMax {
		t.Errorf("%d publishers", len(s.last))
	}
}

func TestLatePartOfAPublisherDoesNotTurnItsNumberBack(t *testing.T) {
	var s seen
	s.take(Stamp{1, 5})
	s.take(Stamp{1, 3})
	if s.take(Stamp{1, 5}) {
		t.Error("5 came twice")
	}
}

func TestBodyWithoutAStampIsAlwaysNew(t *testing.T) {
	var s seen
	for range 2 {
		if !s.take(Stamp{}) {
			t.Error("nothing names it, and it was taken for another")
		}
	}
}

func TestRunsAtHomeAreBounded(t *testing.T) {
	var s seen
	for i := range uint64(100) {
		s.takeHome(10*i+5, Stamp{1, 10*i + 6})
	}
	if len(s.spans) != spansMax {
		t.Errorf("%d runs", len(s.spans))
	}
	if s.take(Stamp{1, 996}) || !s.take(Stamp{1, 1000}) || len(s.spans) != 0 {
		t.Errorf("%+v", s)
	}
}
