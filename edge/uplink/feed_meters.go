package uplink

import "github.com/VictoriaMetrics/metrics"

// feedMeters are what a Feed counts.
type feedMeters struct {
	payloads, payloadBytes *metrics.Counter
	subscribed             *metrics.Counter
	sinces, sincesFailed   *metrics.Counter
	asidesDropped          *metrics.Counter
}

func newFeedMeters(set *metrics.Set) feedMeters {
	return feedMeters{
		payloads:      set.NewCounter(`uproar_uplink_payloads_total`),
		payloadBytes:  set.NewCounter(`uproar_uplink_payload_bytes_total`),
		subscribed:    set.NewCounter(`uproar_uplink_subscriptions_total`),
		sinces:        set.NewCounter(`uproar_uplink_sinces_total`),
		sincesFailed:  set.NewCounter(`uproar_uplink_sinces_failed_total`),
		asidesDropped: set.NewCounter(`uproar_uplink_asides_dropped_total`),
	}
}
