package exchange

import "github.com/VictoriaMetrics/metrics"

// senderMeters are what a Sender counts: lines, but where they say otherwise.
type senderMeters struct {
	went        *metrics.Counter // times that a partition went away
	republished *metrics.Counter // published after they had been delivered at home
	dropped     *metrics.Counter // that fell out of a backlog
	announced   *metrics.Counter // of these, those in a gap that was published
	unannounced *metrics.Counter // of these, those for whose gap there was no room
}

func newSenderMeters(set *metrics.Set, s *Sender) senderMeters {
	set.GetOrCreateGauge(`uproar_exchange_away_partitions`, func() float64 { return float64(s.away.Load()) })
	set.GetOrCreateGauge(`uproar_exchange_backlog_lines`, func() float64 { return float64(s.lines.Load()) })
	set.GetOrCreateGauge(`uproar_exchange_backlog_bytes`, func() float64 { return float64(s.bytes.Load()) })
	return senderMeters{
		went:        set.GetOrCreateCounter(`uproar_exchange_away_total`),
		republished: set.GetOrCreateCounter(`uproar_exchange_republished_total`),
		dropped:     set.GetOrCreateCounter(`uproar_exchange_dropped_total`),
		announced:   set.GetOrCreateCounter(`uproar_exchange_announced_total`),
		unannounced: set.GetOrCreateCounter(`uproar_exchange_unannounced_total`),
	}
}

// SenderCounts is what a Sender has counted since it was made; lines, but for Away.
type SenderCounts struct {
	Away        uint64 // times that a partition went away
	Republished uint64 // published after they had been delivered at home
	Dropped     uint64 // that fell out of a backlog
	Announced   uint64 // of these, those in a gap that was published
	Unannounced uint64 // of these, those for whose gap there was no room
	Backlog     uint64 // now: not yet published
}

// Counts may be called by any goroutine. The numbers are not of one moment.
func (s *Sender) Counts() SenderCounts {
	m := &s.meters
	return SenderCounts{
		Away: m.went.Get(), Republished: m.republished.Get(), Dropped: m.dropped.Get(),
		Announced: m.announced.Get(), Unannounced: m.unannounced.Get(), Backlog: uint64(s.lines.Load()),
	}
}
