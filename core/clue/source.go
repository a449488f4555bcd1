package clue

import (
	"context"
	"errors"
	"time"

	"github.com/sony/gobreaker/v2"

	"uproar/core/store"
)

// Of the breaker: it opens after breakerFailures round trips in a row that brought
// nothing in their time, and lets one through every breakerPause to see whether the
// store is back. What fails at once costs nothing and opens nothing: it may be one server
// of several that is gone, or one that takes no changes and could still be read.
const (
	breakerFailures = 3
	breakerPause    = 250 * time.Millisecond
)

// errHasty is of a caller whose own time ended before the timeout: it says nothing about
// the store.
var errHasty = errors.New("clue: the caller gave up")

// errBreakerOpen is why a round trip was not made.
var errBreakerOpen = errors.New("clue: the breaker is open")

// source is the way to the store: a deadline, a breaker and the meters. It is shared by
// all goroutines of a Clue.
type source struct {
	store   store.Store
	timeout time.Duration
	breaker *gobreaker.TwoStepCircuitBreaker[struct{}]
	meters  *meters
}

func newSource(cfg *Config, m *meters) *source {
	s := &source{store: cfg.Store, timeout: cfg.StoreTimeout, meters: m}
	s.breaker = gobreaker.NewTwoStepCircuitBreaker[struct{}](gobreaker.Settings{
		Timeout:     breakerPause,
		ReadyToTrip: func(n gobreaker.Counts) bool { return n.ConsecutiveFailures >= breakerFailures },
		IsExcluded:  func(err error) bool { return err == errHasty },
	})
	m.watchBreaker(func() bool { return s.breaker.State() != gobreaker.StateClosed })
	return s
}

// fetch is store.Fetch in one round trip, bounded by the timeout and by ctx. What it
// could not do has an Err.
func (s *source) fetch(ctx context.Context, b *store.Batch) {
	asked := len(b.Reads) + len(b.Draws)
	done, err := s.breaker.Allow()
	if err != nil {
		s.meters.breakerOpen.Inc()
		s.meters.dropped.Add(len(b.Spoken))
		fail(b, errBreakerOpen)
		return
	}
	limited, cancel := context.WithTimeout(ctx, s.timeout)
	defer cancel()
	began := time.Now()
	s.store.Fetch(limited, b)
	took := time.Since(began)
	s.meters.trips.Inc()
	s.meters.storeSeconds.Update(took.Seconds())
	failed := failures(b)
	s.meters.storeFailed.Add(failed)
	if failed > 0 && took >= s.timeout {
		s.meters.storeTimedOut.Inc()
	}
	if failed < asked || failed == 0 {
		done(nil)
		return
	}
	s.meters.dropped.Add(len(b.Spoken))
	if ctx.Err() != nil && took < s.timeout {
		done(errHasty)
		return
	}
	done(limited.Err())
}

// tell is a fetch that asks nothing, and so says nothing about the store's health.
func (s *source) tell(b *store.Batch) {
	ctx, cancel := context.WithTimeout(context.Background(), s.timeout)
	defer cancel()
	s.store.Fetch(ctx, b)
	s.meters.trips.Inc()
}

// closed reports whether the store was well when it was last asked.
func (s *source) closed() bool { return s.breaker.State() == gobreaker.StateClosed }

func fail(b *store.Batch, err error) {
	for i := range b.Reads {
		b.Reads[i].Err = err
	}
	for i := range b.Draws {
		b.Draws[i].Err = err
	}
}

func failures(b *store.Batch) (n int) {
	for i := range b.Reads {
		if b.Reads[i].Err != nil {
			n++
		}
	}
	for i := range b.Draws {
		if b.Draws[i].Err != nil {
			n++
		}
	}
	return n
}

// watch keeps the cache true until ctx ends. While the store cannot be watched, every
// record is in doubt once a watchPause, and so asked again.
func (s *source) watch(ctx context.Context, stale func(store.Key)) {
	for ctx.Err() == nil {
		if err := s.store.Watch(ctx, stale); err == nil && ctx.Err() != nil {
			return
		}
		stale(store.Key{})
		select {
		case <-time.After(watchPause):
		case <-ctx.Done():
		}
	}
}

const watchPause = time.Second
