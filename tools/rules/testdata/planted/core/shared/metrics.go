// Package shared makes metrics.
package shared

import "github.com/VictoriaMetrics/metrics"

var (
	lines  = metrics.NewCounter(`uproar_lines_total{kind="chat"}`)
	again  = metrics.GetOrCreateCounter(`uproar_lines_total{kind="chat"}`)
	gauge  = metrics.NewGauge("members", nil)
	own    = metrics.NewSet().NewHistogram("uproar_flush_seconds")
	others = metrics.NewSet().NewSummary("flush_seconds")
)
