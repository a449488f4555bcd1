//go:build !race

package exchange

import (
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
		if _, err := p.Decode("twitchplayspokemon", testEdge); err != nil {
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
		b, _ = AppendBody(b[:0], testEdge, "ann", events)
		for _, err := range Parts(payload) {
			if err != nil {
				t.Fatal(err)
			}
		}
	}); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

func BenchmarkDecode64Lines(b *testing.B) {
	p := onlyPart(b, AppendPart(nil, Position{1, 1}, body(b, "twitchplayspokemon", lines(64)...)))
	b.ReportAllocs()
	for b.Loop() {
		if _, err := p.Decode("twitchplayspokemon", testEdge); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkAppendBody64Lines(b *testing.B) {
	events := lines(64)
	var out []byte
	b.ReportAllocs()
	for b.Loop() {
		out, _ = AppendBody(out[:0], testEdge, "twitchplayspokemon", events)
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
