package redisstore

import (
	"context"
	"crypto/tls"
	"fmt"
	"net"
	"sync"

	"github.com/VictoriaMetrics/metrics"
)

// meters are what is counted of one shard: a server, or a whole cluster.
type meters struct {
	roundTrips *metrics.Counter   // a batch of commands and its answers; in a cluster, of all nodes at once
	commands   *metrics.Counter   // sent
	seconds    *metrics.Histogram // of a round trip
	failed     *metrics.Counter   // commands that were answered with an error, or not at all
	refused    *metrics.Counter   // calls that were not made: too many were under way, or the server is silent
	subscribed *metrics.Counter   // subscriptions of Watch; more than one per server: it was lost between
}

func newMeters(set *metrics.Set, shard string) meters {
	return meters{
		roundTrips: set.GetOrCreateCounter(fmt.Sprintf(`uproar_store_round_trips_total{shard=%q}`, shard)),
		commands:   set.GetOrCreateCounter(fmt.Sprintf(`uproar_store_commands_total{shard=%q}`, shard)),
		seconds:    set.GetOrCreateHistogram(fmt.Sprintf(`uproar_store_round_trip_seconds{shard=%q}`, shard)),
		failed:     set.GetOrCreateCounter(fmt.Sprintf(`uproar_store_errors_total{shard=%q}`, shard)),
		refused:    set.GetOrCreateCounter(fmt.Sprintf(`uproar_store_refused_total{shard=%q}`, shard)),
		subscribed: set.GetOrCreateCounter(fmt.Sprintf(`uproar_store_subscriptions_total{shard=%q}`, shard)),
	}
}

// countConnections makes a dialer whose open connections are counted.
func countConnections(set *metrics.Set) func(context.Context, string, *net.Dialer, *tls.Config) (net.Conn, error) {
	open := set.GetOrCreateGauge(`uproar_store_connections`, nil)
	return func(ctx context.Context, addr string, dialer *net.Dialer, _ *tls.Config) (net.Conn, error) {
		conn, err := dialer.DialContext(ctx, "tcp", addr)
		if err != nil {
			return nil, err
		}
		open.Inc()
		return &countedConn{Conn: conn, open: open}, nil
	}
}

type countedConn struct {
	net.Conn
	open *metrics.Gauge
	once sync.Once
}

// Close counts once: rueidis may call it from several goroutines.
func (c *countedConn) Close() error {
	c.once.Do(c.open.Dec)
	return c.Conn.Close()
}
