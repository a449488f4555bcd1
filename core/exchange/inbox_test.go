package exchange_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/goleak"

	"uproar/core/chat"
	"uproar/core/exchange"
	"uproar/core/exchange/exchangetest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// desk is an Inbox on a Memory, and what its members were sent.
type desk struct {
	*exchange.Inbox
	t      *testing.T
	memory *exchangetest.Memory
	tap    *exchangetest.Tap
	mu     sync.Mutex
	logs   map[string][]string
	places []chat.Place      // of all events
	busy   map[string]bool   // rooms of which a Deliver or Gap is under way
	block  func(room string) // called by each Deliver, unless nil
}

// withDesk runs test in a bubble, where time passes when nobody does anything. through
// stands between the Inbox and its Feed, unless nil.
func withDesk(t *testing.T, through func(exchange.Feed) exchange.Feed, test func(d *desk)) {
	synctest.Test(t, func(t *testing.T) {
		d := newDesk(t, exchangetest.NewMemory(8), through)
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan error)
		go func() { done <- d.Run(ctx) }()
		defer func() {
			cancel()
			if err := <-done; err != nil {
				t.Errorf("run: %v", err)
			}
		}()
		test(d)
	})
}

func newDesk(t *testing.T, memory *exchangetest.Memory, through func(exchange.Feed) exchange.Feed) *desk {
	d := &desk{t: t, memory: memory, logs: map[string][]string{}, busy: map[string]bool{}}
	d.tap = exchangetest.NewTap(d.memory.Feed())
	feed := exchange.Feed(d.tap)
	if through != nil {
		feed = through(feed)
	}
	d.Inbox = exchange.NewInbox(exchange.InboxConfig{
		Feed: feed, Partitions: 8,
		Deliver: d.deliver,
		Gap: func(room string, missed uint64) {
			defer d.alone(room)()
			d.note(room, fmt.Sprintf("gap %d", missed))
		},
		Late: func(room string, events []chat.Event) {
			defer d.alone(room)()
			for _, e := range events {
				if m, ok := e.(*chat.Message); ok {
					d.note("late in "+room, m.Text)
				}
			}
		},
	})
	return d
}

func (d *desk) deliver(room string, events []chat.Event) {
	defer d.alone(room)()
	if d.block != nil {
		d.block(room)
	}
	for _, e := range events {
		d.mu.Lock()
		d.places = append(d.places, *e.Where())
		d.mu.Unlock()
		switch e := e.(type) {
		case *chat.Message:
			d.note(room, e.Text)
		case *chat.Gap:
			d.note(room, fmt.Sprintf("announced %d", e.Missed))
		}
	}
}

// alone holds the Inbox to its promise of one call at a time for a room.
func (d *desk) alone(room string) (end func()) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.busy[room] {
		d.t.Errorf("two goroutines deliver to %q at once", room)
	}
	d.busy[room] = true
	return func() {
		d.mu.Lock()
		defer d.mu.Unlock()
		d.busy[room] = false
	}
}

func (d *desk) note(room, text string) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.logs[room] = append(d.logs[room], text)
}

// say publishes each text, and waits until nothing moves.
func (d *desk) say(room string, texts ...string) {
	d.t.Helper()
	for _, text := range texts {
		d.sayAs(exchange.Stamp{}, room, text)
	}
	synctest.Wait()
}

// sayAs publishes texts, each with the same stamp.
func (d *desk) sayAs(stamp exchange.Stamp, room string, texts ...string) {
	d.t.Helper()
	for _, text := range texts {
		body, err := exchange.AppendBody(nil, stamp, room, []chat.Event{&chat.Message{Text: text}})
		if err == nil {
			err = d.memory.Publish(room, body, 1)
		}
		if err != nil {
			d.t.Fatal(err)
		}
	}
	synctest.Wait()
}

func (d *desk) join(room string) {
	d.Join(room, nil)
	synctest.Wait()
}

// lose publishes what does not come.
func (d *desk) lose(room string, texts ...string) {
	d.t.Helper()
	d.tap.Lose(true)
	d.say(room, texts...)
	d.tap.Lose(false)
}

func (d *desk) log(room string) []string {
	d.mu.Lock()
	defer d.mu.Unlock()
	return slices.Clone(d.logs[room])
}

// expect is the log of a room at this moment.
func (d *desk) expect(room string, want ...string) {
	d.t.Helper()
	synctest.Wait()
	d.mu.Lock()
	defer d.mu.Unlock()
	if got := d.logs[room]; !slices.Equal(got, want) {
		d.t.Fatalf("room %q got %.1000q, want %.1000q\n%+v", room, got, want, d.Counts())
	}
}

