package exchange

import (
	"errors"
	"sync/atomic"
)

// Counts is what an Inbox has counted since it was made. Numbers are events but where
// they say otherwise.
type Counts struct {
	Received     uint64 // that the Feed brought, of rooms with members
	Passed       uint64 // that it brought, of rooms without
	Delivered    uint64
	Home         uint64 // of Delivered, those that came to Home
	Duplicates   uint64 // that came again
	Repaired     uint64 // of Delivered, those that had to be asked for
	Shed         uint64 // held ahead and dropped, because too much was; they are asked for
	Gaps         uint64 // that members were told of: gaps, not events
	Missed       uint64 // in these gaps, as far as they can be counted
	Asides       uint64 // that came
	Unreadable   uint64 // parts that cannot be read
	OtherVersion uint64 // parts in another version, which are no damage
	Asked        uint64 // questions to the stream
	Unanswered   uint64 // of these, those without an answer
	HeldBytes    uint64 // now, of events whose predecessors are missing
}

type counts struct {
	received, passed, delivered, duplicates, repaired, shed atomic.Uint64
	gaps, missed, damaged, otherVersion, asked, unanswered  atomic.Uint64
	asides, home                                            atomic.Uint64
}

// unreadable counts the part that err is of; nil is of none.
func (c *counts) unreadable(err error) {
	switch {
	case err == nil:
	case errors.Is(err, ErrVersion):
		c.otherVersion.Add(1)
	default:
		c.damaged.Add(1)
	}
}

// Counts may be called by any goroutine. The numbers are not of one moment.
func (x *Inbox) Counts() Counts {
	c := &x.counts
	return Counts{
		Received: c.received.Load(), Passed: c.passed.Load(), Delivered: c.delivered.Load(),
		Duplicates: c.duplicates.Load(), Repaired: c.repaired.Load(), Shed: c.shed.Load(),
		Gaps: c.gaps.Load(), Missed: c.missed.Load(), Asides: c.asides.Load(), Home: c.home.Load(), Unreadable: c.damaged.Load(), OtherVersion: c.otherVersion.Load(),
		Asked: c.asked.Load(), Unanswered: c.unanswered.Load(), HeldBytes: uint64(x.held.Load()),
	}
}
