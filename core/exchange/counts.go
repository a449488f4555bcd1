package exchange

import (
	"errors"

	"github.com/VictoriaMetrics/metrics"
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
	received, passed, delivered, home, duplicates, repaired, shed  *metrics.Counter
	gaps, missed, asides, damaged, otherVersion, asked, unanswered *metrics.Counter
}

func newCounts(set *metrics.Set, x *Inbox) counts {
	set.GetOrCreateGauge(`uproar_exchange_held_bytes`, func() float64 { return float64(x.held.Load()) })
	return counts{
		received:     set.GetOrCreateCounter(`uproar_exchange_received_total`),
		passed:       set.GetOrCreateCounter(`uproar_exchange_passed_total`),
		delivered:    set.GetOrCreateCounter(`uproar_exchange_delivered_total`),
		home:         set.GetOrCreateCounter(`uproar_exchange_home_total`),
		duplicates:   set.GetOrCreateCounter(`uproar_exchange_duplicates_total`),
		repaired:     set.GetOrCreateCounter(`uproar_exchange_repaired_total`),
		shed:         set.GetOrCreateCounter(`uproar_exchange_shed_total`),
		gaps:         set.GetOrCreateCounter(`uproar_exchange_gaps_total`),
		missed:       set.GetOrCreateCounter(`uproar_exchange_missed_total`),
		asides:       set.GetOrCreateCounter(`uproar_exchange_asides_total`),
		damaged:      set.GetOrCreateCounter(`uproar_exchange_unreadable_total{reason="damaged"}`),
		otherVersion: set.GetOrCreateCounter(`uproar_exchange_unreadable_total{reason="version"}`),
		asked:        set.GetOrCreateCounter(`uproar_exchange_asked_total`),
		unanswered:   set.GetOrCreateCounter(`uproar_exchange_unanswered_total`),
	}
}

// unreadable counts the part that err is of; nil is of none.
func (c *counts) unreadable(err error) {
	switch {
	case err == nil:
	case errors.Is(err, ErrVersion):
		c.otherVersion.Inc()
	default:
		c.damaged.Inc()
	}
}

// Counts may be called by any goroutine. The numbers are not of one moment.
func (x *Inbox) Counts() Counts {
	c := &x.counts
	return Counts{
		Received: c.received.Get(), Passed: c.passed.Get(), Delivered: c.delivered.Get(), Home: c.home.Get(),
		Duplicates: c.duplicates.Get(), Repaired: c.repaired.Get(), Shed: c.shed.Get(),
		Gaps: c.gaps.Get(), Missed: c.missed.Get(), Asides: c.asides.Get(), Unreadable: c.damaged.Get(), OtherVersion: c.otherVersion.Get(),
		Asked: c.asked.Get(), Unanswered: c.unanswered.Get(), HeldBytes: uint64(x.held.Load()),
	}
}
