package exchange_test

import (
	"context"
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"uproar/core/chat"
	"uproar/core/exchange"
)

// home brings a line home whose run began with number from.
func (d *desk) home(room string, from, number uint64, text string) {
	d.Home(room, from, exchange.Stamp{Publisher: homePublisher, Number: number}, []chat.Event{&chat.Message{Text: text}})
}

// come is a line of homePublisher that comes by the Feed.
func (d *desk) come(room string, number uint64, text string) {
	d.t.Helper()
	d.sayAs(exchange.Stamp{Publisher: homePublisher, Number: number}, room, text)
}

func TestReadyIsCalledOnceThePositionIsKnown(t *testing.T) {
	g := &gate{room: "ann"}
	withDesk(t, g.over, func(d *desk) {
		var calls []string
		ready := func(name string) func() {
			return func() {
				d.note("calls", name)
				d.Leave("nobody") // no lock is held
			}
		}
		d.Join("ann", ready("first"))
		d.Join("ann", ready("second"))
		synctest.Wait()
		d.expect("calls")
		close(g.open)
		d.expect("calls", "first", "second")
		d.Join("ann", func() { calls = append(calls, "at once") })
		if len(calls) != 1 {
			t.Error("a room that is known has made a member wait")
		}
		d.say("ann", "1")
		d.expect("ann", "1")
		d.expect("calls", "first", "second")
	})
}

func TestReadyOfWhoHasLeftIsNotCalled(t *testing.T) {
	g := &gate{room: "ann"}
	withDesk(t, g.over, func(d *desk) {
		d.Join("ann", func() { d.note("calls", "left") })
		d.Leave("ann")
		d.Join("ann", func() { d.note("calls", "stayed") })
		close(g.open)
		d.expect("calls", "stayed")
	})
}

func TestReadyComesInTheEndThoughNobodyAnswers(t *testing.T) {
	withDesk(t, nil, func(d *desk) {
		d.tap.Fail(true)
		d.Join("ann", func() { d.note("ann", "ready") })
		d.say("ann", "1")
		time.Sleep(4 * time.Second)
		d.expect("ann", "ready", "1")
	})
}

func TestBodyThatIsPublishedTwiceComesOnce(t *testing.T) {
	withDesk(t, nil, func(d *desk) {
		d.join("ann")
		d.come("ann", 4, "1")
		d.come("ann", 6, "2")
		d.come("ann", 4, "1")
		d.come("ann", 6, "2")
		d.sayAs(exchange.Stamp{Publisher: homePublisher + 1, Number: 1}, "ann", "of another")
		d.come("ann", 7, "3")
		d.expect("ann", "1", "2", "of another", "3")
		d.memory.Restart() // positions begin again, numbers do not
		d.come("ann", 7, "3")
		d.come("ann", 8, "4")
		d.expect("ann", "1", "2", "of another", "3", "gap 0", "4")
		if c := d.Counts(); c.Duplicates < 3 || c.Gaps != 1 { // one may come by the repair as well
			t.Errorf("%+v", c)
		}
	})
}

func TestBodyThatIsRepairedAndPublishedTwiceComesOnce(t *testing.T) {
	withDesk(t, nil, func(d *desk) {
		d.join("ann")
		d.tap.Lose(true)
		d.come("ann", 1, "1")
		d.come("ann", 2, "2")
		d.come("ann", 2, "2")
		synctest.Wait()
		d.tap.Lose(false)
		d.come("ann", 1, "1")
		d.come("ann", 3, "3")
		d.expect("ann", "1", "2", "3")
	})
}

func TestHomeComesAtOnceAndOnce(t *testing.T) {
	g := &gate{room: "ann"}
	withDesk(t, g.over, func(d *desk) {
		d.join("ann")
		d.home("ann", 1, 1, "1") // the position is unknown
		d.expect("ann", "1")
		d.home("ann", 1, 1, "1")
		d.come("ann", 1, "1")
		close(g.open)
		d.expect("ann", "1")
		d.come("ann", 2, "2")
		d.home("ann", 2, 2, "2")
		d.expect("ann", "1", "2")
		g.open = make(chan struct{})
		d.memory.Interrupt() // the stream is asked, and does not answer
		synctest.Wait()
		d.home("ann", 3, 3, "3")
		d.expect("ann", "1", "2", "3")
		d.come("ann", 3, "3")
		close(g.open)
		d.come("ann", 4, "4")
		d.expect("ann", "1", "2", "3", "4")
		if c := d.Counts(); c.Home != 2 || c.Gaps != 0 || c.Delivered != 4 {
			t.Errorf("%+v", c)
		}
	})
}

