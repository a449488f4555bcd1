package uplink

import (
	"fmt"

	"github.com/VictoriaMetrics/metrics"
)

// clueMeters are what a Clue counts, in lines and admissions.
type clueMeters struct {
	set      *metrics.Set
	refused  *metrics.Counter // no process up, or too much under way
	lost     *metrics.Counter // the link ended before the answer
	timeouts *metrics.Counter // no answer came
	shed     *metrics.Counter // the process had too much waiting
	rerouted *metrics.Counter // asked at another process
	stray    *metrics.Counter // answers to what nobody waits for
	damaged  *metrics.Counter // answers that could not be read as a whole
}

func newClueMeters(set *metrics.Set) clueMeters {
	return clueMeters{
		set:      set,
		refused:  set.NewCounter(`uproar_uplink_clue_refused_total`),
		lost:     set.NewCounter(`uproar_uplink_clue_lost_total`),
		timeouts: set.NewCounter(`uproar_uplink_clue_timeouts_total`),
		shed:     set.NewCounter(`uproar_uplink_clue_shed_total`),
		rerouted: set.NewCounter(`uproar_uplink_clue_rerouted_total`),
		stray:    set.NewCounter(`uproar_uplink_clue_stray_total`),
		damaged:  set.NewCounter(`uproar_uplink_clue_damaged_total`),
	}
}

// watch shows whether a process is asked, and what is under way there.
func (m *clueMeters) watch(p *process) {
	addr := p.peer.Addr()
	m.set.NewGauge(fmt.Sprintf(`uproar_uplink_clue_up{addr=%q}`, addr), func() float64 {
		if p.open.Load() {
			return 1
		}
		return 0
	})
	m.set.NewGauge(fmt.Sprintf(`uproar_uplink_clue_waiting{addr=%q}`, addr), func() float64 {
		return float64(p.waiting())
	})
}
