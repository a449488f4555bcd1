package uplink

import (
	"errors"
	"fmt"
	"log/slog"
	"net"
	"slices"
	"syscall"
	"time"

	wire "uproar/proto/link"
)

// Cause is why a link is down, as a metric label.
type Cause string

// The causes.
const (
	CauseRefused  Cause = "refused"  // nobody listens there
	CauseTimeout  Cause = "timeout"  // no answer: to the dialing, in the handshake, or for SilenceMax
	CauseRejected Cause = "rejected" // the peer said refuse: it drains, is full, or does not trust us
	CauseProtocol Cause = "protocol" // we end it: another version, a wrong secret, a loop of relays, frames that make no sense
	CauseLost     Cause = "lost"     // the peer, or the way to it, went away
	CauseEnded    Cause = "ended"    // Run has ended; neither counted nor logged
)

// DownError says why there is no connection.
type DownError struct {
	Addr  string
	Cause Cause
	Err   error
}

func (e *DownError) Error() string { return fmt.Sprintf("cannot link to %q: %v", e.Addr, e.Err) }

func (e *DownError) Unwrap() error { return e.Err }

func causeOf(err error) Cause {
	var timeout net.Error
	var refusal *wire.RefusedError
	var ours *protocolError
	switch {
	case errors.As(err, &refusal):
		return CauseRejected
	case errors.As(err, &ours):
		return CauseProtocol
	case errors.Is(err, syscall.ECONNREFUSED):
		return CauseRefused
	case errors.As(err, &timeout) && timeout.Timeout():
		return CauseTimeout
	}
	return CauseLost
}

// protocolError is of a connection that this side ends, and says why.
type protocolError struct{ error }

func (e *protocolError) Unwrap() error { return e.error }

// outage is from an end of the connection until it has been up for long enough, stable. It belongs to Run.
type outage struct {
	log      *slog.Logger
	link     string // in each message: the server's log folds what has the same text
	stable   time.Duration
	since    time.Time // zero: there was none
	said     []Cause   // in this outage
	flapping bool      // the connection comes up and does not stay
	up       *time.Timer
}

// began says that the link is down: once per outage and cause. up is how long it was up.
func (o *outage) began(why *DownError, up time.Duration) {
	o.stop()
	if up >= o.stable {
		o.since, o.said, o.flapping = time.Time{}, nil, false
	} else if up > 0 {
		o.flapping = true
	}
	if o.since.IsZero() {
		o.since = time.Now()
	}
	if slices.Contains(o.said, why.Cause) {
		return
	}
	o.said = append(o.said, why.Cause)
	o.log.Warn(o.link+" is down: "+string(why.Cause), "error", why.Err)
}

// ended says that the link is up; of one that flaps, when it has stayed.
func (o *outage) ended(peer string) {
	args := []any{"peer", peer}
	if !o.since.IsZero() {
		args = append(args, "down", time.Since(o.since).Round(time.Millisecond))
	}
	if !o.flapping {
		o.log.Info(o.link+" is up", args...)
		return
	}
	o.up = time.AfterFunc(o.stable, func() { o.log.Info(o.link+" is up", args...) })
}

// stop is for the end of a connection.
func (o *outage) stop() {
	if o.up != nil {
		o.up.Stop()
	}
}