func TestRepairIsTriedAgainAfterAPause(t *testing.T) {
	withDesk(t, nil, func(d *desk) {
		d.join("ann")
		d.say("ann", "1")
		d.tap.Fail(true)
		d.lose("ann", "2")
		d.say("ann", "3")
		d.expect("ann", "1")
		asked := d.Counts().Asked
		time.Sleep(time.Second)
		if n := d.Counts().Asked - asked; n < 1 || n > 3 {
			t.Errorf("asked %d times in a second", n)
		}
		d.tap.Fail(false)
		time.Sleep(time.Second)
		d.expect("ann", "1", "2", "3")
		if c := d.Counts(); c.Gaps != 0 || c.Repaired != 1 || c.HeldBytes != 0 {
			t.Errorf("%+v", c)
		}
	})
}

func TestMembersAreToldOfAGapThatNobodyMends(t *testing.T) {
	withDesk(t, nil, func(d *desk) {
		d.join("ann")
		d.say("ann", "1")
		d.tap.Fail(true)
		d.lose("ann", "2", "3")
		d.say("ann", "4")
		time.Sleep(4 * time.Second)
		d.expect("ann", "1", "gap 2", "4")
		d.say("ann", "5")
		d.expect("ann", "1", "gap 2", "4", "5")
	})
}

func TestLinesComeInOrderWhileTheStreamDoesNotAnswer(t *testing.T) {
	withDesk(t, nil, func(d *desk) {
		d.join("ann")
		d.tap.Fail(true)
		d.memory.Interrupt() // whether something was missed cannot be asked
		for range 5 {
			time.Sleep(time.Second)
			d.say("ann", "1")
		}
		d.expect("ann", "1", "1", "1", "1", "1")
	})
}

func TestLinesOfARoomWhosePositionIsUnknownComeInTheEnd(t *testing.T) {
	withDesk(t, nil, func(d *desk) {
		d.tap.Fail(true)
		d.join("ann")
		d.say("ann", "1", "2")
		d.expect("ann")
		time.Sleep(4 * time.Second)
		d.expect("ann", "1", "2")
		if c := d.Counts(); c.Gaps != 0 {
			t.Errorf("%+v", c)
		}
	})
}

func TestLinesThatComeBeforeTheAnswerAreKept(t *testing.T) {
	g := &gate{room: "ann"}
	withDesk(t, g.over, func(d *desk) {
		d.join("ann")
		d.lose("ann", "1")
		d.say("ann", "2")
		d.lose("ann", "3")
		d.say("ann", "4")
		d.expect("ann")
		close(g.open)
		d.expect("ann", "2", "3", "4")
	})
}

// gate holds back the answers for a room until open is closed.
type gate struct {
	exchange.Feed
	room string
	open chan struct{}
}

func (g *gate) over(f exchange.Feed) exchange.Feed {
	g.Feed, g.open = f, make(chan struct{})
	return g
}

func (g *gate) Since(ctx context.Context, room string, after exchange.Position) ([][]byte, exchange.Position, error) {
	if room == g.room {
		select {
		case <-g.open:
		case <-ctx.Done():
			return nil, exchange.Position{}, ctx.Err()
		}
	}
	return g.Feed.Since(ctx, room, after)
}

func TestServerThatHangsHoldsUpNoOtherPartition(t *testing.T) {
	g := &gate{room: "ann"}
	withDesk(t, g.over, func(d *desk) {
		if exchange.PartitionOf("ann", 8) == exchange.PartitionOf("bob", 8) {
			t.Fatal("choose other rooms")
		}
		d.join("ann")
		d.join("bob")
		d.lose("bob", "1")
		d.say("bob", "2")
		d.expect("bob", "1", "2") // at once: no time has passed
	})
}

func TestLeaveDuringARepairEndsIt(t *testing.T) {
	g := &gate{room: "ann"}
	withDesk(t, g.over, func(d *desk) {
		d.join("ann")
		d.say("ann", "1")
		d.Leave("ann")
		d.say("ann", "2")
		d.join("ann")
		d.say("ann", "3")
		close(g.open)
		d.expect("ann", "3")
		d.say("ann", "4")
		d.Leave("ann")
		d.expect("ann", "3", "4")
		if c := d.Counts(); c.Gaps != 0 || c.HeldBytes != 0 {
			t.Errorf("%+v", c)
		}
	})
}

