package main

import (
	"context"
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
	c, err := redisConfig(o)
	if err != nil {
		return nil, &codedError{err, exitFile}
	}
	if len(o.Redis) == 0 {
		s, err := store.OpenWith(store.Config{Path: o.Data, Metrics: set, OnState: func(failing bool, cause error) {
			out.tell("the file of the store", failing, cause, "changes hold in memory, and are written when they can be")
		}})
		if err != nil {
			return nil, &codedError{err, exitFile}
		}
		return s, nil
	}
	c.Metrics, c.OnState = set, out.redis(o.has(roleEdge))
	s, err := redisstore.Open(context.Background(), c)
	if err != nil {
		return nil, &codedError{redisError(o, err), exitAddress}
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
