package exchange

import (
	"encoding/binary"
	"fmt"
	"iter"

	"uproar/core/chat"
)

// Part is what a payload holds of one room. Its slices point into the payload.
type Part struct {
	Room  []byte
	First Position // of its first event; the others follow
	Count int      // of its events, 1 to EventsMax

	Stamp Stamp // of the body
	// Late says that the events were delivered where they were said before they had this
	// position: members there may not have read what is before them in the stream.
	Late bool

	rest []byte // of the body: the id of the room, the count, the events
}

// Parts yields the parts of a payload, without a look at their events: it is cheap to
// pass over those of rooms without members. The error of a part that cannot be read
// comes in its place, and the next ones follow: it wraps ErrVersion if another version
// is all that is wrong. When the payload itself is cut short, the error is the last.
func Parts(payload []byte) iter.Seq2[Part, error] {
	return func(yield func(Part, error) bool) {
		for len(payload) > 0 {
			if len(payload) < 4 {
				yield(Part{}, fmt.Errorf("cannot read a part: %w: %d bytes are left of the payload", errDamaged, len(payload)))
				return
			}
			n := binary.BigEndian.Uint32(payload)
			payload = payload[4:]
			if n > PartBytesMax || int(n) > len(payload) {
				yield(Part{}, fmt.Errorf("cannot read a part: %w: it has %d bytes, the payload %d, the bound is %d", errDamaged, n, len(payload), PartBytesMax))
				return
			}
			if !yield(readPart(payload[:n:n])) {
				return
			}
			payload = payload[n:]
		}
	}
}

// readPart reads what comes before the events.
func readPart(b []byte) (Part, error) {
	if len(b) <= partHead {
		return Part{}, fmt.Errorf("cannot read a part: %w: it has %d bytes", errDamaged, len(b))
	}
	var p Part
	p.First.Epoch = binary.BigEndian.Uint64(b)
	p.First.Seq = binary.BigEndian.Uint64(b[8:])
	b = b[partHead:]
	if b[0]&^lateBit != version {
		return Part{}, fmt.Errorf("cannot read a part: %w %d, this program reads version %d", ErrVersion, b[0]&^lateBit, version)
	}
	p.Late = b[0]&lateBit != 0
	room, b, ok := cut(b[1:], nameBytesMax)
	if !ok || len(b) < 8 {
		return Part{}, fmt.Errorf("cannot read a part: %w: the room", errDamaged)
	}
	p.Room, p.Stamp.Publisher = room, binary.BigEndian.Uint64(b)
	number, n := binary.Uvarint(b[8:])
	if n <= 0 {
		return Part{}, fmt.Errorf("cannot read a part: %w: its number", errDamaged)
	}
	p.Stamp.Number, p.rest = number, b[8+n:]
	_, b, ok = cut(p.rest, idBytesMax)
	count, n := binary.Uvarint(b)
	if !ok || n <= 0 || count == 0 || count > EventsMax || count > uint64(len(b)-n)/eventBytesLeast {
		return Part{}, fmt.Errorf("cannot read a part: %w: %d events", errDamaged, count)
	}
	p.Count = int(count)
	if last := p.First.Seq + count - 1; p.First.Epoch == 0 || p.First.Seq == 0 || last < p.First.Seq {
		return Part{}, fmt.Errorf("cannot read a part: %w: position %v", errDamaged, p.First)
	}
	return p, nil
}

// Last is the seq of the last event.
func (p *Part) Last() uint64 { return p.First.Seq + uint64(p.Count) - 1 }

// Decode returns the events. Place is filled in: room, which should equal p.Room, is
// theirs, so that all events of a room share one string. The events are no part of the
// payload.
//
// The texts of a part share one string, and its messages one array, 32 at a time: one
// event that is kept keeps these.
func (p *Part) Decode(room string) ([]chat.Event, error) {
	r := reader{s: string(p.rest)}
	place := chat.Place{Room: room, RoomID: r.text(idBytesMax), Epoch: p.First.Epoch, Late: p.Late}
	r.uint() // the count
	events := make([]chat.Event, 0, p.Count)
	for i := range p.Count {
		place.Seq = p.First.Seq + uint64(i)
		r.left = p.Count - i
		e := r.event(&place)
		if r.err != nil {
			return nil, fmt.Errorf("cannot decode event %d of room %q: %w", place.Seq, room, r.err)
		}
		events = append(events, e)
	}
	if r.s != "" {
		return nil, fmt.Errorf("cannot decode events of room %q: %w: %d bytes after them", room, errDamaged, len(r.s))
	}
	return events, nil
}

// cut cuts a string of at most bytesMax bytes off.
func cut(b []byte, bytesMax int) (s, rest []byte, ok bool) {
	n, head := binary.Uvarint(b)
	if head <= 0 || n > uint64(bytesMax) || n > uint64(len(b)-head) {
		return nil, nil, false
	}
	b = b[head:]
	return b[:n], b[n:], true
}
