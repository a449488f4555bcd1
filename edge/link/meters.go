package link

import "github.com/VictoriaMetrics/metrics"

// meters are what a relay counts.
type meters struct {
	children               *metrics.Counter // handshakes done
	refused                *metrics.Counter
	payloads, lost         *metrics.Counter // from above; by a loop whose mailbox was full
	deliveries, missed     *metrics.Counter // to children
	sinces, sincesRefused  *metrics.Counter
	sincesMerged           *metrics.Counter
	sincesFailed, toldAnew *metrics.Counter
	asides                 *metrics.Counter // from children
	parted                 *metrics.Counter // children, since the relay was cut off
}

func newMeters(set *metrics.Set) meters {
	return meters{
		children:      set.NewCounter(`uproar_link_children_total`),
		refused:       set.NewCounter(`uproar_link_refused_total`),
		payloads:      set.NewCounter(`uproar_link_payloads_total`),
		lost:          set.NewCounter(`uproar_link_payloads_lost_total`),
		deliveries:    set.NewCounter(`uproar_link_deliveries_total`),
		missed:        set.NewCounter(`uproar_link_deliveries_missed_total`),
		sinces:        set.NewCounter(`uproar_link_sinces_total`),
		sincesMerged:  set.NewCounter(`uproar_link_sinces_merged_total`),
		sincesRefused: set.NewCounter(`uproar_link_sinces_refused_total`),
		sincesFailed:  set.NewCounter(`uproar_link_sinces_failed_total`),
		toldAnew:      set.NewCounter(`uproar_link_gaps_told_total`),
		parted:        set.NewCounter(`uproar_link_parted_total`),
		asides:        set.NewCounter(`uproar_link_asides_total`),
	}
}
