package engine

import (
	"fmt"
	"time"

	"github.com/VictoriaMetrics/metrics"
)

type counters struct {
	opened  []*metrics.Counter
	closed  [][reasonCount]*metrics.Counter
	blocked *metrics.Counter
}

// exportMetrics registers what the engine counts. Loops count plainly and publish
// at the end of a turn; a scrape reads what was published.
func (e *Engine) exportMetrics(set *metrics.Set) {
	for _, l := range e.cfg.Listeners {
		e.counters.opened = append(e.counters.opened,
			set.NewCounter(fmt.Sprintf(`uproar_opened_total{port=%q}`, l.Name)))
		var closed [reasonCount]*metrics.Counter
		for r := range closed {
			closed[r] = set.NewCounter(fmt.Sprintf(`uproar_closed_total{port=%q,reason=%q}`, l.Name, Reason(r)))
		}
		e.counters.closed = append(e.counters.closed, closed)
	}
	for i, l := range e.cfg.Listeners {
		set.NewGauge(fmt.Sprintf(`uproar_connections{port=%q}`, l.Name), func() float64 {
			return float64(e.openOn(i))
		})
	}
	e.counters.blocked = set.NewCounter(`uproar_blocked_total`)
	e.sumOfLoops(set, `uproar_blocked_connections`, func(l *Loop) float64 { return float64(l.stats.blocked.Load()) })
	e.sumOfLoops(set, `uproar_buffers_live`, func(l *Loop) float64 { return float64(l.stats.buffers.Load()) })
	e.sumOfLoops(set, `uproar_sends_total`, func(l *Loop) float64 { return float64(l.stats.sends.Load()) })
	e.sumOfLoops(set, `uproar_sent_bytes_total`, func(l *Loop) float64 { return float64(l.stats.sentBytes.Load()) })
	e.sumOfLoops(set, `uproar_mailbox_depth`, func(l *Loop) float64 { return float64(l.mail.depth.Load()) })
	for i := range e.cfg.Loops {
		e.ofLoop(set, `uproar_loop_connections{loop="%d"}`, i, func(l *Loop) float64 { return float64(l.stats.conns.Load()) })
		e.ofLoop(set, `uproar_loop_busy_seconds_total{loop="%d"}`, i, func(l *Loop) float64 {
			return time.Duration(l.stats.busy.Load()).Seconds()
		})
		e.ofLoop(set, `uproar_loop_lag_seconds{loop="%d"}`, i, func(l *Loop) float64 {
			return time.Duration(l.lag.Load()).Seconds()
		})
		e.ofLoop(set, `uproar_loop_stalls_total{loop="%d"}`, i, func(l *Loop) float64 { return float64(l.stats.stalls.Load()) })
		e.ofLoop(set, `uproar_loop_stalled_seconds_total{loop="%d"}`, i, func(l *Loop) float64 {
			return time.Duration(l.stats.stalled.Load()).Seconds()
		})
	}
	set.NewGauge(`uproar_connections_max`, func() float64 { return float64(e.cfg.MaxConns) })
}

func (e *Engine) sumOfLoops(set *metrics.Set, name string, of func(*Loop) float64) {
	set.NewGauge(name, func() float64 {
		sum := 0.0
		for _, l := range e.Loops() {
			sum += of(l)
		}
		return sum
	})
}

func (e *Engine) ofLoop(set *metrics.Set, format string, i int, of func(*Loop) float64) {
	set.NewGauge(fmt.Sprintf(format, i), func() float64 {
		if loops := e.Loops(); i < len(loops) {
			return of(loops[i])
		}
		return 0
	})
}

// openOn is how many connections of a listener are open. Those that were refused
// never opened.
func (e *Engine) openOn(port int) int64 {
	open := int64(e.counters.opened[port].Get())
	for r := range e.counters.closed[port] {
		if !Reason(r).refused() {
			open -= int64(e.counters.closed[port][r].Get())
		}
	}
	return open
}
