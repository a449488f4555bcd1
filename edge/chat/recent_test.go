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
		got := c.find(room, id)
		behind, whole := c.behind(room, got.number, upTo)
		want, events := place{}, []chat.Event(nil)
		for _, k := range list {
			switch {
			case k.room.name != room:
			case k.event == nil:
				want.cut, events = true, nil
			case idOf(k.event) == id:
				want, events = place{found: true, number: k.before, at: positionOf(k.event)}, nil
			case k.before <= upTo:
				events = append(events, k.event)
			}
		}
		if got != want || ids(behind) != ids(events) || whole != want.found {
			t.Fatalf("step %d: behind %s up to %d:\n got %v %s\nwant %v %s", step, id, upTo, got, ids(behind), want, ids(events))
		}
	}
	if len(c.mu.ring) != eventsMax {
		t.Fatalf("the ring has %d places", len(c.mu.ring))
	}
}

// after is all behind a place.
func (c *recent) after(room string, p place) []chat.Event {
	events, _ := c.behind(room, p.number, c.last())
	return events
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
	if _, whole := c.behind("room89", 90, 100); whole {
		t.Fatal("what is gone is whole")
	}
	if !c.find("room90", "room90-1").found || c.find("room89", "room89-1").found {
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
	p := c.find("room", fmt.Sprint("room-", last-lookMax+1))
	if n := len(c.after("room", p)); !p.found || n != lookMax-1 {
		t.Fatalf("found %v with %d behind it", p.found, n)
	}
	p = c.find("room", fmt.Sprint("room-", last-lookMax))
	if n := len(c.after("room", p)); p.found || n != lookMax {
		t.Fatalf("found %v with %d behind it", p.found, n)
	}
}

// TestLineThatCameLateIsNotFollowedByTheNext: it was on its way while the room was left
// and joined again.
func TestLineThatCameLateIsNotFollowedByTheNext(t *testing.T) {
	c := newRecent(64, 1<<30)
	c.add("room", []chat.Event{told("room", 1), told("room", 2), told("room", 5), told("room", 6)})
	if p := c.find("room", "room-2"); !p.found || !p.cut || ids(c.after("room", p)) != "room-5 room-6" {
		t.Fatalf("%+v", p)
	}
	c.add("room", []chat.Event{gapIn("room", 3), told("room", 10)})
	if p := c.find("room", "room-5"); !p.found || p.cut || ids(c.after("room", p)) != "room-6 gap3 room-10" {
		t.Fatalf("%+v", p)
	}
}

// BenchmarkRecentFind looks for a line that is not there.
func BenchmarkRecentFind(b *testing.B) {
	c := newRecent(recentEventsMax, recentBytesMax)
	c.add("room", stretchOf(1, recentEventsMax))
	for b.Loop() {
		c.find("room", "room-0")
	}
}

func BenchmarkRecentAdd(b *testing.B) {
	c := newRecent(recentEventsMax, recentBytesMax)
	lines := []chat.Event{told("room", 1), told("room", 2), told("room", 3), told("room", 4)}
	b.ReportAllocs()
	for b.Loop() {
		c.add("room", lines)
	}
}

func TestLineOfARoomIsFoundAmongItsLast(t *testing.T) {
	c := newRecent(1<<10, 1<<20)
	add := func(room, id string) { c.add(room, []chat.Event{&chat.Message{Place: chat.Place{Room: room}, ID: id}}) }
	add("room", "first")
	if m := c.line("room", "first"); m == nil || m.ID != "first" || c.line("other", "first") != nil || c.line("room", "x") != nil {
		t.Fatalf("found %+v in its room", m)
	}
	for range lineMax - 1 {
		add("room", "later")
		add("other", "theirs")
	}
	if c.line("room", "first") == nil {
		t.Fatalf("line %d from the end is not found", lineMax)
	}
	add("room", "later")
	if c.line("room", "first") != nil {
		t.Fatalf("line %d from the end is found", lineMax+1)
	}
}
