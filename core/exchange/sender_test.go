package exchange_test

import (
	"errors"
	"slices"
	"strconv"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/VictoriaMetrics/metrics"

	"uproar/core/chat"
	"uproar/core/exchange"
)

func TestLinesAreDoneWhenTheyArePublished(t *testing.T) {
	withSite(t, nil, func(s *site) {
		for range 50 {
			s.say("ann")
		}
		s.publish("bob", 1, 300)
		c := s.settled()
		for _, d := range []*desk{s.here, s.there} {
			d.expect("ann", numbers(1, 50)...)
			d.expect("bob", numbers(1, 300)...)
		}
		if c.Away != 0 || s.here.Counts().Home != 0 {
			t.Errorf("%+v, %+v", c, s.here.Counts())
		}
	})
}

func TestChatAtHomeGoesOnWhileTheBusIsAway(t *testing.T) {
	for name, m := range map[string]mood{"dead": dead, "frozen": frozen} {
		t.Run(name, func(t *testing.T) {
			withSite(t, nil, func(s *site) {
				s.say("ann")
				time.Sleep(time.Second)
				s.bus.mu.coin = func() bool { return false }
				s.bus.is(m)
				for range 50 {
					s.say("ann")
					time.Sleep(10 * time.Millisecond)
				}
				s.here.expect("ann", numbers(1, 51)...)
				s.there.expect("ann", "1")
				if s.late > 120*time.Millisecond {
					t.Errorf("a line was done after %v", s.late)
				}
				s.late = 0
				s.say("ann")
				s.here.expect("ann", numbers(1, 52)...)
				if s.late != 0 {
					t.Errorf("a line waited for %v, and it was known that the bus is away", s.late)
				}
				time.Sleep(10 * time.Second)
				s.bus.is(well)
				c := s.settled()
				s.here.expect("ann", numbers(1, 52)...)
				s.there.expect("ann", numbers(1, 52)...)
				if c.Away != 1 || c.Republished == 0 || c.Dropped != 0 || c.Backlog != 0 {
					t.Errorf("%+v", c)
				}
				home := s.here.Counts().Home
				s.say("ann")
				s.settled()
				s.there.expect("ann", numbers(1, 53)...)
				s.here.expect("ann", numbers(1, 53)...)
				if n := s.here.Counts().Home; n != home {
					t.Error("a line came home though the bus is back")
				}
			})
		})
	}
}

func TestOtherPartitionsDoNotGoAway(t *testing.T) {
	withSite(t, nil, func(s *site) {
		if exchange.PartitionOf("ann", 8) == exchange.PartitionOf("bob", 8) {
			t.Fatal("choose other rooms")
		}
		s.bus.is(dead)
		s.say("ann")
		time.Sleep(120 * time.Millisecond)
		s.bus.is(well)
		s.say("bob")
		s.settled()
		if c := s.sender.Counts(); c.Away != 1 || s.here.Counts().Home != 1 {
			t.Errorf("%+v, %+v", c, s.here.Counts())
		}
	})
}

func TestWhatTheBusDoesNotTakeComesHome(t *testing.T) {
	withSite(t, nil, func(s *site) {
		s.say("ann")
		s.bus.full(true)
		s.say("ann")
		s.say("ann")
		s.here.expect("ann", numbers(1, 3)...)
		time.Sleep(time.Second)
		s.bus.full(false)
		s.settled()
		s.here.expect("ann", numbers(1, 3)...)
		s.there.expect("ann", numbers(1, 3)...)
	})
}

// What was answered may not have come home when all goes wrong.
func TestLinePublishedJustBeforeComesHomeInOrder(t *testing.T) {
	withSite(t, nil, func(s *site) {
		s.here.tap.Lose(true)
		s.say("ann")
		s.settled()
		s.bus.is(dead)
		s.say("ann")
		time.Sleep(150 * time.Millisecond)
		s.here.tap.Lose(false)
		s.here.expect("ann", "1", "2")
		s.bus.is(well)
		s.say("ann")
		s.settled()
		s.here.expect("ann", "1", "2", "3")
		s.there.expect("ann", "1", "2", "3")
	})
}

