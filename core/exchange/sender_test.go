package exchange_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/VictoriaMetrics/metrics"

	"uproar/core/chat"
	"uproar/core/exchange"
	"uproar/core/exchange/exchangetest"
)

// homePublisher is who publishes where there is a home.
const homePublisher = 7

// Times of a fakeBus, as those of redisbus.
const (
	fakeRoundTrip = time.Millisecond
	fakeUnsent    = 500 * time.Millisecond
	fakeUnsure    = time.Second
)

// mood is what a fakeBus does.
type mood int

const (
	well   mood = iota
	dead        // nothing is sent
	frozen      // one publication is sent and not answered, nothing else is sent
)

// fakeBus publishes in a Memory, one publication after the other.
type fakeBus struct {
	memory *exchangetest.Memory
	more   chan struct{}
	mu     struct {
		sync.Mutex
		mood  mood
		busy  bool
		queue []waitingLines
		coin  func() bool // what becomes of what was sent
		count int         // publications
	}
}

type waitingLines struct {
	*exchange.Lines
	since time.Time
}

func newFakeBus(m *exchangetest.Memory) *fakeBus {
	b := &fakeBus{memory: m, more: make(chan struct{}, 1)}
	b.mu.coin = func() bool { return true }
	return b
}

func (b *fakeBus) Publish(l *exchange.Lines) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.mu.busy {
		return exchange.ErrBusy
	}
	b.mu.queue = append(b.mu.queue, waitingLines{l, time.Now()})
	b.wake()
	return nil
}

func (b *fakeBus) wake() {
	select {
	case b.more <- struct{}{}:
	default:
	}
}

func (b *fakeBus) is(m mood) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.mu.mood = m
}

func (b *fakeBus) full(on bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.mu.busy = on
}

func (b *fakeBus) now() mood {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.mu.mood
}

// pop takes the first publication, and answers those that have waited too long.
func (b *fakeBus) pop(all bool) (first waitingLines, ok bool) {
	b.mu.Lock()
	var late []waitingLines
	for len(b.mu.queue) > 0 && (time.Since(b.mu.queue[0].since) >= fakeUnsent || b.mu.queue[0].Recalled()) {
		late = append(late, b.mu.queue[0])
		b.mu.queue = b.mu.queue[1:]
	}
	if all && len(b.mu.queue) > 0 {
		first, ok = b.mu.queue[0], true
		b.mu.queue = b.mu.queue[1:]
	}
	b.mu.Unlock()
	for _, l := range late {
		l.Done(fmt.Errorf("late: %w", exchange.ErrUnavailable))
	}
	if ok && len(late) > 0 && first.Recalled() {
		first.Done(exchange.ErrUnavailable)
		b.wake()
		return first, false
	}
	return first, ok
}

func (b *fakeBus) publish(l exchange.Lines) {
	b.mu.Lock()
	b.mu.count++
	b.mu.Unlock()
	if err := b.memory.Publish(l.Room, l.Body, l.Count); err != nil {
		panic(err)
	}
}

func (b *fakeBus) run(ctx context.Context) {
	for ctx.Err() == nil {
		time.Sleep(fakeRoundTrip)
		switch b.now() {
		case dead:
			b.pop(false)
			continue
		case frozen:
			if l, ok := b.pop(true); ok {
				b.freeze(ctx, l)
			}
			continue
		}
		l, ok := b.pop(true)
		if !ok {
			select {
			case <-b.more:
			case <-ctx.Done():
			}
			continue
		}
		b.publish(*l.Lines)
		l.Done(nil)
	}
}

// freeze has a publication sent whose answer is late, or never comes: it may have taken
// effect before, or does later, or never.
func (b *fakeBus) freeze(ctx context.Context, l waitingLines) {
	b.mu.Lock()
	before, after := b.mu.coin(), b.mu.coin()
	b.mu.Unlock()
	sent := *l.Lines // they are not ours when they are answered
	if before {
		b.publish(sent)
	}
	answered := false
	for began := time.Now(); b.now() == frozen && ctx.Err() == nil; time.Sleep(fakeRoundTrip) {
		b.pop(false)
		if !answered && time.Since(began) >= fakeUnsure {
			answered = true
			l.Done(fmt.Errorf("no answer: %w", exchange.ErrUnsure))
		}
	}
	if !before && (after || !answered) {
		b.publish(sent)
	}
	if !answered {
		l.Done(nil)
	}
}

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

// Whatever the bus does, home has every line once, in order and in time, and others have
// it once and in order, or are told how many are missing.
func TestBusThatComesAndGoesLosesNothingInSilence(t *testing.T) {
	for seed := range uint64(30) {
		small := func(c *exchange.SenderConfig) { c.BacklogLinesMax, c.BacklogAge = 40, 5*time.Second }
		withSite(t, small, func(s *site) {
			rng := rand.New(rand.NewPCG(seed, 3))
			coin := rand.New(rand.NewPCG(seed, 4))
			s.bus.mu.coin = func() bool { return coin.IntN(2) == 0 }
			var mended time.Time
			for range 300 {
				switch rng.IntN(16) {
				case 0:
					s.bus.is(dead)
				case 1:
					s.bus.is(frozen)
				case 2, 3:
					s.bus.is(well)
				case 4:
					s.bus.full(true)
				case 5, 6:
					s.bus.full(false)
				case 7, 8:
					time.Sleep(time.Duration(rng.IntN(2000)) * time.Millisecond)
				case 9:
					s.here.tap.Lose(true)
					mended = time.Now().Add(5 * time.Second)
				case 10:
					s.here.memory.Interrupt()
				default:
					time.Sleep(time.Duration(rng.IntN(3)) * time.Millisecond)
				}
				if time.Now().After(mended) {
					s.here.tap.Lose(false)
					s.here.memory.Interrupt()
				}
				for range rng.IntN(4) {
					s.say([]string{"ann", "bob"}[rng.IntN(2)])
				}
			}
			s.bus.is(well)
			s.bus.full(false)
			s.here.tap.Lose(false)
			s.settled()
			s.say("ann")
			s.say("bob")
			s.settled()
			time.Sleep(5 * time.Second)
			for room, said := range s.said {
				s.here.expect(room, numbers(1, said)...)
				account(s.t, seed, s.there.log(room), said)
			}
			if s.late > 130*time.Millisecond {
				s.t.Errorf("seed %d: a line was done after %v", seed, s.late)
			}
		})
	}
}
