package redisbus

import (
	"crypto/tls"
	"fmt"
	"net"
	"os"
	"strings"
	"time"

	"github.com/VictoriaMetrics/metrics"
	"github.com/redis/rueidis"

	"uproar/core/exchange"
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

// Sizes of one connection.
const (
	bufferBytes    = 128 << 10 // each way
	queueScale     = 10        // 2^10 calls: more than there can be under way, so that it is never full
	partitionsMax  = 512       // each has one call under way
	probeEvery     = 500 * time.Millisecond
	redirectsMax   = 3 // of a cluster, for one command
	topologyEvery  = 10 * time.Second
	subscribersMax = 4 // connections for subscriptions, per server: one, and those being closed
	clientNameByte = 128
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

	SendTimeout   time.Duration // lines not sent by then are refused; 500 ms if 0
	AnswerTimeout time.Duration // sent and without an answer by then: ErrUnsure; 1 s if 0
	QueueLinesMax int           // waiting in a partition of a Publisher; 16,384 if 0
	QueueBytesMax int           // waiting in a partition of a Publisher; 4 MiB if 0
	FeedBytesMax  int           // waiting in all lanes of a Feed; as much may be on its way to the sink; 16 MiB if 0

	Metrics *metrics.Set // nil: metrics are counted for nobody
}

// withDefaults is c with every field set.
func (c Config) withDefaults() (Config, error) {
	if len(c.Addrs) == 0 {
		return c, fmt.Errorf("cannot open redis exchange: no address")
	}
	seen := map[string]bool{}
	for _, addr := range c.Addrs {
		if _, _, err := net.SplitHostPort(addr); err != nil {
			return c, fmt.Errorf("cannot open redis exchange %q: %w", addr, err)
		}
		if seen[addr] {
			return c, fmt.Errorf("cannot open redis exchange %q: the address is there twice", addr)
		}
		seen[addr] = true
	}
	setDefault(&c.Mode, ModeAuto)
	setDefault(&c.Env, "prod")
	setDefault(&c.Role, "edge")
	setDefault(&c.Partitions, exchange.Partitions)
	setDefault(&c.DialTimeout, defaultDialTimeout)
	setDefault(&c.StallTimeout, defaultStallTimeout)
	setDefault(&c.SendTimeout, defaultSendTimeout)
	setDefault(&c.AnswerTimeout, defaultAnswerTimeout)
	setDefault(&c.QueueLinesMax, defaultQueueLinesMax)
	setDefault(&c.QueueBytesMax, defaultQueueBytesMax)
	setDefault(&c.FeedBytesMax, defaultFeedBytesMax)
	if c.Metrics == nil {
		c.Metrics = metrics.NewSet()
	}
	if strings.Trim(c.Env, "abcdefghijklmnopqrstuvwxyz0123456789-") != "" {
		return c, fmt.Errorf("cannot open redis exchange: environment %q is not of [a-z0-9-]", c.Env)
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

func setDefault[V comparable](field *V, to V) {
	var zero V
	if *field == zero {
		*field = to
	}
}

// clientName is what CLIENT LIST shows, so that the owner of a connection is one command
// away. use is what the connection is for.
func (c *Config) clientName(use string) string {
	host, err := os.Hostname()
	if err != nil {
		host = "unknown"
	}
	name := fmt.Sprintf("uproar-%s-%s-%d-%s-%s", c.Role, host, os.Getpid(), c.Env, use)
	name = strings.Map(func(r rune) rune {
		if r <= ' ' || r > '~' { // Redis refuses those
			return '-'
		}
		return r
	}, name)
	return name[:min(len(name), clientNameByte)]
}

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
		DialCtxFn:           countConnections(c.Metrics),
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
