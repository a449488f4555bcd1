package tier

import (
	"fmt"

	"github.com/VictoriaMetrics/metrics"
)

type meters struct {
	failovers, hedged, continued, strange *metrics.Counter
}

func (m *meters) init(set *metrics.Set, s *Source) {
	m.failovers = set.NewCounter(`uproar_hls_upstream_failovers_total`)
	m.hedged = set.NewCounter(`uproar_hls_upstream_hedged_total`)
	m.continued = set.NewCounter(`uproar_hls_upstream_continued_total`)
	m.strange = set.NewCounter(`uproar_hls_upstream_strange_total`)
	for i, n := range s.nodes {
		set.NewGauge(fmt.Sprintf(`uproar_hls_upstream_up{node=%q}`, n.addr), func() float64 { return float64(btoi(n.up(s.cfg.Now()))) })
		set.NewGauge(fmt.Sprintf(`uproar_hls_upstream_channels{node=%q}`, n.addr), func() float64 { return float64(s.choice.load(i)) })
	}
}