func TestWhatFallsOutOfTheBacklogIsAnnounced(t *testing.T) {
	small := func(c *exchange.SenderConfig) { c.BacklogLinesMax = 80 }
	withSite(t, small, func(s *site) {
		s.say("ann")
		s.settled()
		s.bus.is(dead)
		for range 200 {
			s.say("ann")
			s.say("bob")
			time.Sleep(2 * time.Millisecond)
		}
		time.Sleep(time.Minute) // all are too old
		s.say("ann")
		s.say("bob")
		s.here.expect("ann", numbers(1, 202)...)
		s.here.expect("bob", numbers(1, 201)...)
		s.bus.is(well)
		c := s.settled()
		account(s.t, 0, s.there.log("ann"), 202)
		account(s.t, 0, s.there.log("bob"), 201)
		s.here.expect("ann", numbers(1, 202)...)
		s.here.expect("bob", numbers(1, 201)...)
		if c.Dropped != 400 || c.Announced != 400 || c.Unannounced != 0 {
			t.Errorf("%+v", c)
		}
		if n := s.bus.mu.count; n > 10 {
			t.Errorf("%d publications", n)
		}
	})
}

func TestBacklogIsBoundedAndKeepsWhatIsYoung(t *testing.T) {
	for name, change := range map[string]func(*exchange.SenderConfig){
		"lines": func(c *exchange.SenderConfig) { c.BacklogLinesMax = 80 },
		"bytes": func(c *exchange.SenderConfig) { c.BacklogBytesMax = 3000 },
	} {
		t.Run(name, func(t *testing.T) {
			withSite(t, change, func(s *site) {
				s.bus.is(dead)
				s.say("ann")
				time.Sleep(time.Second)
				for range 200 {
					s.say("ann")
					if n := s.sender.Counts().Backlog; n > 90 {
						t.Fatalf("%d lines in the backlog", n)
					}
				}
				s.bus.is(well)
				s.settled()
				s.here.expect("ann", numbers(1, 201)...)
				log := s.there.log("ann")
				if len(log) < 50 || len(log) > 82 {
					t.Errorf("%q", log)
				}
				account(t, 0, log, 201)
			})
		})
	}
}

// The gap of a line that may have been published is for those alone who have not got it.
func TestGapOfALineThatCameAfterAllIsPassedOver(t *testing.T) {
	for _, came := range []bool{true, false} {
		withSite(t, nil, func(s *site) {
			s.bus.mu.coin = func() bool { return came }
			s.bus.is(frozen)
			for range 5 {
				s.say("ann")
			}
			time.Sleep(2 * time.Second)
			s.bus.is(dead)
			time.Sleep(40 * time.Second)
			s.bus.is(well)
			s.settled()
			if came {
				s.there.expect("ann", "1", "announced 4")
			} else {
				s.there.expect("ann", "announced 1", "announced 4")
			}
			s.here.expect("ann", numbers(1, 5)...)
		})
	}
}

func TestLinesThatAreTooLongForOneGoInSeveral(t *testing.T) {
	withSite(t, nil, func(s *site) {
		events := make([]chat.Event, 700)
		for i := range events {
			events[i] = &chat.Message{Text: strings.Repeat("x", 1990) + strconv.Itoa(i)}
		}
		calls := 0
		if err := s.sender.Publish("ann", events, func(err error) {
			if calls++; err != nil {
				t.Error(err)
			}
		}); err != nil {
			t.Fatal(err)
		}
		s.settled()
		if n := len(s.there.log("ann")); n != 700 || calls != 1 || s.bus.mu.count != 2 {
			t.Errorf("%d lines came in %d publications, done was called %d times", n, s.bus.mu.count, calls)
		}
	})
}

