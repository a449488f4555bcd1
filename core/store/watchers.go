package store

import (
	"context"
	"sync"
	"sync/atomic"
)

// watchQueueMax is the number of changes that a watcher may be behind by. Beyond that
// it is told the zero Key in their place.
const watchQueueMax = 1024

// watchers tells everybody who watches of every change.
type watchers struct {
	mu struct {
		sync.Mutex
		all map[*watcher]struct{}
	}
}

type watcher struct {
	queue  chan Key
	missed atomic.Bool
}

// tell never waits.
func (w *watchers) tell(k Key) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for one := range w.mu.all {
		one.tell(k)
	}
}

func (w *watcher) tell(k Key) {
	select {
	case w.queue <- k:
		return
	default:
	}
	// The mark stands before the second try: either that fails, and the reader has an
	// entry ahead after which it sees the mark, or it is an entry itself.
	w.missed.Store(true)
	select {
	case w.queue <- Key{}:
	default:
	}
}

// watch calls stale until ctx ends, and for the zero Key at once: what was fetched
// before may be stale.
func (w *watchers) watch(ctx context.Context, stale func(Key)) {
	one := &watcher{queue: make(chan Key, watchQueueMax)}
	w.mu.Lock()
	if w.mu.all == nil {
		w.mu.all = make(map[*watcher]struct{})
	}
	w.mu.all[one] = struct{}{}
	w.mu.Unlock()
	defer func() {
		w.mu.Lock()
		delete(w.mu.all, one)
		w.mu.Unlock()
	}()
	stale(Key{})
	for {
		select {
		case k := <-one.queue:
			if one.missed.Swap(false) {
				k = Key{} // covers k, too
			}
			stale(k)
		case <-ctx.Done():
			return
		}
	}
}
