package chat

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

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
				list = append(list, kept{room: &chain{name: room}, before: list[len(list)-1].before + 1})
			}
			c.cut(room)
		default:
			counts[room]++
			e := told(room, counts[room])
			number := c.add(room, []chat.Event{e})
			list = append(list, kept{event: e, room: &chain{name: room}, before: number})
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

// TestLateLineIsKnownToBe has lines that came here by the feed and at home, and places
// behind which members of other processes may lack a line that is before them here.
func TestLateLineIsKnownToBe(t *testing.T) {
	at := time.UnixMilli(1_700_000_000_000)
	line := func(n int, home, late bool) *chat.Message {
		m := told("room", n)
		m.Time = at.Add(time.Duration(n) * time.Second)
		m.Late = late
		if home {
			m.Epoch, m.Seq = 0, 0
		}
		return m
	}
	late := func(c *recent) (late []int) {
		for n := range 100 {
			if c.find("room", fmt.Sprintf("room-%d", n)).late {
				late = append(late, n)
			}
		}
		return late
	}
	c := newRecent(64, 1<<20)
	c.add("room", []chat.Event{line(1, false, false), line(2, true, false), line(3, false, false), line(4, false, true), line(5, false, false)})
	if got := late(c); !slices.Equal(got, []int{3, 4, 5}) {
		t.Errorf("while the line at home is not in the stream: %v", got)
	}
	c.markLate("room", []chat.Event{line(2, false, true), line(77, false, true)})
	c.add("room", []chat.Event{line(6, false, false)})
	if got := late(c); !slices.Equal(got, []int{3, 4, 5}) {
		t.Errorf("when it is: %v", got)
	}
	c.markLate("room", []chat.Event{line(6, false, true)})
	if got := late(c); !slices.Equal(got, []int{3, 4, 5, 6}) {
		t.Errorf("when the stream has said so of another: %v", got)
	}
	c.add("room", []chat.Event{line(7, true, false), line(80, false, false)})
	if got := late(c); !slices.Equal(got, []int{3, 4, 5, 6}) {
		t.Errorf("a minute after a line that did not come: %v", got)
	}
	for n := range 64 {
		c.add("other", []chat.Event{told("other", n)})
	}
	if n := len(c.mu.rooms); n != 1 {
		t.Errorf("%d rooms", n)
	}
}
