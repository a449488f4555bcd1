//go:build !race

package exchange

import (
	"context"
	"testing"

	"uproar/core/chat"
)

// lines are n lines as they are in a busy room.
func lines(n int) []chat.Event {
	events := make([]chat.Event, n)
	for i := range events {
		events[i] = &chat.Message{
			Place: chat.Place{Room: "twitchplayspokemon", RoomID: "1234567890", Seq: uint64(i + 1)},
			ID:    "01234567-89ab-cdef-0123-456789abcdef",
			User:  &chat.User{ID: "123456789012", Login: "somebody", Display: "Somebody", Color: "#12AB34"},
			Text:  "start9 start9 start9 start9",
		}
	}
	return events
}

func TestDecodeAllocatesOncePer32Lines(t *testing.T) {
	p := onlyPart(t, AppendPart(nil, Position{1, 1}, body(t, "twitchplayspokemon", lines(64)...)))
	n := testing.AllocsPerRun(100, func() {
		if _, err := p.Decode("twitchplayspokemon"); err != nil {
			t.Fatal(err)
		}
	})
	if n != 4 { // the texts, the list, two arrays of messages
		t.Errorf("%v allocations for 64 lines, want 4", n)
	}
}

func TestEncodeAndPassingOverAllocateNothing(t *testing.T) {
	events := lines(64)
	b := make([]byte, 0, 1<<16)
	payload := AppendPart(nil, Position{1, 1}, body(t, "ann", events...))
	if n := testing.AllocsPerRun(100, func() {
		b, _ = AppendBody(b[:0], testStamp, "ann", events)
		for _, err := range Parts(payload) {
			if err != nil {
				t.Fatal(err)
			}
		}
	}); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

// answering is a Feed where nothing was ever said.
type answering struct{}

func (answering) Want(int, bool)   {}
func (answering) Tell(int, []byte) {}
func (answering) Since(context.Context, string, Position) ([][]byte, Position, error) {
	return nil, Position{}, nil
}
func (answering) Run(ctx context.Context, _ Sink) error {
	<-ctx.Done()
	return nil
}

// inOrder is an Inbox that knows the position of room ann, and what gives it a payload of
// 64 lines, the next in order.
func inOrder(tb testing.TB) func() {
	x := NewInbox(InboxConfig{
		Feed: answering{}, Partitions: 1, Deliver: func(string, []chat.Event) {},
		Gap: func(room string, missed uint64) { tb.Errorf("gap %d", missed) },
	})
	x.Join("ann", nil)
	p := &x.partitions[0]
	x.repair(tb.Context(), p, p.pop())
	b := body(tb, "ann", lines(64)...)
	var payload []byte
	first := uint64(1)
	return func() {
		payload = AppendPart(payload[:0], Position{1, first}, b)
		first += 64
		x.Payload(0, payload)
	}
}

func TestPayloadInOrderAllocatesOnlyItsEvents(t *testing.T) {
	next := inOrder(t)
	if n := testing.AllocsPerRun(100, next); n != 4 {
		t.Errorf("%v allocations for 64 lines, want the 4 of Decode", n)
	}
}

func BenchmarkInbox64Lines(b *testing.B) {
	next := inOrder(b)
	b.ReportAllocs()
	for b.Loop() {
		next()
	}
}

func BenchmarkDecode64Lines(b *testing.B) {
	p := onlyPart(b, AppendPart(nil, Position{1, 1}, body(b, "twitchplayspokemon", lines(64)...)))
	b.ReportAllocs()
	for b.Loop() {
		if _, err := p.Decode("twitchplayspokemon"); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkAppendBody64Lines(b *testing.B) {
	events := lines(64)
	var out []byte
	b.ReportAllocs()
	for b.Loop() {
		out, _ = AppendBody(out[:0], testStamp, "twitchplayspokemon", events)
	}
}

func BenchmarkPassOver(b *testing.B) {
	payload := AppendPart(nil, Position{1, 1}, body(b, "twitchplayspokemon", lines(64)...))
	b.ReportAllocs()
	for b.Loop() {
		for _, err := range Parts(payload) {
			if err != nil {
				b.Fatal(err)
			}
		}
	}
}

// instant is a Bus that has published at once.
type instant struct{}

func (instant) Publish(l *Lines) error {
	l.Done(nil)
	return nil
}

func TestSenderAllocatesOncePerPublicationNotPerLine(t *testing.T) {
	s := NewSender(SenderConfig{Bus: instant{}, Publisher: 1})
	done := func(error) {}
	allocs := func(n int) float64 {
		events := lines(n)
		return testing.AllocsPerRun(100, func() {
			if err := s.Publish("ann", events, done); err != nil {
				t.Fatal(err)
			}
		})
	}
	if one, many := allocs(1), allocs(64); one > 7 || many != one {
		t.Errorf("%v allocations for a line, %v for 64", one, many)
	}
}

func BenchmarkSenderOneLine(b *testing.B) {
	s := NewSender(SenderConfig{Bus: instant{}, Publisher: 1})
	events, done := lines(1), func(error) {}
	b.ReportAllocs()
	for b.Loop() {
		if err := s.Publish("ann", events, done); err != nil {
			b.Fatal(err)
		}
	}
}
