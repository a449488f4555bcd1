package uplink

import "github.com/VictoriaMetrics/metrics"

// feedMeters are what a Feed counts.
type feedMeters struct {
	payloads, payloadBytes *metrics.Counter
	subscribed             *metrics.Counter
	sinces, sincesFailed   *metrics.Counter
	asidesDropped          *metrics.Counter
}

// newFeedMeters shares them among the feeds of a process: an edge that relays has two.
func newFeedMeters(set *metrics.Set) feedMeters {
	return feedMeters{
		payloads:      set.GetOrCreateCounter(`uproar_uplink_payloads_total`),
		payloadBytes:  set.GetOrCreateCounter(`uproar_uplink_payload_bytes_total`),
		subscribed:    set.GetOrCreateCounter(`uproar_uplink_subscriptions_total`),
		sinces:        set.GetOrCreateCounter(`uproar_uplink_sinces_total`),
		sincesFailed:  set.GetOrCreateCounter(`uproar_uplink_sinces_failed_total`),
		asidesDropped: set.GetOrCreateCounter(`uproar_uplink_asides_dropped_total`),
	}
}
