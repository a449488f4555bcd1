package uplink

import (
	"fmt"

	"github.com/VictoriaMetrics/metrics"
)

// peerMeters are of all links of one use.
type peerMeters struct {
	open  *metrics.Gauge
	ups   *metrics.Counter
	busy  *metrics.Counter
	downs map[Cause]*metrics.Counter
}

func newPeerMeters(set *metrics.Set, use string) peerMeters {
	m := peerMeters{
		open:  set.GetOrCreateGauge(fmt.Sprintf(`uproar_uplink_connections{to=%q}`, use), nil),
		ups:   set.GetOrCreateCounter(fmt.Sprintf(`uproar_uplink_ups_total{to=%q}`, use)),
		busy:  set.GetOrCreateCounter(fmt.Sprintf(`uproar_uplink_busy_total{to=%q}`, use)),
		downs: map[Cause]*metrics.Counter{},
	}
	for _, c := range []Cause{CauseRefused, CauseTimeout, CauseRejected, CauseProtocol, CauseLost} {
		m.downs[c] = set.GetOrCreateCounter(fmt.Sprintf(`uproar_uplink_downs_total{to=%q,cause=%q}`, use, c))
	}
	return m
}
