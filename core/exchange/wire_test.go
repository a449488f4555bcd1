package exchange

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"reflect"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"uproar/core/chat"
)

var testStamp = Stamp{77, 5}

// fill sets every field below v to something that is not zero, texts within what any
// field may hold.
func fill(v reflect.Value, n *int64) {
	*n++
	if v.Type() == reflect.TypeFor[time.Time]() {
		v.Set(reflect.ValueOf(time.UnixMilli(1_700_000_000_000 + *n)))
		return
	}
	switch v.Kind() {
	case reflect.Pointer:
		v.Set(reflect.New(v.Type().Elem()))
		fill(v.Elem(), n)
	case reflect.Struct:
		for i := range v.NumField() {
			fill(v.Field(i), n)
		}
	case reflect.String:
		v.SetString(fmt.Sprintf("text %d \u00e9", *n))
	case reflect.Slice:
		v.Set(reflect.MakeSlice(v.Type(), 2, 2))
		for i := range 2 {
			fill(v.Index(i), n)
		}
	case reflect.Bool:
		v.SetBool(true)
	case reflect.Int64: // durations
		v.SetInt(*n * int64(time.Millisecond))
	case reflect.Int:
		v.SetInt(*n)
	case reflect.Uint8:
		v.SetUint(uint64(*n%255) + 1)
	case reflect.Uint64:
		v.SetUint(uint64(*n) << 40)
	default:
		panic("BUG: a field of type " + v.Type().String())
	}
}

// everyKind is one event of each kind with all fields set, as events of seq first on.
func everyKind(room string, first uint64) []chat.Event {
	events := []chat.Event{
		new(chat.Message), new(chat.Clearing), new(chat.Deletion), new(chat.ModeChange), new(chat.Announcement), new(chat.Raid),
		new(chat.Whisper), new(chat.Notify), new(chat.Gap),
	}
	var n int64
	for i, e := range events {
		fill(reflect.ValueOf(e).Elem(), &n)
		p := e.Where()
		p.Room, p.RoomID, p.Epoch, p.Seq = room, "123", 9, first+uint64(i)
	}
	return events
}

