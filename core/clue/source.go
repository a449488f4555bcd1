package clue

import (
	"context"
	"errors"
	"time"

	"uproar/core/chat"
	"uproar/core/store"
)

// source is the way to the store: a deadline and the meters. It is shared by all
// goroutines of a Clue. The breaker is the store's own, one for each server: what it
// keeps back comes at once, as store.ErrOpen.
type source struct {
	store   store.Store
	timeout time.Duration
	local   bool
	meters  *meters
}

func newSource(cfg *Config, m *meters) *source {
	return &source{store: cfg.Store, timeout: cfg.StoreTimeout, local: cfg.StoreLocal, meters: m}
}

// fetch is store.Fetch in one round trip, bounded by the timeout and by ctx. What it
// could not do has an Err.
func (s *source) fetch(ctx context.Context, b *store.Batch) {
	limited, cancel := context.WithTimeout(ctx, s.timeout)
	defer cancel()
	began := time.Now()
	s.store.Fetch(limited, b)
	took := time.Since(began)
	s.meters.trips.Inc()
	s.meters.storeSeconds.Update(took.Seconds())
	if s.count(b) > 0 && took >= s.timeout {
		s.meters.storeTimedOut.Inc()
	}
}

// count counts what the store has not done, and returns how much that is. Of what it was
// not asked, for a breaker is open, each read and draw and each line that it was not told
// of counts as that, too.
func (s *source) count(b *store.Batch) (failed int) {
	open := 0
	note := func(err error) bool {
		if err == nil {
			return false
		}
		failed++
		if errors.Is(err, store.ErrOpen) {
			open++
		}
		return true
	}
	for i := range b.Reads {
		note(b.Reads[i].Err)
	}
	for i := range b.Draws {
		note(b.Draws[i].Err)
	}
	s.meters.storeFailed.Add(failed)
	dropped := 0
	for i := range b.Spoken {
		if note(b.Spoken[i].Err) {
			dropped++
		}
	}
	s.meters.dropped.Add(dropped)
	s.meters.breakerOpen.Add(open)
	return failed
}

// change is store.Change, bounded like fetch; of a store in this process by ctx alone,
// for there it is a disk that is waited for.
func (s *source) change(ctx context.Context, k store.Key, c store.Change) error {
	limited, cancel := ctx, context.CancelFunc(func() {})
	if !s.local {
		limited, cancel = context.WithTimeout(ctx, s.timeout)
	}
	defer cancel()
	began := time.Now()
	err := s.store.Change(limited, k, c)
	s.meters.changeSeconds.Update(time.Since(began).Seconds())
	s.noteCall(began, err)
	return err
}

// roster is store.Roster, bounded like fetch.
func (s *source) roster(ctx context.Context, room string, roles chat.Roles) ([]string, error) {
	limited, cancel := context.WithTimeout(ctx, s.timeout)
	defer cancel()
	began := time.Now()
	logins, err := s.store.Roster(limited, room, roles)
	s.noteCall(began, err)
	return logins, err
}

// noteCall counts a call that is no fetch.
func (s *source) noteCall(began time.Time, err error) {
	s.meters.trips.Inc()
	switch {
	case errors.Is(err, store.ErrOpen):
		s.meters.breakerOpen.Inc()
	case err != nil && time.Since(began) >= s.timeout:
		s.meters.storeTimedOut.Inc()
	}
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
