package main

import (
	"context"
	"fmt"
	"log/slog"

	"github.com/VictoriaMetrics/metrics"

	"uproar/core/store"
	"uproar/core/store/redisstore"
)

// backend is a store with what its process owes it.
type backend interface {
	store.Store
	Run(ctx context.Context) error
	Close() error
}

// openStore opens the store that the options choose. Its outages are logged.
func openStore(o *options, set *metrics.Set, log *slog.Logger) (backend, error) {
	out := newOutages(log)
	if len(o.Redis) == 0 {
		s, err := store.OpenWith(store.Config{Path: o.Data, Metrics: set, OnState: func(failing bool, cause error) {
			out.tell("the file of the store", failing, cause, "changes hold in memory, and are written when they can be")
		}})
		if err != nil {
			return nil, &codedError{err, exitFile}
		}
		return s, nil
	}
	s, err := redisstore.Open(context.Background(), redisstore.Config{
		Addrs: o.Redis, Mode: redisstore.Mode(o.RedisMode), Env: o.Env, Role: "edge", Metrics: set, OnState: out.redis,
	})
	if err != nil {
		return nil, &codedError{fmt.Errorf("cannot use --redis: %w", err), exitAddress}
	}
	return onRedis{s}, nil
}

// onRedis is a store that others keep: it has nothing to run.
type onRedis struct{ *redisstore.Store }

// Run implements backend.
func (onRedis) Run(ctx context.Context) error {
	<-ctx.Done()
	return nil
}

// Close implements backend.
func (r onRedis) Close() error {
	r.Store.Close()
	return nil
}
