package redisstore

import (
	"sync"
	"time"
)

// A server is away after awayAfter calls in a row with a failure: it is silent, gone, or
// refuses. It is back when a call succeeds backAfter the last failure or later, so that
// one that does half of what it is asked is away all the time, and not now and then. A
// Watch that cannot connect, or loses its connection, is such a failure; a subscription
// that has lasted for backAfter is a success, once.
const (
	awayAfter = 3
	backAfter = time.Second
)

// health tells when a server goes away, and when it is back. It decides nothing: the
// breaker does, which stays closed while failures cost no wait.
type health struct {
	tell func(away bool, cause error)
	mu   struct {
		sync.Mutex
		failures int // in a row
		away     bool
		last     time.Time // failure
	}
}

// heard is told how each call and each subscription ended. What was not asked says nothing.
func (h *health) heard(err error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	switch {
	case err != nil:
		h.mu.failures++
		h.mu.last = time.Now()
		if !h.mu.away && h.mu.failures >= awayAfter {
			h.mu.away = true
			h.tell(true, err)
		}
	case !h.mu.away:
		h.mu.failures = 0
	case time.Since(h.mu.last) >= backAfter:
		h.mu.away, h.mu.failures = false, 0
		h.tell(false, nil)
	}
}
