package presence

import "github.com/VictoriaMetrics/metrics"

// meters are what a Board counts.
type meters struct {
	told, heard, untold             *metrics.Counter
	unreadable, otherVersion        *metrics.Counter
	edgesOver, roomsOver, namesOver *metrics.Counter
}

func newMeters(set *metrics.Set, b *Board) meters {
	gauge := func(n *int) func() float64 {
		return func() float64 {
			b.mu.Lock()
			defer b.mu.Unlock()
			return float64(*n)
		}
	}
	set.NewGauge(`uproar_presence_rooms`, gauge(&b.mu.rooms))
	set.NewGauge(`uproar_presence_entries`, gauge(&b.mu.entries))
	set.NewGauge(`uproar_presence_names`, gauge(&b.mu.names))
	set.NewGauge(`uproar_presence_edges`, func() float64 {
		b.mu.Lock()
		defer b.mu.Unlock()
		return float64(len(b.mu.edges))
	})
	return meters{
		told:         set.NewCounter(`uproar_presence_told_total`),
		heard:        set.NewCounter(`uproar_presence_heard_total`),
		untold:       set.NewCounter(`uproar_presence_untold_total`),
		unreadable:   set.NewCounter(`uproar_presence_dropped_total{reason="unreadable"}`),
		otherVersion: set.NewCounter(`uproar_presence_dropped_total{reason="other_version"}`),
		edgesOver:    set.NewCounter(`uproar_presence_dropped_total{reason="edges"}`),
		roomsOver:    set.NewCounter(`uproar_presence_dropped_total{reason="rooms"}`),
		namesOver:    set.NewCounter(`uproar_presence_dropped_total{reason="names"}`),
	}
}
