package link

import "github.com/VictoriaMetrics/metrics"

// clueMeters are what a Clue counts, in lines and admissions.
type clueMeters struct {
	lines, admissions *metrics.Counter
	invalid           *metrics.Counter // names or texts that no edge may send
	late              *metrics.Counter // too little time was left
	busy, stopped     *metrics.Counter // shed; asked of a process that ends
	dropped           *metrics.Counter // answers that did not reach who had asked
}

func newClueMeters(set *metrics.Set) clueMeters {
	return clueMeters{
		lines:      set.NewCounter(`uproar_link_clue_lines_total`),
		admissions: set.NewCounter(`uproar_link_clue_admissions_total`),
		invalid:    set.NewCounter(`uproar_link_clue_refused_total{reason="invalid"}`),
		late:       set.NewCounter(`uproar_link_clue_refused_total{reason="late"}`),
		busy:       set.NewCounter(`uproar_link_clue_refused_total{reason="busy"}`),
		stopped:    set.NewCounter(`uproar_link_clue_refused_total{reason="stopped"}`),
		dropped:    set.NewCounter(`uproar_link_clue_dropped_total`),
	}
}
