package exchange_test

import (
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"uproar/core/chat"
	"uproar/core/exchange"
)

func TestPartThatCannotBeReadIsAGap(t *testing.T) {
	withDesk(t, nil, func(d *desk) {
		d.join("ann")
		d.say("ann", "1")
		body, err := exchange.AppendBody(nil, exchange.Stamp{}, "ann", []chat.Event{&chat.Message{Text: "2"}})
		if err != nil {
			t.Fatal(err)
		}
		damaged := append(slices.Clone(body), 0)
		if err := d.memory.Publish("ann", damaged, 1); err != nil {
			t.Fatal(err)
		}
		d.expect("ann", "1", "gap 1")
		d.sayUnreadable("ann")
		d.expect("ann", "1", "gap 1", "gap 1") // though nothing follows it
		d.say("ann", "4")
		d.expect("ann", "1", "gap 1", "gap 1", "4")
		if c := d.Counts(); c.Unreadable == 0 || c.OtherVersion == 0 || c.Missed != 2 {
			t.Errorf("%+v", c)
		}
	})
}

// sayUnreadable publishes a line of another version.
func (d *desk) sayUnreadable(room string) {
	d.t.Helper()
	body, err := exchange.AppendBody(nil, exchange.Stamp{}, room, []chat.Event{&chat.Message{}})
	if err == nil {
		body[0] = 9
		err = d.memory.Publish(room, body, 1)
	}
	if err != nil {
		d.t.Fatal(err)
	}
	synctest.Wait()
}

// TestRoomsAreNotAskedForEachPartThatCannotBeRead: a newer version may publish many.
func TestRoomsAreNotAskedForEachPartThatCannotBeRead(t *testing.T) {
	withDesk(t, nil, func(d *desk) {
		d.join("ann")
		d.say("ann", "1")
		asked := d.Counts().Asked
		for range 100 {
			d.sayUnreadable("ann")
			time.Sleep(50 * time.Millisecond)
		}
		time.Sleep(time.Second)
		if n := d.Counts().Asked - asked; n < 5 || n > 8 {
			t.Errorf("asked %d times in 5 seconds", n)
		}
		if c := d.Counts(); c.Missed != 100 || c.OtherVersion < 100 {
			t.Errorf("%+v", c)
		}
	})
}
