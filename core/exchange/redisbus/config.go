package redisbus

import (
	"cmp"
	"crypto/tls"
	"fmt"
	"net"
	"time"

	"github.com/VictoriaMetrics/metrics"
	"github.com/redis/rueidis"

	"uproar/core/exchange"
	"uproar/core/redisconn"
)

// Mode is how servers share the partitions.
type Mode string

const (
	ModeAuto    Mode = "auto"    // ask the servers: a cluster, or by their number
	ModeSharded Mode = "sharded" // one server, or several by a stable hash of the partition
	ModeCluster Mode = "cluster" // a Redis Cluster, of which Addrs are some nodes
)

// Defaults of Config.
const (
	defaultDialTimeout   = time.Second
	defaultStallTimeout  = time.Second
	defaultSendTimeout   = 500 * time.Millisecond
	defaultAnswerTimeout = time.Second
	defaultQueueLinesMax = 16384
	defaultQueueBytesMax = 4 << 20
	defaultFeedBytesMax  = 16 << 20
)

// defaultFlushEvery is how often a partition is flushed at most. A flush costs its server,
// and every edge that wants the partition, some wake-ups whatever it carries. A room of 90
// lines a second hardly notices, and one of 900 has nine in each: nobody reads so fast
// that 10 ms matter there.
const defaultFlushEvery = 10 * time.Millisecond

// Sizes of one connection.
const (
	bufferBytes    = 128 << 10 // each way
	queueScale     = 11        // 2^11 calls: more than there can be under way, so that it is never full
	partitionsMax  = 512       // each has one flush and one call with asides under way
	probeEvery     = 500 * time.Millisecond
	redirectsMax   = 3 // of a cluster, for one command
	topologyEvery  = 10 * time.Second
	subscribersMax = 4 // connections for subscriptions, per server: one, and those being closed
)

// Config says where the servers are. Only Addrs must be set.
type Config struct {
	// Addrs are host:port. In ModeSharded they also decide where a partition lives: every
	// process must spell them the same; their order is free.
	Addrs              []string
	Mode               Mode        // ModeAuto if empty
	Env                string      // part of every key: [a-z0-9-]; "prod" if empty
	Role               string      // of this process, for CLIENT LIST; "edge" if empty
	Username, Password string      // empty: the server's default user, without a password
	TLS                *tls.Config // nil: none
	Partitions         int         // 1 to 512; exchange.Partitions if 0

	DialTimeout  time.Duration // to connect and say hello; 1 s if 0
	StallTimeout time.Duration // without any answer: the connection is made anew; 1 s if 0

	FlushEvery    time.Duration // at most, of a partition; 10 ms if 0
	SendTimeout   time.Duration // lines not sent by then are refused; 500 ms if 0
	AnswerTimeout time.Duration // sent and without an answer by then: exchange.ErrUnsure; 1 s if 0
	QueueLinesMax int           // waiting in a partition of a Publisher; 16,384 if 0
	QueueBytesMax int           // waiting in a partition of a Publisher; 4 MiB if 0
	FeedBytesMax  int           // waiting in all lanes of a Feed; as much may be on its way to the sink; 16 MiB if 0

	Metrics *metrics.Set // nil: metrics are counted for nobody
}

// withDefaults is c with every field set.
func (c Config) withDefaults() (Config, error) {
	if err := redisconn.CheckAddrs(what, c.Addrs); err != nil {
		return c, err
	}
	c.Mode = cmp.Or(c.Mode, ModeAuto)
	c.Env = cmp.Or(c.Env, "prod")
	c.Role = cmp.Or(c.Role, "edge")
	c.Partitions = cmp.Or(c.Partitions, exchange.Partitions)
	c.DialTimeout = cmp.Or(c.DialTimeout, defaultDialTimeout)
	c.StallTimeout = cmp.Or(c.StallTimeout, defaultStallTimeout)
	c.FlushEvery = cmp.Or(c.FlushEvery, defaultFlushEvery)
	c.SendTimeout = cmp.Or(c.SendTimeout, defaultSendTimeout)
	c.AnswerTimeout = cmp.Or(c.AnswerTimeout, defaultAnswerTimeout)
	c.QueueLinesMax = cmp.Or(c.QueueLinesMax, defaultQueueLinesMax)
	c.QueueBytesMax = cmp.Or(c.QueueBytesMax, defaultQueueBytesMax)
	c.FeedBytesMax = cmp.Or(c.FeedBytesMax, defaultFeedBytesMax)
	if c.Metrics == nil {
		c.Metrics = metrics.NewSet()
	}
	if err := redisconn.CheckEnv(what, c.Env); err != nil {
		return c, err
	}
	if c.Partitions < 1 || c.Partitions > partitionsMax {
		return c, fmt.Errorf("cannot open redis exchange: %d partitions, want 1 to %d", c.Partitions, partitionsMax)
	}
	switch c.Mode {
	case ModeAuto, ModeSharded, ModeCluster:
		return c, nil
	}
	return c, fmt.Errorf("cannot open redis exchange: no mode is called %q", c.Mode)
}

// what is opened, in errors.
const what = "redis exchange"

// clientName is what CLIENT LIST shows of a connection for that use.
func (c *Config) clientName(use string) string { return redisconn.ClientName(c.Role, c.Env, use) }

// option is how rueidis connects to addrs.
//
// One connection, so that commands run in the order in which they were sent.
// AlwaysPipelining: a closed connection is noticed before the next call. DisableRetry:
// whether something may be sent again is known here. Redirections within a cluster are
// followed all the same.
func (c *Config) option(addrs ...string) rueidis.ClientOption {
	return rueidis.ClientOption{
		InitAddress:         addrs,
		Username:            c.Username,
		Password:            c.Password,
		ClientName:          c.clientName("bus"),
		DialCtxFn:           redisconn.Dialer(c.Metrics.GetOrCreateGauge(`uproar_exchange_redis_connections`, nil)),
		TLSConfig:           c.TLS,
		ClientSetInfo:       rueidis.DisableClientSetInfo,
		Dialer:              net.Dialer{Timeout: c.DialTimeout, KeepAlive: probeEvery},
		ConnWriteTimeout:    c.StallTimeout,
		PipelineMultiplex:   -1,
		RingScaleEachConn:   queueScale,
		ReadBufferEachConn:  bufferBytes,
		WriteBufferEachConn: bufferBytes,
		BlockingPipeline:    -1,
		BlockingPoolSize:    subscribersMax,
		AlwaysPipelining:    true,
		DisableCache:        true,
		DisableRetry:        true,
		ClusterOption: rueidis.ClusterOption{
			ShardsRefreshInterval: topologyEvery,
			MaxMovedRedirections:  redirectsMax,
		},
	}
}
