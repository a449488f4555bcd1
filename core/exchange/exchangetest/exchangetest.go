// Package exchangetest holds an implementation of exchange.Feed, with whatever publishes
// for it, to what an exchange promises: through an exchange.Inbox each member's edge gets
// each room's lines in order and once, whatever the network does, or is told of a gap.
// The package of the implementation calls Run from a test.
//
// The tests name rooms that no other run names. They run in real time, or in a bubble of
// testing/synctest if the exchange does, and wait for what they expect.
package exchangetest

import (
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"sync"
	"testing"
	"time"

	"uproar/core/chat"
	"uproar/core/exchange"
)

// deadline is what a test waits for anything at most.
const deadline = 20 * time.Second

// Bus is an exchange as a test sees it. Its functions may be called by several goroutines
// at once.
type Bus struct {
	Partitions int
	// Feed returns the Feed of another edge. What it has opened is closed with t.Cleanup.
	Feed func() exchange.Feed
	// Publish publishes a body with count events of a room, and waits until every edge can
	// have them.
	Publish func(room string, body []byte, count int) error
	// Trim has the room's stream forgotten, its position not.
	Trim func(room string)
	// Restart has everything forgotten: positions begin again, in another epoch.
	Restart func()
	// Interrupt breaks all subscriptions, which are to be made anew.
	Interrupt func()
}

// Run holds the exchange that open returns to every promise. open is called once for each
// test; it closes what it opens with t.Cleanup.
func Run(t *testing.T, open func(t *testing.T) Bus) {
	for _, c := range []struct {
		name string
		test func(s *site)
	}{
		{"EveryEdgeGetsEveryLineInOrder", everyEdge},
		{"ManyLinesTravelInOnePayload", manyLines},
		{"EventsComeBackWhole", wholeEvents},
		{"OriginTravels", originTravels},
		{"PartitionsWithoutMembersSendNothing", interest},
		{"RoomWithoutMembersIsPassedOver", passedOver},
		{"LostDoubledAndLatePayloadsAreMended", mixed},
		{"LinesMissedInAnInterruptionAreRepaired", interrupted},
		{"MoreThanOneAnswerHoldsIsRepaired", manyMissed},
		{"MembersAreToldOfWhatTheStreamForgot", forgotten},
		{"MembersAreToldOfAnotherEpoch", restarted},
		{"FirstWordsOfARoomAreRepaired", firstWords},
		{"LateMemberGetsWhatComesFromThen", lateMember},
		{"MemberWhoComesAgainGetsNothingOld", comesAgain},
		{"SinceGivesWhatIsKept", since},
		{"BodyThatIsPublishedAgainComesOnce", publishedAgain},
		{"ReadyMeansThatNothingIsMissed", ready},
		{"AsidesComeToWhoWantsThePartition", asides},
	} {
		t.Run(c.name, func(t *testing.T) {
			c.test(&site{Bus: open(t), t: t, suffix: fmt.Sprintf("_%08x", rand.Uint32())})
		})
	}
}

// site is an exchange, a test, and rooms that are the test's own.
type site struct {
	Bus
	t      *testing.T
	suffix string
}

// origin is of all lines.
var origin = chat.Origin{Edge: 1 << 63, Conn: 5}

// room makes a name the test's own.
func (s *site) room(name string) string { return name + s.suffix }

// say publishes lines of texts at once. Any goroutine may call it.
func (s *site) say(room string, texts ...string) {
	events := make([]chat.Event, len(texts))
	for i, text := range texts {
		events[i] = &chat.Message{Place: chat.Place{Room: room, RoomID: "1"}, Text: text, User: &chat.User{Login: "ann"}, Origin: origin}
	}
	s.publish(room, events...)
}

func (s *site) publish(room string, events ...chat.Event) {
	s.t.Helper()
	s.publishAs(exchange.Stamp{}, room, events...)
}

func (s *site) publishAs(stamp exchange.Stamp, room string, events ...chat.Event) {
	s.t.Helper()
	body, err := exchange.AppendBody(nil, stamp, room, events)
	if err == nil {
		err = s.Publish(room, body, len(events))
	}
	if err != nil {
		s.t.Errorf("publish in %q: %v", room, err)
	}
}

