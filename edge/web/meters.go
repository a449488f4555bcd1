package web

import (
	"fmt"

	"github.com/VictoriaMetrics/metrics"
)

// meters count what the port answers below hls.Prefix.
type meters struct {
	responses [600]*metrics.Counter // by status
	refused   map[error]*metrics.Counter
}

func (m *meters) export(set *metrics.Set) {
	for _, status := range []int{200, 204, 206, 304, 400, 403, 404, 405, 416, 502, 503, 504, 508} {
		m.responses[status] = set.NewCounter(fmt.Sprintf(`uproar_hls_responses_total{status="%d"}`, status))
	}
	m.refused = map[error]*metrics.Counter{}
	for err, reason := range map[error]string{
		errNoToken: "no_token", errBadToken: "malformed", errBadSig: "signature", errExpired: "expired", errChannel: "channel",
	} {
		m.refused[err] = set.NewCounter(fmt.Sprintf(`uproar_hls_denied_total{reason=%q}`, reason))
	}
}

// answered counts an answer. A Node has no other statuses.
func (m *meters) answered(status int) {
	if c := m.responses[status]; c != nil {
		c.Inc()
	}
}