func body(t testing.TB, room string, events ...chat.Event) []byte {
	t.Helper()
	b, err := AppendBody(nil, testStamp, room, events)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// onlyPart reads a payload of one part.
func onlyPart(t testing.TB, payload []byte) Part {
	t.Helper()
	var parts []Part
	for p, err := range Parts(payload) {
		if err != nil {
			t.Fatal(err)
		}
		parts = append(parts, p)
	}
	if len(parts) != 1 {
		t.Fatalf("%d parts, want 1", len(parts))
	}
	return parts[0]
}

func decodeOnly(t testing.TB, payload []byte) []chat.Event {
	t.Helper()
	p := onlyPart(t, payload)
	events, err := p.Decode(string(p.Room))
	if err != nil {
		t.Fatal(err)
	}
	return events
}

func TestNoFieldOfAnEventIsForgotten(t *testing.T) {
	want := everyKind("ann", 5)
	got := decodeOnly(t, AppendPart(nil, Position{9, 5}, body(t, "ann", want...)))
	for i := range want {
		if !reflect.DeepEqual(got[i], want[i]) {
			t.Errorf("%T came back as\n%+v, want\n%+v", want[i], got[i], want[i])
		}
	}
}

func TestEmptyEventsComeBack(t *testing.T) {
	want := []chat.Event{
		&chat.Message{}, &chat.Message{Reply: &chat.Reply{}, User: &chat.User{}}, &chat.Clearing{}, &chat.Deletion{}, &chat.ModeChange{}, &chat.Announcement{}, &chat.Raid{},
		&chat.Gap{},
	}
	for i, e := range want {
		*e.Where() = chat.Place{Room: "ann", Epoch: 9, Seq: uint64(1 + i), Time: time.UnixMilli(0)}
	}
	got := decodeOnly(t, AppendPart(nil, Position{9, 1}, body(t, "ann", want...)))
	if !reflect.DeepEqual(got, want) {
		t.Errorf("%+v, want %+v", got, want)
	}
}

func TestDeletedActionComesBack(t *testing.T) {
	want := "\x01ACTION waves\x01"
	got := decodeOnly(t, AppendPart(nil, Position{9, 1}, body(t, "ann", &chat.Deletion{Text: want})))
	if text := got[0].(*chat.Deletion).Text; text != want {
		t.Errorf("%q, want %q", text, want)
	}
}

// TestWhatAnEdgeLetsThroughIsCarried: irc.IsCleanText lets DEL through, and one line that
// cannot be encoded would take those with it that are published at once.
func TestWhatAnEdgeLetsThroughIsCarried(t *testing.T) {
	want := "a\x7fb"
	got := decodeOnly(t, AppendPart(nil, Position{9, 1}, body(t, "ann", &chat.Message{Text: want})))
	if text := got[0].(*chat.Message).Text; text != want {
		t.Errorf("%q, want %q", text, want)
	}
}

func TestZeroTimeStaysZero(t *testing.T) {
	got := decodeOnly(t, AppendPart(nil, Position{9, 1}, body(t, "ann", &chat.Raid{})))
	if at := got[0].Where().Time; !at.IsZero() {
		t.Errorf("%v", at)
	}
}

func TestPartKnowsItsStamp(t *testing.T) {
	p := onlyPart(t, AppendPart(nil, Position{9, 1}, body(t, "ann", &chat.Raid{})))
	if p.Stamp != testStamp {
		t.Errorf("stamp %v, want %v", p.Stamp, testStamp)
	}
}

func TestPartKnowsThatItIsLate(t *testing.T) {
	first := body(t, "ann", &chat.Raid{ID: "1"}, &chat.Raid{ID: "2"})
	again := lateBody(first)
	for _, late := range []bool{false, true} {
		b := map[bool][]byte{false: first, true: again}[late]
		payload := AppendPart(nil, Position{9, 1}, b)
		if p := onlyPart(t, payload); p.Late != late || p.Stamp != testStamp || p.Count != 2 || len(b) != len(first) {
			t.Errorf("%+v, want late %v", p, late)
		}
		for i, e := range decodeOnly(t, payload) {
			if e.Where().Late != late {
				t.Errorf("event %d: %+v, want late %v", i, e.Where(), late)
			}
		}
	}
}

func TestDecodedEventsDoNotUseThePayload(t *testing.T) {
	want := everyKind("ann", 1)
	payload := AppendPart(nil, Position{9, 1}, body(t, "ann", want...))
	got := decodeOnly(t, payload)
	clear(payload)
	if !reflect.DeepEqual(got, want) {
		t.Errorf("%+v, want %+v", got, want)
	}
}

func TestPartsAreReadWithoutTheirEvents(t *testing.T) {
	payload := AppendPart(nil, Position{1, 10}, body(t, "ann", everyKind("ann", 10)...))
	payload = AppendPart(payload, Position{2, 20}, body(t, "bob", &chat.Raid{}))
	var got []string
	for p, err := range Parts(payload) {
		got = append(got, fmt.Sprintf("%s %v %d-%d %v", p.Room, p.First, p.Count, p.Last(), err))
	}
	want := []string{"ann {1 10} 9-18 <nil>", "bob {2 20} 1-20 <nil>"}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("%q, want %q", got, want)
	}
}

func TestPartThatCannotBeReadHidesNoOther(t *testing.T) {
	newer := body(t, "bob", &chat.Raid{})
	newer[0] = lateBit | 2
	payload := AppendPart(nil, Position{9, 1}, newer)
	payload = AppendPart(payload, Position{9, 1}, []byte{version, 200})
	payload = AppendPart(payload, Position{9, 1}, body(t, "ann", &chat.Raid{}))
	payload = append(payload, 0, 0, 1, 0, 9)
	var rooms []string
	var errs []error
	for p, err := range Parts(payload) {
		rooms = append(rooms, string(p.Room))
		errs = append(errs, err)
	}
	if want := []string{"", "", "ann", ""}; !reflect.DeepEqual(rooms, want) {
		t.Fatalf("rooms %q, want %q", rooms, want)
	}
	if !errors.Is(errs[0], ErrVersion) || !strings.Contains(errs[0].Error(), "version 2, this program reads version 1") {
		t.Errorf("another version: %v", errs[0])
	}
	if !errors.Is(errs[1], errDamaged) || errs[2] != nil || !errors.Is(errs[3], errDamaged) {
		t.Errorf("errors %v", errs)
	}
}

