package redisstore

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"sync"
	"syscall"

	"github.com/VictoriaMetrics/metrics"
)

// meters are what is counted of one shard: a server, a node of a cluster, or what goes
// through the cluster as a whole.
type meters struct {
	roundTrips *metrics.Counter   // pipelines sent, answered or not, those that a script or a redirection had to be sent again included
	commands   *metrics.Counter   // sent
	seconds    *metrics.Histogram // until its last answer, or until it failed; longer than callers wait
	failed     *metrics.Counter   // commands that were answered with an error, or not at all
	refused    *metrics.Counter   // calls that were not made: too many were under way, or the breaker was open
	open       *metrics.Gauge     // 1 while the breaker is
	subscribed *metrics.Counter   // subscriptions of Watch; more than one per server: it was lost between
}

func newMeters(set *metrics.Set, shard string) meters {
	return meters{
		roundTrips: set.GetOrCreateCounter(fmt.Sprintf(`uproar_store_round_trips_total{shard=%q}`, shard)),
		commands:   set.GetOrCreateCounter(fmt.Sprintf(`uproar_store_commands_total{shard=%q}`, shard)),
		seconds:    set.GetOrCreateHistogram(fmt.Sprintf(`uproar_store_round_trip_seconds{shard=%q}`, shard)),
		failed:     set.GetOrCreateCounter(fmt.Sprintf(`uproar_store_errors_total{shard=%q}`, shard)),
		refused:    set.GetOrCreateCounter(fmt.Sprintf(`uproar_store_refused_total{shard=%q}`, shard)),
		open:       set.GetOrCreateGauge(fmt.Sprintf(`uproar_store_breaker_open{shard=%q}`, shard), nil),
		subscribed: set.GetOrCreateCounter(fmt.Sprintf(`uproar_store_subscriptions_total{shard=%q}`, shard)),
	}
}

// countConnections makes a dialer whose open connections are counted.
func countConnections(set *metrics.Set) func(context.Context, string, *net.Dialer, *tls.Config) (net.Conn, error) {
	open := set.GetOrCreateGauge(`uproar_store_connections`, nil)
	return func(ctx context.Context, addr string, dialer *net.Dialer, config *tls.Config) (net.Conn, error) {
		dial := dialer.DialContext
		if config != nil {
			dial = (&tls.Dialer{NetDialer: dialer, Config: config}).DialContext
		}
		conn, err := dial(ctx, "tcp", addr)
		if err != nil {
			return nil, fmt.Errorf("%w: %w", errConnect, handshakeError(err))
		}
		open.Inc()
		return &countedConn{Conn: conn, open: open, heard: config != nil}, nil
	}
}

// handshakeError is err, as ErrTLS if a server was reached that seems not to speak it.
func handshakeError(err error) error {
	var reach *net.OpError
	var vouch *tls.CertificateVerificationError
	if errors.As(err, &reach) && reach.Op == "dial" || errors.As(err, &vouch) {
		return err
	}
	return fmt.Errorf("%w %w", ErrTLS, err)
}

type countedConn struct {
	net.Conn
	open  *metrics.Gauge
	heard bool // from the server; of the one goroutine that reads
	once  sync.Once
}

// Read adds ErrTLS to the end of a connection on which a server has said nothing: one that
// waits for TLS closes what is none.
func (c *countedConn) Read(to []byte) (int, error) {
	n, err := c.Conn.Read(to)
	if !c.heard && n == 0 && (errors.Is(err, io.EOF) || errors.Is(err, syscall.ECONNRESET)) {
		return 0, fmt.Errorf("%w %w", ErrTLS, err)
	}
	c.heard = true
	return n, err
}

// Close counts once: rueidis may call it from several goroutines.
func (c *countedConn) Close() error {
	c.once.Do(c.open.Dec)
	return c.Conn.Close()
}
