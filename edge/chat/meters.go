package chat

import "github.com/VictoriaMetrics/metrics"

// meters are what the chat port counts. A flush adds to them once, not a delivery.
type meters struct {
	linesIn, registered           *metrics.Counter
	deliveries, batches           *metrics.Counter
	deflateIn, deflateOut         *metrics.Counter
	missed, linesLost, gapNotices *metrics.Counter
	refused                       [refusalCount]*metrics.Counter
	whispersLost                  *metrics.Counter
	answersMissing, answersLate   *metrics.Counter
	resumes, resumesGapped        *metrics.Counter
	resumedLines, seatsEarly      *metrics.Counter
	decided                       *metrics.Histogram
}

// refusal is why the edge itself did not act on a line.
type refusal int

const (
	refusedTags refusal = iota
	refusedBytes
	refusedCommand
	refusedTarget
	refusedAnonymous
	refusedLoginRate
	refusedJoinRate
	refusedRooms
	refusedEntry
	refusedMissing
	refusalCount
)

func newMeters(set *metrics.Set, recent *recent) meters {
	set.NewGauge(`uproar_recent_events`, func() float64 { return float64(recent.size()) })
	return meters{
		linesIn:        set.NewCounter(`uproar_lines_in_total`),
		registered:     set.NewCounter(`uproar_registered_total`),
		deliveries:     set.NewCounter(`uproar_deliveries_total`),
		batches:        set.NewCounter(`uproar_batches_total`),
		deflateIn:      set.NewCounter(`uproar_deflate_in_bytes_total`),
		deflateOut:     set.NewCounter(`uproar_deflate_out_bytes_total`),
		missed:         set.NewCounter(`uproar_deliveries_missed_total`),
		linesLost:      set.NewCounter(`uproar_lines_lost_total`),
		gapNotices:     set.NewCounter(`uproar_gap_notices_total`),
		whispersLost:   set.NewCounter(`uproar_whispers_lost_total`),
		answersMissing: set.NewCounter(`uproar_answers_missing_total`),
		answersLate:    set.NewCounter(`uproar_answers_late_total`),
		resumes:        set.NewCounter(`uproar_resumes_total{outcome="complete"}`),
		resumesGapped:  set.NewCounter(`uproar_resumes_total{outcome="gap"}`),
		resumedLines:   set.NewCounter(`uproar_resumed_lines_total`),
		seatsEarly:     set.NewCounter(`uproar_seats_early_total`),
		decided:        set.NewHistogram(`uproar_reply_seconds`),
		refused: [refusalCount]*metrics.Counter{
			refusedTags:      set.NewCounter(`uproar_lines_refused_total{reason="tags_too_long"}`),
			refusedBytes:     set.NewCounter(`uproar_lines_refused_total{reason="forbidden_byte"}`),
			refusedCommand:   set.NewCounter(`uproar_lines_refused_total{reason="unknown_command"}`),
			refusedTarget:    set.NewCounter(`uproar_lines_refused_total{reason="no_target"}`),
			refusedAnonymous: set.NewCounter(`uproar_lines_refused_total{reason="anonymous"}`),
			refusedLoginRate: set.NewCounter(`uproar_lines_refused_total{reason="login_rate"}`),
			refusedJoinRate:  set.NewCounter(`uproar_lines_refused_total{reason="join_rate"}`),
			refusedEntry:     set.NewCounter(`uproar_lines_refused_total{reason="not_admitted"}`),
			refusedMissing:   set.NewCounter(`uproar_lines_refused_total{reason="no_such_room"}`),
			refusedRooms:     set.NewCounter(`uproar_lines_refused_total{reason="too_many_rooms"}`),
		},
	}
}

func (m *meters) refuse(r refusal) { m.refused[r].Inc() }
