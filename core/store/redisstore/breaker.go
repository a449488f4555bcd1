package redisstore

import (
	"context"
	"errors"
	"sync/atomic"
	"time"

	"github.com/VictoriaMetrics/metrics"
	"github.com/sony/gobreaker/v2"
)

// A server's breaker opens when openAfter calls in a row have waited in vain: it is asked
// no more, but for one call every openPause. So a frozen server costs those who need it,
// and the many whose batch has one line of theirs, a few waits and not every one; other
// servers have breakers of their own. Every call counts, of Fetch, of Change and of
// Roster, but for two: one that its caller gave up within hastyMax, or within half of the
// time that others give if that is less, says nothing about the server, and what fails at
// once costs nobody a wait.
const (
	openAfter = 3
	openPause = 250 * time.Millisecond
	hastyMax  = 50 * time.Millisecond
)

var errHasty = errors.New("the caller gave up early")

type breaker struct {
	gate  *gobreaker.TwoStepCircuitBreaker[struct{}]
	given atomic.Int64 // time.Duration: the most that a caller gave, up to 2*hastyMax
}

// newBreaker shows in open whether it lets nothing through, or one call at a time.
func newBreaker(open *metrics.Gauge) *breaker {
	return &breaker{gate: gobreaker.NewTwoStepCircuitBreaker[struct{}](gobreaker.Settings{
		Timeout:     openPause,
		ReadyToTrip: func(n gobreaker.Counts) bool { return n.ConsecutiveFailures >= openAfter },
		IsExcluded:  func(err error) bool { return err == errHasty },
		OnStateChange: func(_ string, _, to gobreaker.State) {
			if to == gobreaker.StateClosed {
				open.Set(0)
			} else {
				open.Set(1)
			}
		},
	})}
}

// allow asks for a call that has until the end of ctx. When it returns no error, done is
// to be told how the call ended.
func (b *breaker) allow(ctx context.Context) (done func(error), err error) {
	given := int64(2 * hastyMax)
	if end, ok := ctx.Deadline(); ok {
		given = min(given, int64(time.Until(end)))
	}
	for most := b.given.Load(); given > most && !b.given.CompareAndSwap(most, given); most = b.given.Load() {
	}
	return b.gate.Allow()
}

// verdict is what a call that its caller has given up, because of err, says about the
// server: err, or errHasty for nothing.
func (b *breaker) verdict(began time.Time, err error) error {
	if time.Since(began) < time.Duration(b.given.Load())/2 {
		return errHasty
	}
	return err
}
