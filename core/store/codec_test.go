package store

import (
	"bytes"
	"strings"
	"testing"
	"time"

	"uproar/core/chat"
)

func TestUnknownVersionIsAClearError(t *testing.T) {
	_, err := decodeMember([]byte("\x07{}"))
	if err == nil || !strings.Contains(err.Error(), "version 7") || !strings.Contains(err.Error(), "version 1") {
		t.Errorf("error %v", err)
	}
}

func TestLargestRoomFitsAValue(t *testing.T) {
	terms := make([]string, TermsMax)
	for i := range terms {
		terms[i] = strings.Repeat("\x01", TermBytesMax) // the longest when escaped
	}
	value, err := encodeRoom(&Room{Terms: terms})
	if err != nil {
		t.Fatal(err)
	}
	if room, err := decodeRoom(value); err != nil || len(room.Terms) != TermsMax {
		t.Errorf("%d terms of %d bytes, %v", len(room.Terms), len(value), err)
	}
	if _, err := decodeRoom(append(value, bytes.Repeat([]byte(" "), valueBytesMax)...)); err == nil {
		t.Error("a value beyond the bound is read")
	}
}

// FuzzDecode: no value panics, and what is read is written and read again as it was.
func FuzzDecode(f *testing.F) {
	until := time.UnixMilli(1_800_000_000_123).UTC()
	room, _ := encodeRoom(&Room{Modes: chat.Modes{Slow: time.Second, FollowersOnly: true, Unique: true}, Created: true, Terms: []string{"*ü", "b\""}})
	member, _ := encodeMember(&Member{Roles: chat.VIP, Banned: true, Until: until, Follows: until, First: LongAgo, Last: until, BannedFor: "r\x01"})
	account, _ := encodeAccount(&Account{Color: "#FF0000", Verified: true})
	for i, value := range [][]byte{room, member, account, {}, {codecVersion}, {2, '{', '}'}, []byte("\x01{\"until\":-1,\"first\":-1,\"last\":7}"), []byte("\x01{\"spoke\":true}"), []byte("\x01{\"until\":9223372036854775807}"), []byte("\x01{} {}")} {
		f.Add(uint8(i), value)
	}
	f.Fuzz(func(t *testing.T, kind uint8, value []byte) {
		var first, second []byte
		var err error
		switch kind % 3 {
		case 0:
			first, second, err = again(value, decodeRoom, encodeRoom)
		case 1:
			first, second, err = again(value, decodeMember, encodeMember)
		default:
			first, second, err = again(value, decodeAccount, encodeAccount)
		}
		if err != nil {
			return
		}
		if !bytes.Equal(first, second) {
			t.Errorf("%q is written as %q, then as %q", value, first, second)
		}
	})
}

// again reads a value, writes it, and reads and writes that. Its error is of the first
// read; one of what was written is a bug.
func again[R any](value []byte, decode func([]byte) (R, error), encode func(*R) ([]byte, error)) (first, second []byte, err error) {
	one, err := decode(value)
	if err != nil {
		return nil, nil, err
	}
	if first, err = encode(&one); err != nil {
		panic("BUG: cannot write what was read: " + err.Error())
	}
	two, err := decode(first)
	if err != nil {
		panic("BUG: cannot read what was written: " + err.Error())
	}
	second, err = encode(&two)
	return first, second, err
}