func TestJoinAndLeaveDoNotWaitForDeliver(t *testing.T) {
	withDesk(t, nil, func(d *desk) {
		open := make(chan struct{})
		d.block = func(string) { <-open }
		d.join("ann")
		d.say("ann", "1")
		d.Leave("ann")
		d.Join("ann", nil)
		d.Leave("ann")
		d.join("ann")
		close(open)
		d.expect("ann", "1")
		d.say("ann", "2")
		d.expect("ann", "1", "2")
	})
}

func TestNewEpochAfterADayOfSilenceIsNoGap(t *testing.T) {
	withDesk(t, nil, func(d *desk) {
		d.join("ann")
		d.say("ann", "1")
		time.Sleep(23 * time.Hour)
		d.memory.Restart()
		d.say("ann", "2")
		d.expect("ann", "1", "gap 0", "2")
		time.Sleep(25 * time.Hour)
		d.memory.Restart()
		d.say("ann", "3")
		d.expect("ann", "1", "gap 0", "2", "3")
	})
}

func TestTooMuchHeldIsDroppedAndAskedForAgain(t *testing.T) {
	const lines = 450 // of 2.5 KB: more than is held, less than the stream keeps
	withDesk(t, nil, func(d *desk) {
		d.join("ann")
		d.tap.Fail(true)
		d.lose("ann", "0")
		long := strings.Repeat("x", 2000)
		want := []string{"0"}
		for range lines {
			d.say("ann", long)
			want = append(want, long)
			if held := d.Counts().HeldBytes; held > 1<<20 {
				t.Fatalf("%d bytes held", held)
			}
		}
		d.tap.Fail(false)
		time.Sleep(time.Second)
		d.expect("ann", want...)
		if c := d.Counts(); c.Shed == 0 || c.Gaps != 0 || c.HeldBytes != 0 {
			t.Errorf("%+v", c)
		}
	})
}

// While a long answer is delivered live lines are held behind it, and too much with it.
func TestLinesThatComeDuringALongRepairDoNotCutItShort(t *testing.T) {
	withDesk(t, nil, func(d *desk) {
		d.join("ann")
		want := make([]string, 1030)
		for i := range want {
			want[i] = fmt.Sprint(i)
		}
		d.lose("ann", want[:1024]...)
		goOn := make(chan struct{})
		d.block = func(string) { <-goOn }
		d.say("ann", want[1024:]...)
		close(goOn)
		time.Sleep(time.Second)
		d.expect("ann", want...)
		if c := d.Counts(); c.Shed == 0 || c.Gaps != 0 || c.HeldBytes != 0 {
			t.Errorf("%+v", c)
		}
	})
}

func TestTooMuchHeldIsAGapWhenNobodyAnswers(t *testing.T) {
	withDesk(t, nil, func(d *desk) {
		d.join("ann")
		d.tap.Fail(true)
		d.lose("ann", "0")
		for range 1025 {
			d.say("ann", "x")
		}
		d.say("ann", "last")
		time.Sleep(4 * time.Second)
		d.expect("ann", "gap 1026", "last")
	})
}

// rewinder answers as a server does that has forgotten the last lines.
type rewinder struct {
	exchange.Feed
	by uint64
}

func (r *rewinder) Since(ctx context.Context, room string, after exchange.Position) ([][]byte, exchange.Position, error) {
	parts, head, err := r.Feed.Since(ctx, room, after)
	head.Seq -= r.by
	return parts, head, err
}

func TestMembersAreToldOfACounterThatWentBack(t *testing.T) {
	back := &rewinder{}
	withDesk(t, func(f exchange.Feed) exchange.Feed { back.Feed = f; return back }, func(d *desk) {
		d.join("ann")
		d.say("ann", "1", "2")
		back.by = 1
		d.memory.Interrupt()
		d.expect("ann", "1", "2", "gap 0")
	})
}

func TestPayloadOfNoPartitionIsCounted(t *testing.T) {
	withDesk(t, nil, func(d *desk) {
		d.Payload(-1, nil)
		d.Payload(8, nil)
		d.Subscribed(8)
		if c := d.Counts(); c.Unreadable != 2 {
			t.Errorf("%+v", c)
		}
	})
}

func TestRoomsWithoutMembersTakeNoMemory(t *testing.T) {
	withDesk(t, nil, func(d *desk) {
		d.tap.Fail(true)
		for i := range 1000 {
			d.Join(fmt.Sprint("room", i%10), nil)
			d.Leave(fmt.Sprint("room", i%10))
		}
		d.tap.Fail(false)
		time.Sleep(time.Minute)
		if n := exchange.RoomsOf(d.Inbox); n != 0 {
			t.Errorf("%d rooms are kept", n)
		}
	})
}
