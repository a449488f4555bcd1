package chat

import (
	"context"
	"sync/atomic"
	"time"

	"uproar/core/chat"
	"uproar/core/exchange"
)

// History is where lines are kept that this process has not heard: an exchange.Feed,
// whose Since says more.
type History interface {
	Since(ctx context.Context, room string, after exchange.Position) (parts [][]byte, head exchange.Position, err error)
}

// Bounds of what is asked of a History. Beyond, who comes back is told of a gap.
const (
	historyTimeout    = 250 * time.Millisecond // of one resume, its wait for the others included
	historyAskedMax   = 1024                   // resumes that ask or wait to
	historyAskedAtOne = 4                      // at a time: lines share a connection with the answers, of up to 1 MB
)

// historian asks a History for those who come back.
type historian struct {
	source History
	asked  atomic.Int32
	turns  chan struct{}
}

func newHistorian(source History) *historian {
	return &historian{source: source, turns: make(chan struct{}, historyAskedAtOne)}
}

// ask has tell called, on another goroutine, with what followed a line. It reports false
// when too much is asked already. at is the line's position if
// it is known.
func (h *historian) ask(room, id string, at exchange.Position, tell func(backlog)) bool {
	if h.asked.Add(1) > historyAskedMax {
		h.asked.Add(-1)
		return false
	}
	go func() {
		defer h.asked.Add(-1)
		ctx, cancel := context.WithTimeout(context.Background(), historyTimeout)
		defer cancel()
		var b backlog
		select {
		case h.turns <- struct{}{}:
			b = h.read(ctx, room, id, at)
			<-h.turns
		case <-ctx.Done():
		}
		tell(b)
	}()
	return true
}

// backlog is what a History has of a room behind a line.
type backlog struct {
	found  bool
	late   bool              // the line was delivered somewhere before the stream had it
	events []chat.Event      // with a Gap wherever something is missing
	head   exchange.Position // up to which nothing is missing but that
}

func (h *historian) read(ctx context.Context, room, id string, at exchange.Position) (b backlog) {
	_, head, err := h.source.Since(ctx, room, exchange.Position{})
	if err != nil || head.Epoch == 0 {
		return backlog{}
	}
	from := exchange.Position{Epoch: head.Epoch}
	if head.Seq > lookMax {
		from.Seq = head.Seq - lookMax
	}
	parts, head, err := h.source.Since(ctx, room, from)
	if err != nil || head.Epoch != from.Epoch {
		return backlog{}
	}
	b.head = head
	var last uint64 // seq of what has been read
	if at.Epoch == head.Epoch {
		b.found, last = true, at.Seq // even if nobody keeps the line itself any more
	}
	for _, e := range decode(room, head.Epoch, parts) {
		seq := e.Where().Seq
		named := idOf(e.Event) == id
		b.late = b.late || named && e.Where().Late
		switch {
		case named && !e.twice:
			b.found, b.events, last = true, nil, seq
		case b.found && seq > last:
			b.add(room, last, seq, e)
			last = seq
		}
	}
	if b.found && last < head.Seq {
		b.events = append(b.events, gapIn(room, head.Seq-last))
	}
	return b
}

// add appends the event with a seq to those up to last.
func (b *backlog) add(room string, last, seq uint64, e old) {
	if seq > last+1 {
		b.events = append(b.events, gapIn(room, seq-last-1))
	}
	if !e.twice {
		b.events = append(b.events, e.Event)
	}
}

// old is an event that a History keeps.
type old struct {
	chat.Event
	twice bool // it is there before, under another position
}

// decode returns the events of one epoch in parts. What cannot be read is left out.
func decode(room string, epoch uint64, parts [][]byte) (events []old) {
	heard := map[uint64]uint64{} // by publisher, the last number
	var upTo uint64              // seq of what has been read
	for _, payload := range parts {
		for part, err := range exchange.Parts(payload) {
			if err != nil || part.First.Epoch != epoch || string(part.Room) != room {
				continue
			}
			if part.Last() <= upTo {
				continue // answers may overlap
			}
			upTo = part.Last()
			twice := part.Stamp != (exchange.Stamp{}) && part.Stamp.Number <= heard[part.Stamp.Publisher]
			if !twice {
				heard[part.Stamp.Publisher] = part.Stamp.Number
			}
			if some, err := part.Decode(room); err == nil {
				for _, e := range some {
					events = append(events, old{e, twice})
				}
			}
		}
	}
	return events
}
