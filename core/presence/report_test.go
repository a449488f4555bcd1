package presence

import (
	"encoding/binary"
	"errors"
	"fmt"
	"reflect"
	"strings"
	"testing"

	"uproar/core/exchange"
)

// body is an aside's, as an edge tells it.
func body(edge uint64, number uint32, all ...Room) []byte {
	b := appendHead(nil, edge, number)
	for i := range all {
		b = appendRoom(b, &all[i])
	}
	return b
}

func listed(name string, names ...string) Room {
	return Room{Name: name, Seats: len(names), Named: len(names), Names: names}
}

// room is t as who told it had it.
func (t *told) room() Room {
	r := Room{Name: string(t.name), Seats: int(t.seats), Named: int(t.named), Host: t.flags&flagHost != 0}
	if len(t.names) > 0 {
		r.Names = appendNames(nil, string(t.names))
	}
	return r
}

func crowd(n int) (names []string) {
	for i := range n {
		names = append(names, fmt.Sprintf("user%04d", i))
	}
	return names
}

func TestReportComesBackWhole(t *testing.T) {
	want := []Room{
		{Name: "quiet", Seats: 3},
		{Name: "empty"},
		{Name: "home", Seats: 5, Named: 2, Host: true, Names: []string{"ann", "home"}},
		{Name: "big", Seats: 100_000, Named: 70_000, Host: true},
		{Name: strings.Repeat("x", 25), Seats: 1, Named: 1, Names: []string{strings.Repeat("y", 25)}},
		listed("full", crowd(NamesMax)...),
	}
	in := append([]Room{}, want...)
	in[2].Names = []string{"home", "ann"} // in any order
	h, rest, err := readHead(body(1<<63, 7, in...))
	if err != nil || h != (head{1 << 63, 7}) {
		t.Fatalf("head %+v: %v", h, err)
	}
	var got []Room
	for told, err := range rooms(rest) {
		if err != nil || !told.checkNames() {
			t.Fatalf("room %s: %v", told.name, err)
		}
		got = append(got, told.room())
	}
	if !reflect.DeepEqual(got, want) {
		t.Fatalf("got %+v\nwant %+v", got, want)
	}
}

func TestNamesThatAreTooManyAreNotTold(t *testing.T) {
	_, rest, _ := readHead(body(1, 1, listed("full", crowd(NamesMax+1)...)))
	for told, err := range rooms(rest) {
		if err != nil || len(told.names) > 0 || told.named != NamesMax+1 || told.flags&flagListed != 0 {
			t.Fatalf("%+v: %v", told, err)
		}
	}
}

func TestLongestRoomFitsAnAside(t *testing.T) {
	if 1+headLen+roomBytesMax > exchange.AsideBytesMax {
		t.Fatalf("a room of %d bytes, an aside of %d", roomBytesMax, exchange.AsideBytesMax)
	}
}

func TestDamagedReportsAreRefused(t *testing.T) {
	if _, _, err := readHead(append([]byte{2}, body(1, 1)[1:]...)); !errors.Is(err, errVersion) {
		t.Errorf("version 2: %v", err)
	}
	for name, b := range map[string][]byte{
		"empty":     {},
		"short":     body(1, 1)[:headLen-1],
		"of nobody": body(0, 1),
		"too long":  append(body(1, 1), make([]byte, exchange.AsideBytesMax-headLen)...),
	} {
		if _, _, err := readHead(b); !errors.Is(err, errDamaged) {
			t.Errorf("%s: %v", name, err)
		}
	}
	one := func(seats, named uint64, flags byte, names ...string) []byte {
		var list []byte
		for _, name := range names {
			list = append(append(list, byte(len(name))), name...)
		}
		b := append([]byte{4}, "room"...)
		b = append(binary.AppendUvarint(binary.AppendUvarint(b, seats), named), flags)
		return append(binary.AppendUvarint(b, uint64(len(list))), list...)
	}
	whole := one(2, 2, flagListed, "ann", "bob")
	for name, b := range map[string][]byte{
		"whole":               whole,
		"cut short":           whole[:len(whole)-1],
		"a name for a room":   append([]byte{1, 'A'}, one(1, 0, 0)[5:]...),
		"too many seats":      one(seatsMax+1, 0, 0),
		"more names":          one(1, 2, flagListed, "ann", "bob"),
		"fewer names":         one(3, 3, flagListed, "ann", "bob"),
		"names of a crowd":    one(2, 2, 0, "ann", "bob"),
		"unsorted":            one(2, 2, flagListed, "bob", "ann"),
		"twice":               one(2, 2, flagListed, "ann", "ann"),
		"no name":             one(2, 2, flagListed, "", "ann"),
		"a name that injects": one(1, 1, flagListed, "a\r\nQUIT"),
		"unknown flag":        one(1, 0, 4),
		"over the list":       one(1, 1, flagListed, "ann")[:len(one(1, 1, flagListed, "ann"))-1],
	} {
		ok := true
		for told, err := range rooms(b) {
			ok = ok && err == nil && told.checkNames()
		}
		if ok != (name == "whole") {
			t.Errorf("%s: read is %v", name, ok)
		}
	}
}

// FuzzReport holds what is read to its bounds, and to what is written.
func FuzzReport(f *testing.F) {
	f.Add(body(1, 1))
	f.Add(body(1<<63, 1<<31, listed("room", "ann", "bob"), Room{Name: "big", Seats: 1e6, Named: 1e5, Host: true}))
	f.Add(body(5, 0, Room{Name: "empty"}, listed("full", crowd(30)...)))
	f.Fuzz(func(t *testing.T, in []byte) {
		h, rest, err := readHead(in)
		if err != nil {
			return
		}
		out := appendHead(nil, h.edge, h.number)
		for told, err := range rooms(rest) {
			if err != nil || !told.checkNames() {
				return
			}
			r := told.room()
			if len(r.Names) > NamesMax || r.Named > r.Seats || len(told.names) > 0 && len(r.Names) != r.Named {
				t.Fatalf("read %+v", r)
			}
			out = appendRoom(out, &r)
		}
		again, _, err := readHead(out)
		if err != nil || again != h || len(out) > len(in)+len(rest) {
			t.Fatalf("%d bytes become %d, %+v becomes %+v: %v", len(in), len(out), h, again, err)
		}
	})
}