func TestEveryCutIsAnError(t *testing.T) {
	whole := body(t, "ann", everyKind("ann", 1)...)
	for n := range len(whole) {
		for p, err := range Parts(AppendPart(nil, Position{9, 1}, whole[:n])) {
			if err == nil {
				_, err = p.Decode("ann")
			}
			if !errors.Is(err, errDamaged) {
				t.Errorf("%d of %d bytes: %v", n, len(whole), err)
			}
		}
	}
}

func TestPositionMustBePossible(t *testing.T) {
	b := body(t, "ann", &chat.Raid{}, &chat.Raid{})
	for _, at := range []Position{{0, 1}, {1, 0}, {1, 1<<64 - 1}} {
		for _, err := range Parts(AppendPart(nil, at, b)) {
			if !errors.Is(err, errDamaged) {
				t.Errorf("%v: %v", at, err)
			}
		}
	}
}

func TestCountsAreBounded(t *testing.T) {
	b := body(t, "ann", &chat.Raid{})
	head := b[:len("v.ann12345678.")] // up to the count
	for _, count := range []uint64{0, 1 << 20, EventsMax, EventsMax + 1} {
		damaged := binary.AppendUvarint(bytes.Clone(head), count)
		damaged = append(damaged, make([]byte, 64)...)
		for _, err := range Parts(AppendPart(nil, Position{9, 1}, damaged)) {
			if !errors.Is(err, errDamaged) {
				t.Errorf("count %d: %v", count, err)
			}
		}
	}
}

func TestBodyBeyondABoundIsRefused(t *testing.T) {
	long := strings.Repeat("x", textBytesMax)
	many := make([]chat.Event, EventsMax)
	for i := range many {
		many[i] = &chat.Message{Text: long}
	}
	for name, events := range map[string][]chat.Event{
		"nothing":         nil,
		"too many events": append([]chat.Event{&chat.Raid{}}, many...),
		"too many bytes":  many,
		"a long text":     {&chat.Message{Text: long + "x"}},
		"a long id":       {&chat.Raid{ID: long}},
		"a line break":    {&chat.Message{Text: "a\r\nb"}},
		"no UTF-8":        {&chat.Message{Text: "\xff"}},
		"fewer than none": {&chat.Raid{Viewers: -1}},
		"no kind":         {nobody{}},
	} {
		before := []byte("before")
		if b, err := AppendBody(before, testStamp, "ann", events); err == nil || string(b) != "before" {
			t.Errorf("%s: %q, %v", name, b, err)
		}
	}
}

func TestAsideIsNoPart(t *testing.T) {
	aside := AppendAside([]byte("before"), []byte("body"))[len("before"):]
	if !IsAside(aside) || string(aside[1:]) != "body" {
		t.Errorf("%q", aside)
	}
	for _, err := range Parts(aside) {
		if err == nil {
			t.Error("an aside was read as a part")
		}
	}
	longest := AppendPart(nil, Position{1, 1}, make([]byte, PartBytesMax-partHead))
	for _, payload := range [][]byte{nil, longest, AppendAside(nil, make([]byte, AsideBytesMax))} {
		if IsAside(payload) {
			t.Errorf("an aside: %.10q of %d bytes", payload, len(payload))
		}
	}
}

type nobody struct{}

func (nobody) Where() *chat.Place { return &chat.Place{} }

func FuzzParts(f *testing.F) {
	f.Add(AppendPart(nil, Position{9, 1}, body(f, "ann", everyKind("ann", 1)...)))
	f.Add(AppendPart(nil, Position{9, 1}, lateBody(body(f, "ann", &chat.Raid{}))))
	f.Fuzz(func(t *testing.T, payload []byte) {
		for p, err := range Parts(payload) {
			if err != nil {
				continue
			}
			room := string(p.Room)
			events, err := p.Decode(room)
			if err != nil {
				continue
			}
			if len(events) != p.Count {
				t.Fatalf("%d events, want %d", len(events), p.Count)
			}
			b, err := AppendBody(nil, testStamp, room, events)
			if err != nil {
				if hasControl(room) || !utf8.ValidString(room) {
					continue // whoever reads compares rooms with its own, so they are not looked into
				}
				t.Fatalf("what was decoded cannot be encoded: %v", err)
			}
			again := decodeOnly(t, AppendPart(nil, p.First, b))
			if !reflect.DeepEqual(again, events) {
				t.Fatalf("%+v, want %+v", again, events)
			}
		}
	})
}
