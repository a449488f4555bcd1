package redisstore

import (
	"errors"
	"time"

	"github.com/VictoriaMetrics/metrics"
	"github.com/sony/gobreaker/v2"
)

// A server's breaker opens when openAfter calls in a row have waited in vain: it is asked
// no more, but for one call every openPause. So a frozen server costs those who need it,
// and the many whose batch has one line of theirs, a few waits and not every one; other
// servers have breakers of their own. Every call counts, of Fetch, of Change and of
// Roster, but for two: one that its caller gave up within hastyMin says nothing about
// the server, and what fails at once costs nobody a wait.
const (
	openAfter = 3
	openPause = 250 * time.Millisecond
	hastyMin  = 50 * time.Millisecond
)

var errHasty = errors.New("the caller gave up early")

type breaker = gobreaker.TwoStepCircuitBreaker[struct{}]

// newBreaker shows in open whether it lets nothing through, or one call at a time.
func newBreaker(open *metrics.Gauge) *breaker {
	return gobreaker.NewTwoStepCircuitBreaker[struct{}](gobreaker.Settings{
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
	})
}

// verdict is what a call that its caller has given up, because of err, says about the
// server: err, or errHasty for nothing.
func verdict(began time.Time, err error) error {
	if time.Since(began) < hastyMin {
		return errHasty
	}
	return err
}
