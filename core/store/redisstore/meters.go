package redisstore

import (
	"fmt"

	"github.com/VictoriaMetrics/metrics"
)

// meters are what is counted of one shard: a server, a node of a cluster, or what goes
// through the cluster as a whole.
type meters struct {
	roundTrips *metrics.Counter   // pipelines sent, answered or not, those that a script or a redirection had to be sent again included
	commands   *metrics.Counter   // sent
	seconds    *metrics.Histogram // until its last answer, or until it failed; longer than callers wait
	failed     *metrics.Counter   // commands that were answered with an error, or not at all
	refused    *metrics.Counter   // calls that were not made: too many were under way, or the breaker was open
	open       *metrics.Gauge     // 1 while the breaker is
	subscribed *metrics.Counter   // subscriptions of Watch; more than one per server: it was lost between
}

func newMeters(set *metrics.Set, shard string) meters {
	return meters{
		roundTrips: set.GetOrCreateCounter(fmt.Sprintf(`uproar_store_round_trips_total{shard=%q}`, shard)),
		commands:   set.GetOrCreateCounter(fmt.Sprintf(`uproar_store_commands_total{shard=%q}`, shard)),
		seconds:    set.GetOrCreateHistogram(fmt.Sprintf(`uproar_store_round_trip_seconds{shard=%q}`, shard)),
		failed:     set.GetOrCreateCounter(fmt.Sprintf(`uproar_store_errors_total{shard=%q}`, shard)),
		refused:    set.GetOrCreateCounter(fmt.Sprintf(`uproar_store_refused_total{shard=%q}`, shard)),
		open:       set.GetOrCreateGauge(fmt.Sprintf(`uproar_store_breaker_open{shard=%q}`, shard), nil),
		subscribed: set.GetOrCreateCounter(fmt.Sprintf(`uproar_store_subscriptions_total{shard=%q}`, shard)),
	}
}
