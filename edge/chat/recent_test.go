package chat

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"uproar/core/chat"
)

// told is the n-th line of a room.
func told(room string, n int) *chat.Message {
	return &chat.Message{
		Place: chat.Place{Room: room, Epoch: 1, Seq: uint64(n)}, ID: fmt.Sprintf("%s-%d", room, n),
		Text: fmt.Sprint(n), User: &chat.User{ID: "7", Login: "ann", Display: "Ann"},
	}
}

func ids(events []chat.Event) string {
	var all []string
	for _, e := range events {
		if g, ok := e.(*chat.Gap); ok {
			all = append(all, fmt.Sprintf("gap%d", g.Missed))
		} else {
			all = append(all, idOf(e))
		}
	}
	return strings.Join(all, " ")
}

// TestRecentEventsAreThoseOfASimpleList compares with a list that does the same slowly.
func TestRecentEventsAreThoseOfASimpleList(t *testing.T) {
	random := rand.New(rand.NewPCG(3, 4))
	const eventsMax = 64
	c := newRecent(eventsMax, 1<<30)
	var list []kept // before is the event's number here
	counts := map[string]int{}
	for step := range 20_000 {
		room := fmt.Sprint("r", random.IntN(5))
		switch random.IntN(8) {
		case 0:
			if at := lastOf(list, room); at >= 0 && list[at].event != nil {
				list = append(list, kept{nil, &chain{name: room}, list[len(list)-1].before + 1})
			}
			c.cut(room)
		default:
			counts[room]++
			e := told(room, counts[room])
			number := c.add(room, []chat.Event{e})
			list = append(list, kept{e, &chain{name: room}, number})
		}
		list = list[max(0, len(list)-eventsMax):]
		upTo := list[random.IntN(len(list))].before
		id := fmt.Sprintf("%s-%d", room, counts[room]-random.IntN(20))
		got := c.behind(room, id, upTo)
		var want stretch
		for _, k := range list {
			switch {
			case k.room.name != room:
			case k.event == nil:
				want.cut, want.events = want.found, nil
			case idOf(k.event) == id:
				want = stretch{found: true}
			case k.before <= upTo:
				want.events = append(want.events, k.event)
			}
		}
		if !want.found { // then nobody can say whether it was before the cut
			got.cut = false
		}
		if got.found != want.found || got.cut != want.cut || ids(got.events) != ids(want.events) {
			t.Fatalf("step %d: behind %s up to %d:\n got %v %v %s\nwant %v %v %s", step, id, upTo, got.found, got.cut, ids(got.events), want.found, want.cut, ids(want.events))
		}
	}
	if len(c.mu.ring) != eventsMax {
		t.Fatalf("the ring has %d places", len(c.mu.ring))
	}
}

func lastOf(list []kept, room string) int {
	for i, k := range slices.Backward(list) {
		if k.room.name == room {
			return i
		}
	}
	return -1
}

func TestRecentEventsAreBoundedInBytes(t *testing.T) {
	const bytesMax = 10 * (eventBytes + 100)
	c := newRecent(1<<10, bytesMax)
	for n := range 100 {
		m := told(fmt.Sprint("room", n), 1)
		m.Text = strings.Repeat("x", 100)
		c.add(m.Room, []chat.Event{m})
	}
	if c.held() != 10 || c.mu.bytes != bytesMax || len(c.mu.rooms) != 10 {
		t.Fatalf("%d events of %d rooms in %d bytes are kept", c.held(), len(c.mu.rooms), c.mu.bytes)
	}
	if !c.behind("room90", "room90-1", 100).found || c.behind("room89", "room89-1", 100).found {
		t.Fatal("others than the last ten are kept")
	}
	long := told("long", 1)
	long.Text = strings.Repeat("x", 2*bytesMax)
	if c.add("long", []chat.Event{long}); c.held() != 1 {
		t.Fatalf("%d events beside one that is too long", c.held())
	}
}

func TestLineIsNotLookedForTooFarBack(t *testing.T) {
	c := newRecent(recentEventsMax, recentBytesMax)
	for n := range 2 * lookMax {
		c.add("room", []chat.Event{told("room", n)})
	}
	last := 2*lookMax - 1
	if s := c.behind("room", fmt.Sprint("room-", last-lookMax+1), c.last()); !s.found || len(s.events) != lookMax-1 {
		t.Fatalf("found %v with %d behind it", s.found, len(s.events))
	}
	if s := c.behind("room", fmt.Sprint("room-", last-lookMax), c.last()); s.found || len(s.events) != lookMax {
		t.Fatalf("found %v with %d behind it", s.found, len(s.events))
	}
}

// TestLineThatCameLateIsNotFollowedByTheNext: it was on its way while the room was left
// and joined again.
func TestLineThatCameLateIsNotFollowedByTheNext(t *testing.T) {
	c := newRecent(64, 1<<30)
	c.add("room", []chat.Event{told("room", 1), told("room", 2), told("room", 5), told("room", 6)})
	if s := c.behind("room", "room-2", 9); !s.found || !s.cut || ids(s.events) != "room-5 room-6" {
		t.Fatalf("%+v", s)
	}
	c.add("room", []chat.Event{gapIn("room", 3), told("room", 10)})
	if s := c.behind("room", "room-5", 9); !s.found || s.cut || ids(s.events) != "room-6 gap3 room-10" {
		t.Fatalf("%+v", s)
	}
}

func BenchmarkRecent(b *testing.B) {
	c := newRecent(recentEventsMax, recentBytesMax)
	lines := []chat.Event{told("room", 1), told("room", 2), told("room", 3), told("room", 4)}
	b.ReportAllocs()
	for b.Loop() {
		c.add("room", lines)
	}
}
