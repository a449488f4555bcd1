package hls

import (
	"context"
	"errors"
	"io"
	"sync/atomic"

	"github.com/VictoriaMetrics/metrics"

	"uproar/proto/m3u8"
)

// meters count what a Node does.
type meters struct {
	hits [hitStripes]struct {
		n atomic.Uint64
		_ [56]byte // a cache line for each: loops count at the same time
	}
	stale, negative, waits, bad, heldTooLong *metrics.Counter

	wakes, woken *metrics.Counter

	fetches      [KindSegment + 1]*metrics.Counter
	fetchedBytes *metrics.Counter

	failedStatus, failedTimeout, failedCut, failedLong, failedPlaylist, failedMemory, failedOther *metrics.Counter

	refusedWaiters, refusedFills, refusedStrays, refusedPlaylists, refusedMemory, refusedHops, refusedStopped *metrics.Counter

	evictedDeadline, evictedBytes, evictedVOD *metrics.Counter
	forgotVerdicts, forgotPlaylists           *metrics.Counter
}

const hitStripes = 32

func newMeters(set *metrics.Set, n *Node) *meters {
	m := &meters{
		stale:       set.NewCounter(`uproar_hls_answers_total{from="stale"}`),
		negative:    set.NewCounter(`uproar_hls_answers_total{from="verdict"}`),
		bad:         set.NewCounter(`uproar_hls_answers_total{from="bad_request"}`),
		heldTooLong: set.NewCounter(`uproar_hls_answers_total{from="held_too_long"}`),
		waits:       set.NewCounter(`uproar_hls_waits_total`),
		wakes:       set.NewCounter(`uproar_hls_wakes_total`),
		woken:       set.NewCounter(`uproar_hls_woken_total`),

		fetchedBytes: set.NewCounter(`uproar_hls_fetched_bytes_total`),

		failedStatus:   set.NewCounter(`uproar_hls_fetches_failed_total{reason="status"}`),
		failedTimeout:  set.NewCounter(`uproar_hls_fetches_failed_total{reason="timeout"}`),
		failedCut:      set.NewCounter(`uproar_hls_fetches_failed_total{reason="cut"}`),
		failedLong:     set.NewCounter(`uproar_hls_fetches_failed_total{reason="too_long"}`),
		failedPlaylist: set.NewCounter(`uproar_hls_fetches_failed_total{reason="playlist"}`),
		failedMemory:   set.NewCounter(`uproar_hls_fetches_failed_total{reason="memory"}`),
		failedOther:    set.NewCounter(`uproar_hls_fetches_failed_total{reason="other"}`),

		refusedWaiters:   set.NewCounter(`uproar_hls_refused_total{reason="waiters"}`),
		refusedFills:     set.NewCounter(`uproar_hls_refused_total{reason="fills"}`),
		refusedStrays:    set.NewCounter(`uproar_hls_refused_total{reason="strays"}`),
		refusedPlaylists: set.NewCounter(`uproar_hls_refused_total{reason="playlists"}`),
		refusedMemory:    set.NewCounter(`uproar_hls_refused_total{reason="memory"}`),
		refusedHops:      set.NewCounter(`uproar_hls_refused_total{reason="hops"}`),
		refusedStopped:   set.NewCounter(`uproar_hls_refused_total{reason="stopped"}`),

		evictedDeadline: set.NewCounter(`uproar_hls_evicted_total{reason="deadline"}`),
		evictedBytes:    set.NewCounter(`uproar_hls_evicted_total{reason="bytes"}`),
		evictedVOD:      set.NewCounter(`uproar_hls_evicted_total{reason="vod"}`),
		forgotVerdicts:  set.NewCounter(`uproar_hls_forgotten_total{table="verdicts"}`),
		forgotPlaylists: set.NewCounter(`uproar_hls_forgotten_total{table="playlists"}`),
	}
	m.fetches[KindMaster] = set.NewCounter(`uproar_hls_fetches_total{kind="master"}`)
	m.fetches[KindMedia] = set.NewCounter(`uproar_hls_fetches_total{kind="media"}`)
	m.fetches[KindSegment] = set.NewCounter(`uproar_hls_fetches_total{kind="segment"}`)
	set.NewGauge(`uproar_hls_answers_total{from="cache"}`, func() float64 { return float64(m.hitCount()) })
	set.NewGauge(`uproar_hls_bytes{pool="live"}`, func() float64 { return float64(n.live.arena.inUse()) })
	set.NewGauge(`uproar_hls_bytes{pool="vod"}`, func() float64 { return float64(n.vod.arena.inUse()) })
	set.NewGauge(`uproar_hls_waiting`, func() float64 { return float64(n.waiting.Load()) })
	set.NewGauge(`uproar_hls_playlists`, func() float64 { return float64(n.playlists.size()) })
	set.NewGauge(`uproar_hls_fills`, func() float64 { return float64(n.fills.Load() + n.strays.Load()) })
	return m
}

// hit counts an answer from the cache, waited for or not.
func (m *meters) hit(w *Waiter) { m.hits[w.Mark%hitStripes].n.Add(1) }

func (m *meters) hitCount() (sum uint64) {
	for i := range m.hits {
		sum += m.hits[i].n.Load()
	}
	return sum
}

// failed counts a failed fetch, and says what viewers hear of it.
func (m *meters) failed(err error) (status int) {
	status = statusOf(err)
	_, answered := errors.AsType[errStatus](err)
	_, unreadable := errors.AsType[*m3u8.Error](err)
	_, broken := errors.AsType[*RuleError](err)
	switch {
	case answered:
		m.failedStatus.Inc()
	case unreadable || broken || errors.Is(err, ErrOlder):
		m.failedPlaylist.Inc()
	case errors.Is(err, context.DeadlineExceeded) || errors.Is(err, errStalled):
		m.failedTimeout.Inc()
	case errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, errEmpty):
		m.failedCut.Inc()
	case errors.Is(err, errLong):
		m.failedLong.Inc()
	case errors.Is(err, errMemory):
		m.failedMemory.Inc()
	default:
		m.failedOther.Inc()
	}
	return status
}
