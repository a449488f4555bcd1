package redisstore

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/redis/rueidis"

	"uproar/core/store"
)

// Store is state on Redis. Its methods may be called by several goroutines at once.
type Store struct {
	config Config // with defaults
	keys   keys
	shards []*shard // one, unless ModeSharded
	hashes []uint64 // of the shards' names, for pick
}

var _ store.Store = (*Store)(nil)

// Open connects to the servers of c. Whoever calls it must call Close.
//
// One server that answers tells ModeAuto what they are. In ModeSingle and ModeSharded
// servers need not be up: what lives there is unavailable until they are.
func Open(ctx context.Context, c Config) (*Store, error) {
	c, err := c.withDefaults()
	if err != nil {
		return nil, err
	}
	s := &Store{keys: keys{"up:" + c.Env + ":"}}
	if c.Mode == ModeAuto {
		if c.Mode, err = detect(ctx, &c); err != nil {
			return nil, err
		}
	}
	s.config = c
	switch {
	case c.Mode == ModeCluster:
		err = s.openCluster()
	case c.Mode == ModeSharded, c.Mode == ModeSingle && len(c.Addrs) == 1:
		err = s.openServers(ctx)
	case c.Mode == ModeSingle:
		err = fmt.Errorf("cannot open redis store: %d addresses in mode single", len(c.Addrs))
	default:
		err = fmt.Errorf("cannot open redis store: no mode is called %q", c.Mode)
	}
	if err != nil {
		s.Close()
		return nil, err
	}
	for _, one := range s.shards {
		s.hashes = append(s.hashes, hash(one.name))
	}
	return s, nil
}

// Mode tells what the servers are: never ModeAuto.
func (s *Store) Mode() Mode { return s.config.Mode }

// Close ends all connections. Calls that are under way fail.
func (s *Store) Close() {
	for _, one := range s.shards {
		one.client.Close()
	}
}

// detect asks one address after the other until one answers.
func detect(ctx context.Context, c *Config) (Mode, error) {
	var failed error
	for _, addr := range c.Addrs {
		cluster, err := isCluster(ctx, c, addr)
		switch {
		case err != nil:
			failed = errors.Join(failed, fmt.Errorf("cannot open redis store %q: %w: %w", addr, store.ErrUnavailable, err))
		case cluster:
			return ModeCluster, nil
		case len(c.Addrs) > 1:
			return ModeSharded, nil
		default:
			return ModeSingle, nil
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

func (s *Store) openCluster() error {
	client, err := rueidis.NewClient(s.config.option(s.config.Addrs...))
	if err != nil {
		return fmt.Errorf("cannot open redis cluster %q: %w: %w", s.config.Addrs, store.ErrUnavailable, err)
	}
	s.shards = []*shard{newShard("cluster", client, &s.config)}
	if client.Mode() != rueidis.ClientModeCluster {
		return fmt.Errorf("cannot open redis cluster %q: the server is not of a cluster", s.config.Addrs)
	}
	return nil
}

// openServers waits for the first connection of each, all at the same time.
func (s *Store) openServers(ctx context.Context) error {
	type opened struct {
		i      int
		client rueidis.Client
		err    error
	}
	done := make(chan opened, len(s.config.Addrs))
	for i, addr := range s.config.Addrs {
		option := s.config.option(addr)
		option.ForceSingleClient = true
		go func() {
			// With an error there is a client too, which connects later.
			client, err := rueidis.NewClient(option)
			done <- opened{i, client, err}
		}()
	}
	shards := make([]*shard, len(s.config.Addrs))
	var failed error
	for range shards {
		one := <-done
		if one.client == nil {
			failed = errors.Join(failed, fmt.Errorf("cannot open redis store %q: %w", s.config.Addrs[one.i], one.err))
			continue
		}
		shards[one.i] = newShard(s.config.Addrs[one.i], one.client, &s.config)
	}
	for _, one := range shards {
		if one != nil {
			s.shards = append(s.shards, one)
		}
	}
	return errors.Join(failed, ctx.Err())
}

// shard is where the keys of tag live.
func (s *Store) shard(tag string) int {
	if len(s.shards) == 1 {
		return 0
	}
	return pick(s.hashes, tag)
}
