package clue

import (
	"fmt"

	"github.com/VictoriaMetrics/metrics"
)

// meters counts what a Clue does. Every submission is counted once in
// uproar_clue_refused_total or once in uproar_clue_decisions_total.
type meters struct {
	set *metrics.Set

	accepted, ignored        *metrics.Counter
	refusedFull, refusedRoom *metrics.Counter
	timedOut                 *metrics.Counter // of the rejected, those that waited too long
	stopped                  *metrics.Counter // of the rejected, those still queued at the end
	publishFailed            *metrics.Counter // of the rejected, those that no exchange took
	batchLines               *metrics.Histogram
	waitSeconds              *metrics.Histogram // of the oldest line of each batch

	forgotAccounts, forgotSpeakers, forgotRooms, forgotRecent *metrics.Counter
}

func newMeters(set *metrics.Set) *meters {
	return &meters{
		set:            set,
		accepted:       set.GetOrCreateCounter(`uproar_clue_decisions_total{outcome="accepted"}`),
		ignored:        set.GetOrCreateCounter(`uproar_clue_decisions_total{outcome="ignored"}`),
		refusedFull:    set.GetOrCreateCounter(`uproar_clue_refused_total{reason="queue_full"}`),
		refusedRoom:    set.GetOrCreateCounter(`uproar_clue_refused_total{reason="room_share"}`),
		timedOut:       set.GetOrCreateCounter(`uproar_clue_unavailable_total{reason="deadline"}`),
		stopped:        set.GetOrCreateCounter(`uproar_clue_unavailable_total{reason="stopped"}`),
		publishFailed:  set.GetOrCreateCounter(`uproar_clue_unavailable_total{reason="publish"}`),
		batchLines:     set.GetOrCreateHistogram(`uproar_clue_batch_lines`),
		waitSeconds:    set.GetOrCreateHistogram(`uproar_clue_wait_seconds`),
		forgotAccounts: set.GetOrCreateCounter(`uproar_clue_forgotten_total{table="accounts"}`),
		forgotSpeakers: set.GetOrCreateCounter(`uproar_clue_forgotten_total{table="speakers"}`),
		forgotRooms:    set.GetOrCreateCounter(`uproar_clue_forgotten_total{table="rooms"}`),
		forgotRecent:   set.GetOrCreateCounter(`uproar_clue_forgotten_total{table="recent"}`),
	}
}

// rejected is the counter of one msg-id. Ids come from the rules, never from a client.
func (m *meters) rejected(msgID string) *metrics.Counter {
	return m.set.GetOrCreateCounter(fmt.Sprintf(`uproar_clue_decisions_total{outcome="rejected",msg_id=%q}`, msgID))
}

// watchQueues publishes the number of submissions that wait.
func (m *meters) watchQueues(lines func() int) {
	m.set.GetOrCreateGauge(`uproar_clue_queue_lines`, func() float64 { return float64(lines()) })
}
