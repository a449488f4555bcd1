package clue

import (
	"fmt"
	"sync/atomic"

	"github.com/VictoriaMetrics/metrics"
)

// meters counts what a Clue does. Every submission is counted once in
// uproar_clue_refused_total or once in uproar_clue_decisions_total.
type meters struct {
	set *metrics.Set

	accepted, ignored, told  *metrics.Counter
	refusedFull, refusedRoom *metrics.Counter
	timedOut                 *metrics.Counter // of the rejected, those that waited too long
	stopped                  *metrics.Counter // of the rejected, those still queued at the end
	publishFailed            *metrics.Counter // of the rejected, those that no exchange took
	takenBack                *metrics.Counter // of those, after the exchange had taken them
	publishSeconds           *metrics.Histogram
	underWay                 atomic.Int64
	unknown                  *metrics.Counter // of the rejected, those whose sender or room is not known
	deskFull, deskFailed     *metrics.Counter // of the rejected, commands: too many, or the store failed
	batchLines               *metrics.Histogram
	waitSeconds              *metrics.Histogram // of the oldest line of each batch

	lookups, misses, stale         *metrics.Counter // records that lines needed: asked of the store, used past their time
	staleSeconds                   *metrics.Histogram
	trips                          *metrics.Counter
	storeSeconds, changeSeconds    *metrics.Histogram
	storeFailed, storeTimedOut     *metrics.Counter // reads and draws; round trips
	breakerOpen                    *metrics.Counter // of what was asked or told: kept back by a breaker
	dropped                        *metrics.Counter // lines that the store was not told of
	admitted, admitWaits, admitOff *metrics.Counter // rooms; admissions that asked the store; that were refused unasked

	held, heldApproved, heldDenied, heldExpired *metrics.Counter // lines for moderators
	heldUntold                                  *metrics.Counter // of those, that moderators were not told of

	forgotAccounts, forgotSpeakers, forgotRooms, forgotRecent, forgotHeld *metrics.Counter
}

func newMeters(set *metrics.Set) *meters {
	m := &meters{
		set:            set,
		accepted:       set.GetOrCreateCounter(`uproar_clue_decisions_total{outcome="accepted"}`),
		ignored:        set.GetOrCreateCounter(`uproar_clue_decisions_total{outcome="ignored"}`),
		refusedFull:    set.GetOrCreateCounter(`uproar_clue_refused_total{reason="queue_full"}`),
		refusedRoom:    set.GetOrCreateCounter(`uproar_clue_refused_total{reason="room_share"}`),
		timedOut:       set.GetOrCreateCounter(`uproar_clue_unavailable_total{reason="deadline"}`),
		stopped:        set.GetOrCreateCounter(`uproar_clue_unavailable_total{reason="stopped"}`),
		publishFailed:  set.GetOrCreateCounter(`uproar_clue_unavailable_total{reason="publish"}`),
		takenBack:      set.GetOrCreateCounter(`uproar_clue_taken_back_total`),
		publishSeconds: set.GetOrCreateHistogram(`uproar_clue_publish_seconds`),
		told:           set.GetOrCreateCounter(`uproar_clue_decisions_total{outcome="told"}`),
		unknown:        set.GetOrCreateCounter(`uproar_clue_unavailable_total{reason="unknown"}`),
		deskFull:       set.GetOrCreateCounter(`uproar_clue_unavailable_total{reason="desk_full"}`),
		deskFailed:     set.GetOrCreateCounter(`uproar_clue_unavailable_total{reason="desk_store"}`),
		lookups:        set.GetOrCreateCounter(`uproar_clue_cache_lookups_total`),
		misses:         set.GetOrCreateCounter(`uproar_clue_cache_misses_total`),
		stale:          set.GetOrCreateCounter(`uproar_clue_cache_stale_total`),
		staleSeconds:   set.GetOrCreateHistogram(`uproar_clue_cache_stale_seconds`),
		trips:          set.GetOrCreateCounter(`uproar_clue_store_trips_total`),
		storeSeconds:   set.GetOrCreateHistogram(`uproar_clue_store_seconds`),
		changeSeconds:  set.GetOrCreateHistogram(`uproar_clue_change_seconds`),
		storeFailed:    set.GetOrCreateCounter(`uproar_clue_store_failed_total`),
		storeTimedOut:  set.GetOrCreateCounter(`uproar_clue_store_timeouts_total`),
		breakerOpen:    set.GetOrCreateCounter(`uproar_clue_breaker_refused_total`),
		dropped:        set.GetOrCreateCounter(`uproar_clue_spoken_dropped_total`),
		admitted:       set.GetOrCreateCounter(`uproar_clue_admissions_total{from="cache"}`),
		admitWaits:     set.GetOrCreateCounter(`uproar_clue_admissions_total{from="store"}`),
		admitOff:       set.GetOrCreateCounter(`uproar_clue_admissions_total{from="refused"}`),
		batchLines:     set.GetOrCreateHistogram(`uproar_clue_batch_lines`),
		waitSeconds:    set.GetOrCreateHistogram(`uproar_clue_wait_seconds`),
		held:           set.GetOrCreateCounter(`uproar_clue_held_total{outcome="held"}`),
		heldApproved:   set.GetOrCreateCounter(`uproar_clue_held_total{outcome="approved"}`),
		heldDenied:     set.GetOrCreateCounter(`uproar_clue_held_total{outcome="denied"}`),
		heldExpired:    set.GetOrCreateCounter(`uproar_clue_held_total{outcome="expired"}`),
		heldUntold:     set.GetOrCreateCounter(`uproar_clue_held_total{outcome="untold"}`),
		forgotHeld:     set.GetOrCreateCounter(`uproar_clue_forgotten_total{table="held"}`),
		forgotAccounts: forgotAccounts(set),
		forgotSpeakers: set.GetOrCreateCounter(`uproar_clue_forgotten_total{table="speakers"}`),
		forgotRooms:    set.GetOrCreateCounter(`uproar_clue_forgotten_total{table="rooms"}`),
		forgotRecent:   set.GetOrCreateCounter(`uproar_clue_forgotten_total{table="recent"}`),
	}
	set.GetOrCreateGauge(`uproar_clue_under_way_lines`, func() float64 { return float64(m.underWay.Load()) })
	return m
}

// forgotAccounts is the counter that a Gate has, too.
func forgotAccounts(set *metrics.Set) *metrics.Counter {
	return set.GetOrCreateCounter(`uproar_clue_forgotten_total{table="accounts"}`)
}

// rejected is the counter of one msg-id. Ids come from the rules, never from a client.
func (m *meters) rejected(msgID string) *metrics.Counter {
	return m.set.GetOrCreateCounter(fmt.Sprintf(`uproar_clue_decisions_total{outcome="rejected",msg_id=%q}`, msgID))
}

// watchQueues publishes the number of submissions that wait.
func (m *meters) watchQueues(lines func() int) {
	m.set.GetOrCreateGauge(`uproar_clue_queue_lines`, func() float64 { return float64(lines()) })
}

// watchDesk publishes the number of commands that wait.
func (m *meters) watchDesk(commands func() int) {
	m.set.GetOrCreateGauge(`uproar_clue_desk_commands`, func() float64 { return float64(commands()) })
}
