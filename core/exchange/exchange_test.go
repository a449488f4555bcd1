package exchange

import (
	"testing"

	"uproar/core/chat"
)

func TestLocalDeliversOnTheSpot(t *testing.T) {
	var rooms []string
	var got []*chat.Message
	l := NewLocal(func(room string, lines []*chat.Message) {
		rooms = append(rooms, room)
		got = append(got, lines...)
	})
	lines := []*chat.Message{{Seq: 1}, {Seq: 2}}
	if err := l.Publish("ann", lines); err != nil {
		t.Fatal(err)
	}
	clear(lines) // the publisher uses its slice again
	if len(rooms) != 1 || rooms[0] != "ann" || len(got) != 2 || got[0].Seq != 1 || got[1].Seq != 2 {
		t.Fatalf("rooms %v, lines %v", rooms, got)
	}
}

func TestLocalDeliversNothingForNothing(t *testing.T) {
	l := NewLocal(func(string, []*chat.Message) { t.Error("delivered") })
	if err := l.Publish("ann", nil); err != nil {
		t.Fatal(err)
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
