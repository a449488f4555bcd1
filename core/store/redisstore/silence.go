package redisstore

import (
	"errors"
	"time"

	"github.com/sony/gobreaker/v2"
)

// When silenceMax calls in a row have waited in vain, a server is silent: it is asked no
// more, but for one call every silencePause. So a frozen server costs those who need it,
// and the many whose batch has one line of theirs, a few waits and not every one. A call
// that its caller gave up within hastyMin says nothing about the server, nor does what
// fails at once, which costs nobody a wait.
const (
	silenceMax   = 3
	silencePause = 250 * time.Millisecond
	hastyMin     = 50 * time.Millisecond
)

var (
	errSilent = errors.New("the server is silent")
	errHasty  = errors.New("the caller gave up early")
)

type silence = gobreaker.TwoStepCircuitBreaker[struct{}]

func newSilence() *silence {
	return gobreaker.NewTwoStepCircuitBreaker[struct{}](gobreaker.Settings{
		Timeout:     silencePause,
		ReadyToTrip: func(n gobreaker.Counts) bool { return n.ConsecutiveFailures >= silenceMax },
		IsExcluded:  func(err error) bool { return err == errHasty },
	})
}

// heard tells what a call that began then, and that its caller has given up because of
// err, says about the server.
func heard(done func(error), began time.Time, err error) {
	if time.Since(began) < hastyMin {
		err = errHasty
	}
	done(err)
}