func TestWhatCannotBeEncodedIsNotTaken(t *testing.T) {
	withSite(t, nil, func(s *site) {
		err := s.sender.Publish("ann", []chat.Event{&chat.Message{Text: "a\nb"}}, func(error) { t.Error("done is called") })
		if err == nil {
			t.Error("it was taken")
		}
		calls := 0
		if err := s.sender.Publish("ann", nil, func(error) { calls++ }); err != nil || calls != 1 {
			t.Errorf("nothing: %v, %d calls", err, calls)
		}
		s.say("ann")
		s.settled()
	})
}

func TestWithoutAHomeTheBusHasTheLastWord(t *testing.T) {
	withSite(t, func(c *exchange.SenderConfig) { c.Home = nil }, func(s *site) {
		s.say("ann")
		s.settled()
		s.bus.is(dead)
		s.say("ann")
		time.Sleep(time.Second)
		s.bus.full(true)
		s.say("ann")
		synctest.Wait()
		if len(s.errs) != 2 || !errors.Is(s.errs[0], exchange.ErrUnavailable) || !errors.Is(s.errs[1], exchange.ErrBusy) {
			t.Errorf("%v", s.errs)
		}
		s.errs = nil
		s.bus.full(false)
		s.bus.is(well)
		s.say("ann")
		if c := s.settled(); c.Away != 0 || c.Backlog != 0 {
			t.Errorf("%+v", c)
		}
		s.there.expect("ann", "1", "4")
	})
}

func TestEventsAtHomeHaveNoPosition(t *testing.T) {
	withSite(t, nil, func(s *site) {
		s.bus.is(dead)
		s.say("ann")
		time.Sleep(time.Second)
		s.here.expect("ann", "1")
		if at := s.here.places[0]; at.Seq != 0 || at.Epoch != 0 || at.Room != "ann" || at.RoomID != "1" {
			t.Errorf("%+v", at)
		}
		s.bus.is(well)
		s.settled()
		if at := s.there.places[0]; at.Seq != 1 || at.Epoch == 0 {
			t.Errorf("by the feed: %+v", at)
		}
	})
}

func TestRunEndsWhenTheBacklogIsPublishedOrTimeIsUp(t *testing.T) {
	for _, back := range []time.Duration{time.Second, time.Minute} {
		withSite(t, nil, func(s *site) {
			s.bus.is(dead)
			s.say("ann")
			time.Sleep(time.Second)
			time.AfterFunc(back, func() { s.bus.is(well) })
			began := time.Now()
			s.end()
			if took := time.Since(began); took > 2100*time.Millisecond || back == time.Second && took > 1700*time.Millisecond {
				t.Errorf("it took %v", took)
			}
			synctest.Wait()
			if n, want := len(s.there.log("ann")), map[bool]int{true: 1}[back == time.Second]; n != want {
				t.Errorf("%d lines came elsewhere, want %d", n, want)
			}
		})
	}
}

func TestSenderWithoutABusPanics(t *testing.T) {
	defer func() {
		if recover() == nil {
			t.Error("no panic")
		}
	}()
	exchange.NewSender(exchange.SenderConfig{Publisher: 1})
}

func TestMetricsTellOfTheBacklog(t *testing.T) {
	set := metrics.NewSet()
	withSite(t, func(c *exchange.SenderConfig) { c.Metrics = set }, func(s *site) {
		s.bus.is(dead)
		s.say("ann")
		time.Sleep(time.Second)
		var text strings.Builder
		set.WritePrometheus(&text)
		for _, row := range []string{"uproar_exchange_away_partitions 1", "uproar_exchange_backlog_lines 1", "uproar_exchange_away_total 1"} {
			if !slices.Contains(strings.Split(text.String(), "\n"), row) {
				t.Errorf("no row %q in\n%s", row, text.String())
			}
		}
		s.bus.is(well)
		s.settled()
	})
}
