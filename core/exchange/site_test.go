package exchange_test

import (
	"context"
	"strconv"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"uproar/core/chat"
	"uproar/core/exchange"
)

// homePublisher is who publishes where there is a home.
const homePublisher = 7

// site is two edges, of which one publishes.
type site struct {
	t      *testing.T
	here   *desk
	there  *desk
	bus    *fakeBus
	sender *exchange.Sender
	said   map[string]int // by room
	mu     sync.Mutex
	end    func()        // ends Run
	undone int           // publications
	late   time.Duration // the longest time until one was done
	errs   []error
}

// withSite runs test in a bubble.
func withSite(t *testing.T, change func(*exchange.SenderConfig), test func(s *site)) {
	withDesk(t, nil, func(here *desk) {
		s := &site{t: here.t, here: here, bus: newFakeBus(here.memory), said: map[string]int{}}
		ctx, cancel := context.WithCancel(here.t.Context())
		var all sync.WaitGroup
		defer all.Wait()
		defer cancel()
		s.there = newDesk(here.t, here.memory, nil)
		all.Go(func() { _ = s.there.Run(ctx) })
		cfg := exchange.SenderConfig{Bus: s.bus, Home: here.Inbox, Publisher: homePublisher, Partitions: 8}
		if change != nil {
			change(&cfg)
		}
		s.sender = exchange.NewSender(cfg)
		runs, end := context.WithCancel(ctx)
		ended := make(chan error)
		all.Go(func() { ended <- s.sender.Run(runs) })
		s.end = sync.OnceFunc(func() {
			end()
			if err := <-ended; err != nil {
				t.Errorf("run: %v", err)
			}
		})
		defer s.end()
		all.Go(func() { s.bus.run(ctx) })
		for _, room := range []string{"ann", "bob"} {
			s.here.join(room)
			s.there.join(room)
		}
		test(s)
	})
}

// say publishes the next line of a room.
func (s *site) say(room string) {
	s.t.Helper()
	s.said[room]++
	s.publish(room, s.said[room], 1)
}

// publish publishes lines from number first on at once.
func (s *site) publish(room string, first, n int) {
	s.t.Helper()
	events := make([]chat.Event, n)
	for i := range events {
		events[i] = &chat.Message{Place: chat.Place{Room: room, RoomID: "1", Seq: 99}, Text: strconv.Itoa(first + i)}
	}
	began, calls := time.Now(), 0
	s.mu.Lock()
	s.undone++
	s.mu.Unlock()
	err := s.sender.Publish(room, events, func(err error) {
		s.mu.Lock()
		defer s.mu.Unlock()
		if calls++; calls > 1 {
			s.t.Error("done is called twice")
		}
		s.undone--
		s.late = max(s.late, time.Since(began))
		if err != nil {
			s.errs = append(s.errs, err)
		}
	})
	clear(events) // the slice is the caller's
	if err != nil {
		s.t.Fatal(err)
	}
}

// settled waits until all is published, and returns the counts.
func (s *site) settled() exchange.SenderCounts {
	s.t.Helper()
	for end := time.Now().Add(time.Minute); s.sender.Counts().Backlog != 0; time.Sleep(time.Millisecond) {
		if time.Now().After(end) {
			s.t.Fatalf("they are not published: %+v", s.sender.Counts())
		}
	}
	synctest.Wait()
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.undone != 0 || len(s.errs) != 0 {
		s.t.Fatalf("%d publications are not done, errors %v", s.undone, s.errs)
	}
	return s.sender.Counts()
}

func numbers(from, to int) (texts []string) {
	for i := from; i <= to; i++ {
		texts = append(texts, strconv.Itoa(i))
	}
	return texts
}