// eventually polls until it holds.
func (s *site) eventually(what string, holds func() bool) {
	s.t.Helper()
	for end := time.Now().Add(deadline); !holds(); time.Sleep(time.Millisecond) {
		if time.Now().After(end) {
			s.t.Fatalf("%v have passed, and not: %s", deadline, what)
		}
	}
}

// edge is an Inbox and what it has delivered.
type edge struct {
	*exchange.Inbox
	site *site
	tap  *Tap
	mu   struct {
		sync.Mutex
		logs   map[string][]string // by room: the texts of lines, and gaps
		events []chat.Event        // all
		asides map[string]int      // bodies, and how often they came
		busy   map[string]bool     // rooms that are being delivered to
	}
}

// edge runs an edge until the test ends.
func (s *site) edge() *edge {
	e := &edge{site: s, tap: NewTap(s.Feed())}
	e.mu.logs, e.mu.busy, e.mu.asides = map[string][]string{}, map[string]bool{}, map[string]int{}
	e.Inbox = exchange.NewInbox(exchange.InboxConfig{
		Feed: e.tap, Deliver: e.deliver, Gap: e.gap, Aside: e.aside, Partitions: s.Partitions,
	})
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- e.Run(ctx) }()
	s.t.Cleanup(func() {
		cancel()
		if err := <-done; err != nil {
			s.t.Errorf("run: %v", err)
		}
	})
	return e
}

// alone holds deliver and gap to their promise of one goroutine for a room.
func (e *edge) alone(room string, do func()) {
	e.mu.Lock()
	if e.mu.busy[room] {
		e.site.t.Errorf("two goroutines deliver to %q at once", room)
	}
	e.mu.busy[room] = true
	do()
	e.mu.Unlock()
	e.mu.Lock()
	e.mu.busy[room] = false
	e.mu.Unlock()
}

func (e *edge) deliver(room string, events []chat.Event) {
	e.alone(room, func() {
		for _, ev := range events {
			if m, ok := ev.(*chat.Message); ok {
				e.mu.logs[room] = append(e.mu.logs[room], m.Text)
			}
			e.mu.events = append(e.mu.events, ev)
		}
	})
}

func (e *edge) gap(room string, missed uint64) {
	e.alone(room, func() { e.mu.logs[room] = append(e.mu.logs[room], fmt.Sprintf("gap %d", missed)) })
}

func (e *edge) aside(partition int, body []byte) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.mu.asides[fmt.Sprintf("%d %s", partition, body)]++
}

func (e *edge) heard(partition int, aside string) int {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.mu.asides[fmt.Sprintf("%d %s", partition, aside)]
}

func (e *edge) log(room string) []string {
	e.mu.Lock()
	defer e.mu.Unlock()
	return slices.Clone(e.mu.logs[room])
}

// join joins rooms, and waits until their positions were asked for and their partitions
// subscribed to: lines said from then on are to come, and by the Feed.
func (e *edge) join(rooms ...string) *edge {
	e.site.t.Helper()
	for _, room := range rooms {
		before := e.tap.Answers(room)
		e.Join(room, nil)
		partition := exchange.PartitionOf(room, e.site.Partitions)
		e.site.eventually("room "+room+" is joined", func() bool { return e.tap.Answers(room) > before && !e.tap.Awaits(partition) })
	}
	return e
}

// expect waits until the log of a room is want, and fails as soon as it cannot be.
func (e *edge) expect(room string, want ...string) {
	e.site.t.Helper()
	for end := time.Now().Add(deadline); ; time.Sleep(time.Millisecond) {
		got := e.log(room)
		if slices.Equal(got, want) {
			return
		}
		if len(got) >= len(want) || !slices.Equal(got, want[:len(got)]) || time.Now().After(end) {
			e.site.t.Fatalf("room %q got %d: %.1000q\nwant %d: %.1000q\n%+v", room, len(got), got, len(want), want, e.Counts())
		}
	}
}