func TestEventsKnowTheirPosition(t *testing.T) {
	withDesk(t, nil, func(d *desk) {
		d.join("ann")
		places := make(chan chat.Place, 1)
		x := exchange.NewInbox(exchange.InboxConfig{
			Feed: d.memory.Feed(), Partitions: 8, Gap: func(string, uint64) {},
			Deliver: func(_ string, events []chat.Event) { places <- *events[0].Where() },
		})
		ctx, cancel := context.WithCancel(d.t.Context())
		done := make(chan error)
		go func() { done <- x.Run(ctx) }()
		x.Join("ann", nil)
		synctest.Wait()
		d.come("ann", 1, "1")
		if at := <-places; at.Seq != 1 || at.Epoch == 0 {
			t.Errorf("by the feed: %+v", at)
		}
		cancel()
		<-done
	})
}

func TestHomeFollowsTheCallThatIsUnderWay(t *testing.T) {
	withDesk(t, nil, func(d *desk) {
		open := make(chan struct{})
		d.join("ann")
		d.block = func(string) { <-open }
		d.come("ann", 1, "1")
		synctest.Wait()
		d.home("ann", 2, 2, "2") // returns though Deliver does not
		d.home("ann", 2, 3, "3")
		d.come("ann", 2, "2")
		d.come("ann", 4, "4")
		d.expect("ann")
		close(open)
		d.expect("ann", "1", "2", "3", "4")
	})
}

func TestFeedWaitsForACallAtHome(t *testing.T) {
	withDesk(t, nil, func(d *desk) {
		open := make(chan struct{})
		d.join("ann")
		d.block = func(string) { <-open }
		go d.home("ann", 1, 1, "1")
		synctest.Wait()
		d.sayAs(exchange.Stamp{}, "ann", "of another")
		d.memory.Interrupt()
		synctest.Wait()
		close(open)
		d.expect("ann", "1", "of another")
		d.Leave("ann")
		synctest.Wait()
		if n := exchange.RoomsOf(d.Inbox); n != 0 {
			t.Errorf("%d rooms are kept", n)
		}
	})
}

func TestRoomThatIsLeftDuringACallAtHomeIsForgotten(t *testing.T) {
	withDesk(t, nil, func(d *desk) {
		open := make(chan struct{})
		d.join("ann")
		d.block = func(string) { <-open }
		go d.home("ann", 1, 1, "1")
		synctest.Wait()
		d.home("ann", 1, 2, "2")
		d.Leave("ann")
		close(open)
		d.expect("ann", "1")
		if n := exchange.RoomsOf(d.Inbox); n != 0 {
			t.Errorf("%d rooms are kept", n)
		}
	})
}

// A line that was published before all went wrong is still missing when later ones come
// home.
func TestLineBeforeTheFirstAtHomeStillComes(t *testing.T) {
	withDesk(t, nil, func(d *desk) {
		d.join("ann")
		d.tap.Lose(true)
		d.come("ann", 3, "3")
		synctest.Wait()
		d.tap.Lose(false)
		d.home("ann", 5, 6, "6")
		d.expect("ann", "6")
		d.memory.Interrupt()
		d.expect("ann", "6", "3")
		d.come("ann", 6, "6")
		d.come("ann", 7, "7")
		d.tap.Lose(true)
		d.come("ann", 8, "8")
		synctest.Wait()
		d.tap.Lose(false)
		d.home("ann", 9, 9, "9")
		d.memory.Interrupt()
		d.come("ann", 9, "9")
		d.expect("ann", "6", "3", "7", "9", "8")
	})
}

func TestWhatWasSaidAtHomeBeforeAJoinIsNoNews(t *testing.T) {
	withDesk(t, nil, func(d *desk) {
		d.home("ann", 1, 4, "to nobody")
		d.join("ann")
		d.come("ann", 4, "to nobody")
		d.home("ann", 1, 5, "5")
		d.come("ann", 5, "5")
		d.come("ann", 6, "6")
		d.expect("ann", "5", "6")
	})
}

func TestTooMuchAtHomeIsAGap(t *testing.T) {
	withDesk(t, nil, func(d *desk) {
		open := make(chan struct{})
		d.join("ann")
		d.block = func(string) { <-open }
		d.come("ann", 1, "0")
		synctest.Wait()
		want := []string{"0"}
		for i := range uint64(1027) {
			d.home("ann", 2, 2+i, fmt.Sprint(i))
			if i < 1024 {
				want = append(want, fmt.Sprint(i))
			}
		}
		close(open)
		d.expect("ann", append(want, "gap 3")...)
		d.home("ann", 2, 5000, "last")
		d.expect("ann", append(want, "gap 3", "last")...)
	})
}

func TestAnnouncedGapIsAnEventAndCounted(t *testing.T) {
	withDesk(t, nil, func(d *desk) {
		d.join("ann")
		body, err := exchange.AppendBody(nil, exchange.Stamp{Publisher: homePublisher, Number: 1}, "ann", []chat.Event{&chat.Gap{Missed: 3}})
		if err == nil {
			err = d.memory.Publish("ann", body, 1)
		}
		if err != nil {
			t.Fatal(err)
		}
		d.expect("ann", "announced 3")
		if c := d.Counts(); c.Gaps != 1 || c.Missed != 3 {
			t.Errorf("%+v", c)
		}
	})
}
