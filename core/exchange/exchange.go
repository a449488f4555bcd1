// Package exchange carries accepted lines from clue to every edge that has a member
// in the room, and to no other.
//
// Within a process that is Local: lines travel on the goroutine of who publishes them.
// Past one process lines travel as bytes (AppendBody, Parts), with a Position that the
// exchange gives them. Rooms are mapped to partitions, an edge takes those in which it
// has members (Feed), and its Inbox puts each room's lines in order, asks for what is
// missing, and tells of what is lost.
package exchange

import "uproar/core/chat"

// Deliver takes events, all of one room, in sequence order. It must not block and
// must not keep the slice; the events it may keep, they are immutable.
// It is called from many goroutines at once, but for one room by one at a time.
type Deliver func(room string, events []chat.Event)

// Local is the exchange of a process that is clue and edge in one: a line that is
// published is delivered on the spot.
//
// It has no Subscribe: with one edge there is nobody to spare. That edge drops a
// line of a room without members by the same lookup that finds the members, which
// is cheaper than a second table here that has to agree with it.
type Local struct {
	deliver Deliver
}

// NewLocal returns an exchange that hands every line to deliver.
func NewLocal(deliver Deliver) *Local {
	if deliver == nil {
		panic("BUG: exchange.NewLocal without a Deliver")
	}
	return &Local{deliver: deliver}
}

// Publish delivers the events, all of one room, in sequence order, and calls done(nil)
// before it returns. It never fails: its errors are there for the exchanges that have a
// network.
func (l *Local) Publish(room string, events []chat.Event, done func(error)) error {
	if len(events) > 0 {
		l.deliver(room, events)
	}
	done(nil)
	return nil
}
