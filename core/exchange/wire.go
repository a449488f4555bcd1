package exchange

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"

	"uproar/core/chat"
)

// A payload is what travels at once: one PUBLISH, one frame of a link. It is a sequence
// of parts, each with events of one room:
//
//	u32   length in bytes of what follows; big endian, as are the next two
//	u64   epoch                              \ the part's position, see Position:
//	u64   seq of the first event             / who publishes it does not know it
//	body, which the publisher makes:
//	  byte    version, 1; the highest bit says that the body is late, see Part
//	  string  room; uvarint length and bytes, as are all strings
//	  u64     who publishes it, big endian; see Stamp
//	  uvarint number of the body, see Stamp
//	  string  id of the room
//	  uvarint count of events
//	  events, each a byte for its kind and its fields
//
// Numbers are uvarints, what may be negative is a zigzag varint, times and durations
// are milliseconds, and what is finer is cut off.
const (
	version = 1
	lateBit = 0x80
	// partHead is what stands before the body, without the length.
	partHead = 8 + 8
	// eventBytesLeast is of an event without anything in it: a kind and a time.
	eventBytesLeast = 2
)

// Bounds of a part. AppendBody refuses what is beyond them, and so does whoever reads.
const (
	EventsMax    = 4096    // events of one part
	PartBytesMax = 1 << 20 // bytes of one part, its length excluded

	textBytesMax   = 4 * chat.TextRunesMax
	idBytesMax     = 64
	nameBytesMax   = 128     // a login, a room, a display name
	colorBytesMax  = 32      // "#RRGGBB", or a word
	emotesBytesMax = 1 << 15 // 250 emotes with the longest ids
	noticeBytesMax = 4096    // what members are told of a mode
	viewersMax     = 1 << 40
	loginsMax      = 1024 // of one Notify
)

// ErrVersion is wrapped by the error of a part in a version that this program does not
// know: it was published by a newer one.
var ErrVersion = errors.New("unknown version")

// errDamaged is of bytes that no publisher has made.
var errDamaged = errors.New("damaged")

// The kinds of events.
const (
	kindMessage byte = 1 + iota
	kindClearing
	kindDeletion
	kindModeChange
	kindAnnouncement
	kindRaid
	kindWhisper
	kindNotify
	kindGap
)

// Stamp names a body, so that one that is published again, because nobody could say whether
// it had been, reaches members once. The zero Stamp names nothing.
type Stamp struct {
	Publisher uint64 // a random number of the process
	Number    uint64 // of its bodies in the room, from 1; it grows, and may leave numbers out
}

// AppendBody appends the body of a part: events of one room, in order. What is in Place
// goes as Room, RoomID and Late of the first event, and each one's Time; Epoch and Seq are
// left out, they are the position that the part gets.
//
// It fails, and returns b as it was, when there are no events, when they are beyond the
// bounds of a part (ErrTooLong), or when a text holds what no client may be sent.
func AppendBody(b []byte, stamp Stamp, room string, events []chat.Event) ([]byte, error) {
	switch {
	case len(events) == 0:
		return b, fmt.Errorf("cannot encode events of room %q: there are none", room)
	case len(events) > EventsMax:
		return b, fmt.Errorf("cannot encode %d events of room %q: want at most %d: %w", len(events), room, EventsMax, ErrTooLong)
	}
	first := version
	if events[0].Where().Late {
		first |= lateBit
	}
	w := writer{b: append(b, byte(first))}
	w.text(room, nameBytesMax)
	w.b = binary.BigEndian.AppendUint64(w.b, stamp.Publisher)
	w.uint(stamp.Number)
	w.text(events[0].Where().RoomID, idBytesMax)
	w.uint(uint64(len(events)))
	for _, e := range events {
		w.event(e)
	}
	if size := len(w.b) - len(b) + partHead; w.err == nil && size > PartBytesMax {
		w.err = fmt.Errorf("a part of %d bytes, want at most %d: %w", size, PartBytesMax, ErrTooLong)
	}
	if w.err != nil {
		return b, fmt.Errorf("cannot encode events of room %q: %w", room, w.err)
	}
	return w.b, nil
}

// AppendPart appends the part of a body whose first event has position first. The body
// is one of AppendBody.
func AppendPart(b []byte, first Position, body []byte) []byte {
	b = binary.BigEndian.AppendUint32(b, uint32(partHead+len(body)))
	b = binary.BigEndian.AppendUint64(b, first.Epoch)
	b = binary.BigEndian.AppendUint64(b, first.Seq)
	return append(b, body...)
}

// lateBody is the body as it is published when its lines have been delivered at home.
func lateBody(body []byte) []byte {
	b := bytes.Clone(body) // a bus may have the other still
	b[0] |= lateBit
	return b
}
