package redisstore

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/redis/rueidis"

	"uproar/core/store"
)

// shard is one server, or a whole cluster, and what may be under way there.
type shard struct {
	name      string // its address, or "cluster"
	client    rueidis.Client
	places    chan struct{} // one for each call that may hold a place in a queue of rueidis
	abandoned time.Duration // how long a call that was given up keeps its place
	meters    meters
}

func newShard(name string, client rueidis.Client, c *Config) *shard {
	return &shard{
		name:      name,
		client:    client,
		places:    make(chan struct{}, c.CallsMax),
		abandoned: c.abandonedFor(),
		meters:    newMeters(c.Metrics, name),
	}
}

var errFull = errors.New("too many calls under way")

// do sends commands in one pipeline and returns their results, one for each. It returns
// by the end of ctx, whatever the server does. In a cluster rueidis sends each node its
// part, all at once, and answers of nodes that came in time stand beside the errors of
// those that did not.
func (s *shard) do(ctx context.Context, commands []rueidis.Completed) ([]rueidis.RedisResult, error) {
	select {
	case s.places <- struct{}{}:
	default:
		s.meters.refused.Inc()
		return nil, s.unavailable(errFull)
	}
	inner, cancel := earlier(ctx)
	answered := make(chan []rueidis.RedisResult, 1)
	n, began := len(commands), time.Now()
	s.meters.roundTrips.Inc()
	s.meters.commands.Add(n)
	go func() {
		defer cancel()
		results := s.client.DoMulti(inner, commands...)
		s.meters.seconds.UpdateDuration(began)
		s.settle(results)
		answered <- results
	}()
	select {
	case results := <-answered:
		return results, nil
	case <-ctx.Done():
		return nil, s.unavailable(ctx.Err())
	}
}

// earlier ends shortly before ctx does, so that what some nodes of a cluster answered is
// there in time although others are silent.
func earlier(ctx context.Context) (context.Context, context.CancelFunc) {
	deadline, ok := ctx.Deadline()
	if !ok {
		return context.WithCancel(ctx)
	}
	return context.WithDeadline(ctx, deadline.Add(-time.Until(deadline)/20))
}

// settle counts failures and gives the call's place back: at once, unless the commands
// may still be in a queue.
func (s *shard) settle(results []rueidis.RedisResult) {
	gaveUp := false
	for i := range results {
		err := results[i].Error()
		if err == nil || rueidis.IsRedisNil(err) || unknownScript(results[i]) {
			continue
		}
		s.meters.failed.Inc()
		gaveUp = gaveUp || errors.Is(err, context.DeadlineExceeded) || errors.Is(err, context.Canceled)
	}
	if gaveUp {
		time.AfterFunc(s.abandoned, func() { <-s.places })
		return
	}
	<-s.places
}

// doOne is do for a single command that may be a script.
func (s *shard) doOne(ctx context.Context, command func(byText bool) rueidis.Completed) (rueidis.RedisResult, error) {
	results, err := s.do(ctx, []rueidis.Completed{command(false)})
	if err == nil && unknownScript(results[0]) {
		results, err = s.do(ctx, []rueidis.Completed{command(true)})
	}
	if err != nil {
		return rueidis.RedisResult{}, err
	}
	if err := results[0].Error(); err != nil {
		return rueidis.RedisResult{}, s.unavailable(err)
	}
	return results[0], nil
}

// unavailable is the error of what a server has not done. Its refusals (LOADING,
// READONLY, CLUSTERDOWN, OOM, a full server) count as such: none of them is an answer.
func (s *shard) unavailable(cause error) error {
	return fmt.Errorf("cannot ask redis %q: %w: %w", s.name, store.ErrUnavailable, cause)
}
