package storetest

import (
	"context"
	"fmt"
	"sync"
	"time"

	"uproar/core/chat"
	"uproar/core/store"
)

// listener is a watcher, as a cache is one: it knows which keys are stale.
type listener struct {
	h  *house
	mu struct {
		sync.Mutex
		told map[store.Key]int // times; of the zero Key, for all
	}
	stop context.CancelFunc
	done chan error
}

// listen returns once Watch tells of changes. Which changes it is told of before that
// is not promised.
func (h *house) listen() *listener {
	h.t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	l := &listener{h: h, stop: cancel, done: make(chan error, 1)}
	l.mu.told = make(map[store.Key]int)
	go func() { l.done <- h.Watch(ctx, l.stale) }()
	h.t.Cleanup(l.close)
	probe := h.accountKey("probe")
	h.eventually("Watch tells of changes", func() bool {
		yes := true
		h.change(probe, store.Change{Verified: &yes})
		l.mu.Lock()
		defer l.mu.Unlock()
		return l.mu.told[probe] > 0
	})
	return l
}

func (l *listener) close() {
	l.stop()
	select {
	case err := <-l.done:
		l.done <- err
	case <-time.After(deadline):
		l.h.t.Error("Watch goes on after its context")
	}
}

func (l *listener) stale(k store.Key) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.mu.told[k]++
}

// times is how often k was told to be stale, by itself or with all.
func (l *listener) times(k store.Key) int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.mu.told[k] + l.mu.told[store.Key{}]
}

// hears makes a change and waits until the listener knows of it.
func (l *listener) hears(by *house, k store.Key, c store.Change) {
	l.h.t.Helper()
	before := l.times(k)
	by.change(k, c)
	l.h.eventually(fmt.Sprintf("stale(%s)", k), func() bool { return l.times(k) > before })
}

func watchTells(h *house) {
	first, second := h.listen(), h.listen()
	for _, l := range []*listener{first, second} {
		tellsOfEachKind(l, h)
	}
}

func tellsOfEachKind(l *listener, by *house) {
	yes := true
	l.hears(by, by.roomKey("r"), mode(chat.ModeEmotes, chat.Modes{EmoteOnly: true}))
	l.hears(by, by.memberKey("r", "a"), store.Change{Ban: &store.Ban{}})
	l.hears(by, by.memberKey("r", "a"), store.Change{Unban: true})
	l.hears(by, by.memberKey("r", "a"), store.Change{Grant: chat.Moderator})
	l.hears(by, by.accountKey("a"), store.Change{Banned: &yes})
}

func watchEnds(h *house) {
	l := h.listen()
	l.stop()
	select {
	case err := <-l.done:
		l.done <- err
		if err != nil {
			h.t.Errorf("Watch: %v, want nil", err)
		}
	case <-time.After(deadline):
		h.t.Error("Watch goes on after its context")
	}
	h.change(h.roomKey("r"), mode(chat.ModeUnique, chat.Modes{Unique: true})) // nobody watches; nothing blocks
}

func watchFlood(h *house) {
	const keys, workers = 2000, 32
	l := h.listen()
	before := make([]int, keys)
	h.together(workers, keys, func(i int) error {
		k := h.memberKey("r", fmt.Sprint("m", i))
		before[i] = l.times(k)
		return h.tryChange(k, store.Change{Ban: &store.Ban{}})
	})
	for i := range keys {
		k := h.memberKey("r", fmt.Sprint("m", i))
		h.eventually(fmt.Sprintf("stale(%s)", k), func() bool { return l.times(k) > before[i] })
	}
}
