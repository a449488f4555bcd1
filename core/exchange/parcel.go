package exchange

import (
	"bytes"
	"errors"
	"fmt"
	"time"

	"uproar/core/chat"
)

// parcel is lines on their way: what is published at once. It is guarded by its outlet.
type parcel struct {
	Lines
	number uint64
	life   uint64    // of the outlet, when the bus was given it
	turn   uint32    // counts how often it was next
	taken  time.Time // from who published it
	given  time.Time // to the bus, last
	state  state
	home   bool     // delivered at home
	late   bool     // Body says so
	again  bool     // the bus has published it without saying so
	unsure bool     // a bus may have published it
	missed uint64   // it has become a gap, which stands for as many lines
	ids    []string // of its lines, if they are traced
	of     *publication
}

// state is where a parcel is.
type state uint8

const (
	next      state = iota // to be given to the bus
	under                  // the bus has it
	waiting                // in the backlog
	published              // kept until it comes home
)

// publication is a call of Sender.Publish: usually one parcel.
type publication struct {
	left int // parcels
	err  error
	done func(error)
}

// scratchMax is how many bytes an outlet keeps to encode into.
const scratchMax = 64 << 10

// pack makes parcels of events: one, or more if they are too long for one. o is locked.
func (o *outlet) pack(all []*parcel, of *publication, room string, events []chat.Event) ([]*parcel, error) {
	s := o.sender
	p := &parcel{Lines: Lines{Room: room, Count: len(events)}, number: s.number.Add(1), of: of}
	body, err := AppendBody(o.mu.scratch[:0], Stamp{s.cfg.Publisher, p.number}, room, events)
	if cap(body) <= scratchMax {
		o.mu.scratch = body[:0]
	}
	if err != nil {
		if !errors.Is(err, ErrTooLong) || len(events) == 1 {
			return nil, err
		}
		half := len(events) / 2
		if all, err = o.pack(all, of, room, events[:half]); err != nil {
			return nil, err
		}
		return o.pack(all, of, room, events[half:])
	}
	p.Body = bytes.Clone(body)
	p.Done = func(err error) { o.answered(p, err) }
	p.Recalled = func() bool { return o.life.Load() != p.life }
	if s.cfg.Trace != nil {
		for _, e := range events {
			if m, ok := e.(*chat.Message); ok {
				p.ids = append(p.ids, m.ID)
			}
		}
	}
	of.left++
	return append(all, p), nil
}

// unpack returns what a body holds, without positions: that of an event at home is not
// known.
func unpack(room string, body []byte) []chat.Event {
	part, err := readPart(AppendPart(nil, Position{1, 1}, body)[4:])
	if err == nil {
		var events []chat.Event
		if events, err = part.Decode(room); err == nil {
			for _, e := range events {
				e.Where().Epoch, e.Where().Seq = 0, 0
			}
			return events
		}
	}
	panic(fmt.Sprintf("BUG: cannot read what was encoded: %v", err))
}

// encodeGap makes the body of a parcel that is a gap.
func (p *parcel) encodeGap(publisher uint64) {
	first := unpack(p.Room, p.Body)[0].Where()
	gap := &chat.Gap{Place: chat.Place{RoomID: first.RoomID, Time: first.Time}, Missed: p.missed}
	body, err := AppendBody(nil, Stamp{publisher, p.number}, p.Room, []chat.Event{gap})
	if err != nil {
		panic("BUG: " + err.Error())
	}
	p.Body = body
}
