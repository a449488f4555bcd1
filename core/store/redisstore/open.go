package redisstore

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"

	"github.com/redis/rueidis"

	"uproar/core/store"
)

// Store is state on Redis. Its methods may be called by several goroutines at once.
type Store struct {
	config  Config // with defaults
	keys    keys
	layout  atomic.Pointer[layout]
	cluster *cluster         // nil unless ModeCluster
	clients []rueidis.Client // to close
}

var _ store.Store = (*Store)(nil)

// ErrLogin is wrapped by the error of Open when a server takes the user and password
// for wrong, or wants some: another try is no use.
var ErrLogin = errors.New("login refused")

// login is err, as ErrLogin if it is that.
func login(err error) error {
	answer, ok := rueidis.IsRedisErr(err)
	if !ok {
		return err
	}
	for _, code := range []string{"WRONGPASS", "NOAUTH", "NOPERM"} {
		if strings.HasPrefix(answer.Error(), code) {
			return fmt.Errorf("%w: %w", ErrLogin, err)
		}
	}
	return err
}

// Open connects to the servers of c. Whoever calls it must call Close.
//
// One server that answers tells ModeAuto what they are. In ModeSingle and ModeSharded
// servers need not be up: what lives there is unavailable until they are. A server that is
// up and refuses our login is an error that wraps ErrLogin.
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
		err = s.openCluster(ctx)
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
	return s, nil
}

// Mode tells what the servers are: never ModeAuto.
func (s *Store) Mode() Mode { return s.config.Mode }

// Close ends all connections. Calls that are under way fail.
func (s *Store) Close() {
	if s.cluster != nil {
		s.cluster.close()
	}
	for _, client := range s.clients {
		client.Close()
	}
}

// detect asks one address after the other until one answers.
func detect(ctx context.Context, c *Config) (Mode, error) {
	var failed error
	for _, addr := range c.Addrs {
		cluster, err := isCluster(ctx, c, addr)
		switch {
		case err != nil:
			failed = errors.Join(failed, fmt.Errorf("cannot open redis store %q: %w: %w", addr, store.ErrUnavailable, login(err)))
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

func (s *Store) openCluster(ctx context.Context) error {
	client, err := rueidis.NewClient(s.config.option(s.config.Addrs...))
	if err != nil {
		return fmt.Errorf("cannot open redis cluster %q: %w: %w", s.config.Addrs, store.ErrUnavailable, login(err))
	}
	s.clients = []rueidis.Client{client}
	if client.Mode() != rueidis.ClientModeCluster {
		return fmt.Errorf("cannot open redis cluster %q: the server is not of a cluster", s.config.Addrs)
	}
	s.cluster, err = newCluster(ctx, &s.config, client, s.layout.Store)
	if err != nil {
		return fmt.Errorf("cannot open redis cluster %q: %w: %w", s.config.Addrs, store.ErrUnavailable, err)
	}
	return nil
}

// openServers waits for the first connection of each, all at the same time.
func (s *Store) openServers(ctx context.Context) error {
	clients := make([]rueidis.Client, len(s.config.Addrs))
	errs := make([]error, len(s.config.Addrs))
	var all sync.WaitGroup
	for i, addr := range s.config.Addrs {
		option := s.config.option(addr)
		option.ForceSingleClient = true
		all.Go(func() { clients[i], errs[i] = rueidis.NewClient(option) })
	}
	all.Wait()
	var shards []*shard
	for i, client := range clients {
		if client == nil { // an unreachable server has one all the same, which connects later
			return fmt.Errorf("cannot open redis store %q: %w", s.config.Addrs[i], errs[i])
		}
		s.clients = append(s.clients, client)
		if err := login(errs[i]); errors.Is(err, ErrLogin) {
			return fmt.Errorf("cannot open redis store %q: %w", s.config.Addrs[i], err)
		}
		shards = append(shards, newShard(s.config.Addrs[i], client, &s.config))
	}
	s.layout.Store(serversLayout(shards))
	return ctx.Err()
}

// at is where the keys of tag live.
func (s *Store) at(tag string) *shard {
	l := s.layout.Load()
	return l.shards[l.find(tag)]
}
