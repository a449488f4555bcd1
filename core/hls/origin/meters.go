package origin

import (
	"sync/atomic"

	"github.com/VictoriaMetrics/metrics"
)

// meters are what an Origin counts.
type meters struct {
	files, playlists, deletes, fetches *metrics.Counter
	broadcasts, gaps                   *metrics.Counter
	archived, removed, diskErrors      *metrics.Counter
	parts                              *metrics.Counter
	byReason                           map[string]*metrics.Counter
	archiveBytes                       *atomic.Int64
}

func newMeters(set *metrics.Set, o *Origin) meters {
	m := meters{
		files:        set.NewCounter(`uproar_hls_origin_files_total`),
		playlists:    set.NewCounter(`uproar_hls_origin_playlists_total`),
		deletes:      set.NewCounter(`uproar_hls_origin_deletes_total`),
		fetches:      set.NewCounter(`uproar_hls_origin_fetches_total`),
		broadcasts:   set.NewCounter(`uproar_hls_origin_broadcasts_total`),
		gaps:         set.NewCounter(`uproar_hls_origin_gaps_total`),
		archived:     set.NewCounter(`uproar_hls_origin_archived_bytes_total`),
		removed:      set.NewCounter(`uproar_hls_origin_removed_broadcasts_total`),
		diskErrors:   set.NewCounter(`uproar_hls_origin_disk_errors_total`),
		parts:        set.NewCounter(`uproar_hls_origin_parts_total`),
		archiveBytes: &atomic.Int64{},
		byReason: map[string]*metrics.Counter{
			"path":      set.NewCounter(`uproar_hls_origin_refused_total{reason="path"}`),
			"method":    set.NewCounter(`uproar_hls_origin_refused_total{reason="method"}`),
			"playlist":  set.NewCounter(`uproar_hls_origin_refused_total{reason="playlist"}`),
			"cut":       set.NewCounter(`uproar_hls_origin_refused_total{reason="cut"}`),
			"too_large": set.NewCounter(`uproar_hls_origin_refused_total{reason="too_large"}`),
			"full":      set.NewCounter(`uproar_hls_origin_refused_total{reason="full"}`),
			"twice":     set.NewCounter(`uproar_hls_origin_refused_total{reason="twice"}`),
			"stream":    set.NewCounter(`uproar_hls_origin_refused_total{reason="stream"}`),
		},
	}
	set.NewGauge(`uproar_hls_origin_memory_bytes`, func() float64 { return float64(o.held.Load()) })
	set.NewGauge(`uproar_hls_origin_archive_bytes`, func() float64 { return float64(m.archiveBytes.Load()) })
	set.NewGauge(`uproar_hls_origin_live_channels`, func() float64 { return float64(len(o.List())) })
	return m
}

func (m *meters) refused(reason string) { m.byReason[reason].Inc() }
