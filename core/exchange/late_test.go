package exchange_test

import (
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"uproar/core/chat"
	"uproar/core/exchange"
)

// stream is what the stream of a room says: the text of each line, with "late " before it
// if it says so.
func (s *site) stream(room string) (all []string) {
	s.t.Helper()
	feed := s.here.memory.Feed()
	_, head, err := feed.Since(s.t.Context(), room, exchange.Position{})
	if err != nil {
		s.t.Fatal(err)
	}
	parts, _, err := feed.Since(s.t.Context(), room, exchange.Position{Epoch: head.Epoch})
	if err != nil {
		s.t.Fatal(err)
	}
	for _, payload := range parts {
		for part, err := range exchange.Parts(payload) {
			if err != nil {
				s.t.Fatal(err)
			}
			events, err := part.Decode(room)
			if err != nil {
				s.t.Fatal(err)
			}
			for _, e := range events {
				text := e.(*chat.Message).Text
				if e.Where().Late {
					text = "late " + text
				}
				all = append(all, text)
			}
		}
	}
	return all
}

func TestWhatWentHomeIsLateInTheStream(t *testing.T) {
	for _, c := range []struct {
		name   string
		mood   mood
		came   bool
		away   time.Duration
		stream []string
	}{
		{"nothing is sent", dead, false, 2 * time.Second, []string{"1", "late 2", "late 3", "4"}},
		{"no answer, and it was published", frozen, true, 2 * time.Second, []string{"1", "2", "late 2", "late 3", "4"}},
		{"no answer, and it was not", frozen, false, 2 * time.Second, []string{"1", "late 2", "late 3", "4"}},
		{"a late answer", frozen, true, 300 * time.Millisecond, []string{"1", "2", "late 2", "late 3", "4"}},
		{"an answer in time", frozen, true, 50 * time.Millisecond, []string{"1", "2", "3", "4"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			withSite(t, nil, func(s *site) {
				s.say("ann")
				s.settled()
				s.bus.mu.coin = func() bool { return c.came }
				s.bus.is(c.mood)
				s.say("ann")
				time.Sleep(c.away)
				s.say("ann")
				s.bus.is(well)
				republished := s.settled().Republished
				s.say("ann")
				s.settled()
				if got := s.stream("ann"); !slices.Equal(got, c.stream) {
					t.Errorf("the stream has %q, want %q", got, c.stream)
				}
				s.here.expect("ann", numbers(1, 4)...)
				s.there.expect("ann", numbers(1, 4)...)
				if want := map[bool]uint64{true: 2}[c.away > 100*time.Millisecond]; republished != want {
					t.Errorf("%d lines were published again, want %d", republished, want)
				}
			})
		})
	}
}

// What was answered may not have come home when all goes wrong.
func TestWhatWasPublishedAndWentHomeIsLateInTheStream(t *testing.T) {
	withSite(t, nil, func(s *site) {
		s.say("ann")
		s.settled()
		s.here.tap.Lose(true)
		s.say("ann")
		s.settled()
		s.bus.is(dead)
		s.say("ann")
		time.Sleep(150 * time.Millisecond)
		s.here.tap.Lose(false)
		s.bus.is(well)
		s.settled()
		s.say("ann")
		s.settled()
		if got, want := s.stream("ann"), []string{"1", "2", "3", "late 2", "late 3", "4"}; !slices.Equal(got, want) {
			t.Errorf("the stream has %q, want %q", got, want)
		}
		s.here.expect("ann", numbers(1, 4)...)
		s.there.expect("ann", numbers(1, 4)...)
	})
}

func TestWhoHadALateLineHearsThatItIs(t *testing.T) {
	withDesk(t, nil, func(d *desk) {
		d.join("ann")
		d.come("ann", 4, "1")
		d.come("ann", 4, "1")
		d.expect("late in ann")
		again := &chat.Message{Place: chat.Place{Late: true}, Text: "1"}
		body, err := exchange.AppendBody(nil, exchange.Stamp{Publisher: homePublisher, Number: 4}, "ann", []chat.Event{again})
		if err == nil {
			err = d.memory.Publish("ann", body, 1)
		}
		if err != nil {
			t.Fatal(err)
		}
		synctest.Wait()
		d.expect("late in ann", "1")
		d.expect("ann", "1")
	})
}
