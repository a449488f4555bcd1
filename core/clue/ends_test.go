package clue

import (
	"sync"
	"testing"

	"uproar/core/chat"
)

func TestEndsComeOnceAndInOrder(t *testing.T) {
	const writers, each = 4, 500
	e := newEnds()
	var wg sync.WaitGroup
	for range writers {
		room := new(room)
		wg.Go(func() {
			for i := range each {
				e.put(&publication{room: room, at: i})
			}
		})
	}
	next, all := make(map[*room]int), 0
	for all < writers*each {
		<-e.wake // lost, if nobody puts a token any more
		for p := e.take(); p != nil; p = p.next {
			if p.at != next[p.room] {
				t.Fatalf("number %d of a writer, want %d", p.at, next[p.room])
			}
			next[p.room]++
			all++
		}
	}
	wg.Wait()
	if e.take() != nil {
		t.Fatal("there are more than were put")
	}
}

// Many may end before their shard looks.
func TestPublicationsThatEndTogetherAreAllSeenTo(t *testing.T) {
	s := newScript(t, classic())
	s.stage.hold(true)
	for _, login := range []string{"ann", "bob", "cat", "dan"} {
		s.submit("room", login, "hello")
	}
	for _, err := range []error{nil, errLost, nil, errLost} {
		s.stage.release(t, 0, err)
	}
	s.wantAnswers(2)
	s.c.shards[0].lookAtEnds()
	s.wantAnswers(4)
	for i, login := range []string{"bob", "dan"} { // in order
		d := s.last(2)[i]
		wantRejection(t, d, chat.RejectUnavailable)
		if d.User.Login != login {
			t.Fatalf("answer %d is to %s", i, d.User.Login)
		}
	}
	if n := len(s.c.shards[0].underWay); n != 0 {
		t.Fatalf("%d are left", n)
	}
}

func TestPublicationThatIsOverKeepsNothingAlive(t *testing.T) {
	s := newScript(t, classic())
	wanted := func(p *publication) {
		t.Helper()
		for _, e := range p.events[:cap(p.events)] {
			if e != nil {
				t.Fatalf("it keeps %+v", e)
			}
		}
		for i := range p.answers[:cap(p.answers)] {
			if l := p.lines[:cap(p.lines)]; p.answers[:cap(p.answers)][i].User != nil || i < len(l) && l[i].message != nil {
				t.Fatal("it keeps an answer, or a line")
			}
		}
	}
	s.submit("room", "ann", "one", "two")
	wanted(s.c.shards[0].next)
	s.stage.hold(true)
	p := s.c.shards[0].next
	s.submit("room", "ann", "three", "four")
	s.release(nil)
	wanted(p)
}
