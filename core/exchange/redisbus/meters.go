package redisbus

import "github.com/VictoriaMetrics/metrics"

// meters are what a Bus counts. Lines are events of a room, of whatever kind.
type meters struct {
	published *metrics.Counter   // lines that are in their stream
	publishes *metrics.Counter   // flushes that took effect: one PUBLISH each
	seconds   *metrics.Histogram // of a line, from Publish to the answer that it is published
	again     *metrics.Counter   // flushes sent again
	busy      *metrics.Counter   // lines refused: the partition's queue was full
	unsent    *metrics.Counter   // lines that were not sent in time
	unsure    *metrics.Counter   // lines that were sent and not answered

	payloads   *metrics.Counter // that came
	shed       *metrics.Counter // payloads dropped because a lane was full
	subscribed *metrics.Counter // subscriptions that a server confirmed
	lost       *metrics.Counter // connections for subscriptions that ended, or could not be made
	repairs    *metrics.Counter // reads of a room's stream
	repairsBad *metrics.Counter // of these, those without an answer

	asides        *metrics.Counter // sent
	asidesDropped *metrics.Counter // not sent: too many waited, or the server did not take them
}

func newMeters(set *metrics.Set) *meters {
	return &meters{
		published:  set.GetOrCreateCounter(`uproar_exchange_published_total`),
		publishes:  set.GetOrCreateCounter(`uproar_exchange_publishes_total`),
		seconds:    set.GetOrCreateHistogram(`uproar_exchange_publish_seconds`),
		again:      set.GetOrCreateCounter(`uproar_exchange_publish_retries_total`),
		busy:       set.GetOrCreateCounter(`uproar_exchange_unpublished_total{reason="busy"}`),
		unsent:     set.GetOrCreateCounter(`uproar_exchange_unpublished_total{reason="unsent"}`),
		unsure:     set.GetOrCreateCounter(`uproar_exchange_unpublished_total{reason="unsure"}`),
		payloads:   set.GetOrCreateCounter(`uproar_exchange_redis_payloads_total`),
		shed:       set.GetOrCreateCounter(`uproar_exchange_redis_shed_total`),
		subscribed: set.GetOrCreateCounter(`uproar_exchange_redis_subscriptions_total`),
		lost:       set.GetOrCreateCounter(`uproar_exchange_redis_lost_total`),
		repairs:    set.GetOrCreateCounter(`uproar_exchange_redis_repairs_total`),
		repairsBad: set.GetOrCreateCounter(`uproar_exchange_redis_repairs_failed_total`),

		asides:        set.GetOrCreateCounter(`uproar_exchange_redis_asides_total`),
		asidesDropped: set.GetOrCreateCounter(`uproar_exchange_redis_asides_dropped_total`),
	}
}
