package exchange

import (
	"testing"

	"uproar/core/chat"
)

func TestLocalDeliversOnTheSpot(t *testing.T) {
	var rooms []string
	var got []chat.Event
	l := NewLocal(func(room string, lines []chat.Event) {
		rooms = append(rooms, room)
		got = append(got, lines...)
	})
	lines := []chat.Event{&chat.Message{Place: chat.Place{Seq: 1}}, &chat.Message{Place: chat.Place{Seq: 2}}}
	var said []error
	if err := l.Publish("ann", lines, func(err error) { said = append(said, err) }); err != nil {
		t.Fatal(err)
	}
	if len(said) != 1 || said[0] != nil {
		t.Fatalf("done was told %v", said)
	}
	clear(lines) // the publisher uses its slice again
	if len(rooms) != 1 || rooms[0] != "ann" || len(got) != 2 || got[0].Where().Seq != 1 || got[1].Where().Seq != 2 {
		t.Fatalf("rooms %v, lines %v", rooms, got)
	}
}

func TestLocalDeliversNothingForNothing(t *testing.T) {
	l := NewLocal(func(string, []chat.Event) { t.Error("delivered") })
	answers := 0
	if err := l.Publish("ann", nil, func(error) { answers++ }); err != nil || answers != 1 {
		t.Fatalf("%d answers, %v", answers, err)
	}
}

func TestLocalNeedsADeliver(t *testing.T) {
	defer func() {
		if recover() == nil {
			t.Error("no panic")
		}
	}()
	NewLocal(nil)
}
