package clue

import (
	"slices"
	"testing"

	"uproar/core/chat"
)

// carried is a publication that a stage has taken and not answered.
type carried struct {
	room   string
	events []chat.Event // the publisher's until done
	copy   []chat.Event
	done   func(error)
}

// hold makes what is published from now on wait for release.
func (st *stage) hold(yes bool) {
	st.mu.Lock()
	defer st.mu.Unlock()
	st.mu.hold = yes
}

func (st *stage) underWay() int {
	st.mu.Lock()
	defer st.mu.Unlock()
	return len(st.mu.held)
}

// release answers the publication at the index of those under way, on another goroutine,
// and returns when that is over.
func (st *stage) release(t *testing.T, at int, err error) {
	t.Helper()
	st.mu.Lock()
	if at >= len(st.mu.held) {
		st.mu.Unlock()
		t.Fatalf("%d publications are under way, want number %d", len(st.mu.held), at)
	}
	c := st.mu.held[at]
	st.mu.held = slices.Delete(st.mu.held, at, at+1)
	if !slices.Equal(c.events, c.copy) {
		t.Error("the events have changed under way")
	}
	if err == nil {
		st.record(c.room, c.events)
	}
	st.mu.Unlock()
	over := make(chan struct{})
	go func() {
		defer close(over)
		c.done(err)
	}()
	<-over
}

// submit lets the shard decide lines of one room, as one batch.
func (s *script) submit(room, login string, texts ...string) {
	s.t.Helper()
	for _, text := range texts {
		if err := s.c.Submit(Submission{Room: room, User: user(login), Text: text}); err != nil {
			s.t.Fatal(err)
		}
	}
	s.decide()
}

// release answers the oldest publication under way, and lets the shard see it.
func (s *script) release(err error) {
	s.t.Helper()
	s.stage.release(s.t, 0, err)
	s.c.shards[0].lookAtEnds()
}

// last are the last n answers, of more than there were.
func (s *script) last(n int) []Decision {
	s.t.Helper()
	ds := s.stage.answers()
	if len(ds) < n {
		s.t.Fatalf("%d answers, want %d", len(ds), n)
	}
	return ds[len(ds)-n:]
}
