package redisbus

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"

	"github.com/redis/rueidis"
)

// Bus is the connections of a process to the servers of the exchange: one to each for
// commands. Its methods may be called by several goroutines at once.
type Bus struct {
	config   Config // with defaults
	keys     keys
	cluster  rueidis.Client   // nil unless ModeCluster
	servers  []rueidis.Client // as Config.Addrs; nil in a cluster
	channels map[string]int   // the partition of each
	repairs  chan struct{}    // one for each Since that rueidis has not returned from
	calls    sync.WaitGroup   // that rueidis has not returned from
	meters   *meters
}

// Open connects to the servers of c. Whoever calls it must call Close.
//
// One server that answers tells ModeAuto what they are. In ModeSharded servers need not
// be up: what lives there is unavailable until they are.
func Open(ctx context.Context, c Config) (*Bus, error) {
	c, err := c.withDefaults()
	if err != nil {
		return nil, err
	}
	if c.Mode == ModeAuto {
		if c.Mode, err = detect(ctx, &c); err != nil {
			return nil, err
		}
	}
	b := &Bus{config: c, keys: keys{"up:" + c.Env + ":"}, channels: map[string]int{},
		repairs: make(chan struct{}, repairsMax), meters: newMeters(c.Metrics)}
	for p := range c.Partitions {
		b.channels[b.keys.channel(p)] = p
	}
	if c.Mode == ModeCluster {
		err = b.openCluster()
	} else {
		err = b.openServers()
	}
	if err != nil {
		b.Close()
		return nil, err
	}
	return b, nil
}

// Mode tells what the servers are: never ModeAuto.
func (b *Bus) Mode() Mode { return b.config.Mode }

// Close ends all connections; calls that are under way fail. Publishers and Feeds of the
// bus are to be closed before.
func (b *Bus) Close() {
	if b.cluster != nil {
		b.cluster.Close()
	}
	for _, client := range b.servers {
		client.Close()
	}
	b.calls.Wait()
}

// detect asks one address after the other until one answers.
func detect(ctx context.Context, c *Config) (Mode, error) {
	var failed error
	for _, addr := range c.Addrs {
		cluster, err := isCluster(ctx, c, addr)
		switch {
		case err != nil:
			failed = errors.Join(failed, fmt.Errorf("cannot open redis exchange %q: %w", addr, err))
		case cluster:
			return ModeCluster, nil
		default:
			return ModeSharded, nil
		}
	}
	return "", failed
}

func isCluster(ctx context.Context, c *Config, addr string) (bool, error) {
	if err := ctx.Err(); err != nil {
		return false, err
	}
	option := c.option(addr)
	option.ForceSingleClient = true
	client, err := rueidis.NewClient(option)
	if client != nil {
		defer client.Close()
	}
	if err != nil {
		return false, err
	}
	ctx, cancel := context.WithTimeout(ctx, c.DialTimeout)
	defer cancel()
	info, err := client.Do(ctx, client.B().Info().Section("cluster").Build()).ToString()
	return strings.Contains(info, "cluster_enabled:1"), err
}

func (b *Bus) openCluster() error {
	client, err := rueidis.NewClient(b.config.option(b.config.Addrs...))
	if err != nil {
		return fmt.Errorf("cannot open redis cluster %q: %w", b.config.Addrs, err)
	}
	b.cluster = client
	if client.Mode() != rueidis.ClientModeCluster {
		return fmt.Errorf("cannot open redis cluster %q: the server is not of a cluster", b.config.Addrs)
	}
	return nil
}

// openServers waits for the first connection of each, all at the same time.
func (b *Bus) openServers() error {
	clients := make([]rueidis.Client, len(b.config.Addrs))
	errs := make([]error, len(b.config.Addrs))
	var all sync.WaitGroup
	for i, addr := range b.config.Addrs {
		option := b.config.option(addr)
		option.ForceSingleClient = true
		all.Go(func() { clients[i], errs[i] = rueidis.NewClient(option) })
	}
	all.Wait()
	b.servers = slices.DeleteFunc(slices.Clone(clients), func(c rueidis.Client) bool { return c == nil })
	for i, client := range clients {
		if client == nil { // an unreachable server has one all the same, which connects later
			return fmt.Errorf("cannot open redis exchange %q: %w", b.config.Addrs[i], errs[i])
		}
	}
	return nil
}

// at is the client that a partition's commands go through.
func (b *Bus) at(partition int) rueidis.Client {
	if b.cluster != nil {
		return b.cluster
	}
	return b.servers[serverOf(b.config.Addrs, partition)]
}
