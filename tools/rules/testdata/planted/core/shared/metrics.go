// Package shared makes metrics.
package shared

import (
	"fmt"

	"github.com/VictoriaMetrics/metrics"
)

var (
	lines  = metrics.NewCounter(`uproar_lines_total{kind="chat"}`)
	again  = metrics.GetOrCreateCounter(`uproar_lines_total{kind="chat"}`)
	gauge  = metrics.NewGauge("members", nil)
	own    = metrics.NewSet().NewHistogram("uproar_flush_seconds")
	others = metrics.NewSet().NewSummary("flush_seconds")
)

func perLoop(set *metrics.Set, name string, n int) { set.NewGauge(fmt.Sprintf(name, n), nil) }

func export(set *metrics.Set) {
	set.NewGauge(fmt.Sprintf(`rooms{loop="%d"}`, 1), nil)
	set.NewGauge("queue"+`{loop="1"}`, nil)
	perLoop(set, `loop_lag_seconds{loop="%d"}`, 1)
	perLoop(set, `uproar_loop_lag_seconds{loop="%d"}`, 1)
}
