package redisstore

import (
	"cmp"
	"crypto/tls"
	"fmt"
	"net"
	"time"

	"github.com/VictoriaMetrics/metrics"
	"github.com/redis/rueidis"

	"uproar/core/redisconn"
)

// Mode is how servers share the keys.
type Mode string

const (
	ModeAuto    Mode = "auto"    // ask the servers: a cluster, or by their number
	ModeSingle  Mode = "single"  // one server
	ModeSharded Mode = "sharded" // several, by a stable hash of room or account
	ModeCluster Mode = "cluster" // a Redis Cluster, of which Addrs are some nodes
)

// Defaults of Config.
const (
	defaultDialTimeout  = time.Second
	defaultStallTimeout = time.Second
	defaultCallsMax     = 512
)

// Sizes of one connection. A client has one for its pipelines; Watch has another.
const (
	bufferBytes   = 128 << 10 // each way
	queueScale    = 10        // 2^10 calls: more than CallsMax, so that it is never full
	callsLimit    = 1<<queueScale - 64
	probeEvery    = 500 * time.Millisecond // of an idle connection, and of one that answers nothing
	redirectsMax  = 3                      // of a cluster, for one command
	topologyEvery = 30 * time.Second       // besides whenever a node redirects or fails
	watchPoolMax  = 4                      // Watches at a time, per server
)

// Config says where the servers are. Only Addrs must be set.
type Config struct {
	// Addrs are host:port. In ModeSharded they also decide where a key lives: every
	// process must spell them the same; their order is free.
	Addrs              []string
	Mode               Mode        // ModeAuto if empty
	Env                string      // part of every key: [a-z0-9-]; "prod" if empty
	Role               string      // of this process, for CLIENT LIST; "edge" if empty
	Username, Password string      // empty: the server's default user, without a password
	TLS                *tls.Config // nil: none. Its ServerName is each server's host, if empty

	DialTimeout  time.Duration // to connect and say hello; 1 s if 0
	StallTimeout time.Duration // without any answer: the connection is made anew; 1 s if 0
	CallsMax     int           // under way at a server, those given up included: 1 to 960, 512 if 0

	Metrics *metrics.Set // nil: metrics are counted for nobody

	// OnState is told when a server goes away, after 3 calls in a row without an answer,
	// or refused, and why; and that it is back, at the first call that succeeds a second
	// or more after the last that failed. The connections of Watch count as calls. Of one
	// server it is told in order. It must not block. Nobody if nil.
	OnState func(server string, away bool, cause error)
}

// Check is the error that Open would begin with: it connects to nothing.
func (c Config) Check() error {
	_, err := c.withDefaults()
	return err
}

// withDefaults is c with every field set.
func (c Config) withDefaults() (Config, error) {
	if err := redisconn.CheckAddrs(what, c.Addrs); err != nil {
		return c, err
	}
	c.Mode = cmp.Or(c.Mode, ModeAuto)
	c.Env = cmp.Or(c.Env, "prod")
	c.Role = cmp.Or(c.Role, "edge")
	c.DialTimeout = cmp.Or(c.DialTimeout, defaultDialTimeout)
	c.StallTimeout = cmp.Or(c.StallTimeout, defaultStallTimeout)
	c.CallsMax = cmp.Or(c.CallsMax, defaultCallsMax)
	if c.Metrics == nil {
		c.Metrics = metrics.NewSet()
	}
	if c.OnState == nil {
		c.OnState = func(string, bool, error) {}
	}
	if err := redisconn.CheckEnv(what, c.Env); err != nil {
		return c, err
	}
	if c.CallsMax < 1 || c.CallsMax > callsLimit {
		return c, fmt.Errorf("cannot open redis store: %d calls at a time, want 1 to %d", c.CallsMax, callsLimit)
	}
	return c, nil
}

// what is opened, in errors.
const what = "redis store"

// option is how rueidis connects to addrs.
//
// One connection: commands of one process run in the order in which they were sent.
// AlwaysPipelining: a call that gives up does not close the connection under the others,
// and a closed connection is noticed before the next call. BlockingPipeline is off: a
// long pipeline takes no connection of its own. DisableRetry: by itself rueidis tries
// reads for as long as the context allows, which hides a failing server until the
// deadline; redirections within a cluster are followed all the same.
func (c *Config) option(addrs ...string) rueidis.ClientOption {
	return rueidis.ClientOption{
		InitAddress:         addrs,
		Username:            c.Username,
		Password:            c.Password,
		ClientName:          redisconn.ClientName(c.Role, c.Env, ""),
		DialCtxFn:           redisconn.Dialer(c.Metrics.GetOrCreateGauge(`uproar_store_connections`, nil)),
		TLSConfig:           c.TLS,
		ClientSetInfo:       rueidis.DisableClientSetInfo,
		Dialer:              net.Dialer{Timeout: c.DialTimeout, KeepAlive: probeEvery},
		ConnWriteTimeout:    c.StallTimeout,
		PipelineMultiplex:   -1,
		RingScaleEachConn:   queueScale,
		ReadBufferEachConn:  bufferBytes,
		WriteBufferEachConn: bufferBytes,
		BlockingPipeline:    -1,
		BlockingPoolSize:    watchPoolMax,
		AlwaysPipelining:    true,
		DisableCache:        true,
		DisableRetry:        true,
		ClusterOption: rueidis.ClusterOption{
			ShardsRefreshInterval: topologyEvery,
			MaxMovedRedirections:  redirectsMax,
		},
	}
}
