package redisstore

import (
	"context"
	"fmt"
	"time"

	"github.com/redis/rueidis"

	"uproar/core/store"
)

// shard is one server, or a whole cluster, and what may be under way there. In a cluster
// each node is a shard, too.
type shard struct {
	name     string // its address, or "cluster"
	client   rueidis.Client
	places   chan struct{} // one for each call that rueidis has not returned from
	breaker  *breaker
	health   *health
	meters   meters
	whole    *shard // of a node: its cluster, for what the node redirects
	troubled func() // of a cluster: asks for a new layout
}

func newShard(name string, client rueidis.Client, c *Config) *shard {
	m := newMeters(c.Metrics, name)
	return &shard{
		name:    name,
		client:  client,
		places:  make(chan struct{}, c.CallsMax),
		breaker: newBreaker(m.open),
		health:  &health{tell: func(away bool, cause error) { c.OnState(name, away, cause) }},
		meters:  m,
	}
}

// do sends commands in one pipeline and returns their results, one for each. It returns
// by the end of ctx, whatever the server does.
//
// rueidis does not get ctx. It would lend it to the making of a connection that others
// wait for: with a server 50 ms away, hello would never be said within the 100 ms of one
// call. And it waits without it where a queue is full or others connect. So the call goes
// on behind a caller that has given up, until its connection has answered or is closed
// (StallTimeout) or could not be made (DialTimeout), and keeps its place until then.
func (s *shard) do(ctx context.Context, commands []rueidis.Completed) ([]rueidis.RedisResult, error) {
	if err := ctx.Err(); err != nil {
		return nil, s.unavailable(fmt.Errorf("%w: %w", store.ErrNotDone, err))
	}
	select {
	case s.places <- struct{}{}:
	default:
		s.meters.refused.Inc()
		return nil, s.unavailable(errFull)
	}
	done, err := s.breaker.allow(ctx)
	if err != nil {
		<-s.places
		s.meters.refused.Inc()
		return nil, s.unavailable(store.ErrOpen)
	}
	answered := make(chan []rueidis.RedisResult, 1)
	n, began := len(commands), time.Now()
	s.meters.roundTrips.Inc()
	s.meters.commands.Add(n)
	go func() {
		results := s.client.DoMulti(context.Background(), commands...)
		s.meters.seconds.UpdateDuration(began)
		s.settle(results)
		answered <- results
	}()
	select {
	case results := <-answered:
		done(nil)
		s.health.heard(failure(results))
		return results, nil
	case <-ctx.Done():
		cause := s.breaker.verdict(began, fmt.Errorf("no answer within %v", time.Since(began).Round(time.Millisecond)))
		done(cause)
		if cause != errHasty {
			s.health.heard(cause)
		}
		return nil, s.unavailable(ctx.Err())
	}
}

// settle counts failures, and gives the call's place back.
func (s *shard) settle(results []rueidis.RedisResult) {
	lost := false
	for i := range results {
		err := results[i].Error()
		if err == nil || rueidis.IsRedisNil(err) || unknownScript(results[i]) {
			continue
		}
		s.meters.failed.Inc()
		lost = lost || results[i].NonRedisError() != nil
	}
	if lost && s.troubled != nil {
		s.troubled()
	}
	<-s.places
}

// doAll is do for n commands that build makes. What a server has refused because it does
// not know the script, or because another node has the slot, it has not done, and is
// sent once more: with the text of the script, or through the cluster.
func (s *shard) doAll(ctx context.Context, n int, build func(i int, byText bool) rueidis.Completed) ([]rueidis.RedisResult, error) {
	commands := make([]rueidis.Completed, n)
	for i := range commands {
		commands[i] = build(i, false)
	}
	results, err := s.do(ctx, commands)
	if err != nil {
		return nil, err
	}
	var unknown, moved []int
	for i := range results {
		if unknownScript(results[i]) {
			unknown = append(unknown, i)
		} else if s.whole != nil && redirected(results[i]) {
			moved = append(moved, i)
		}
	}
	if len(moved) > 0 {
		s.troubled()
		s.whole.again(ctx, moved, results, build)
	}
	s.again(ctx, unknown, results, build)
	return results, nil
}

// again sends some of the commands and puts their results in place.
func (s *shard) again(ctx context.Context, which []int, results []rueidis.RedisResult, build func(i int, byText bool) rueidis.Completed) {
	if len(which) == 0 {
		return
	}
	commands := make([]rueidis.Completed, len(which))
	for n, i := range which {
		commands[n] = build(i, true)
	}
	second, err := s.do(ctx, commands)
	for n, i := range which {
		if err != nil {
			results[i] = rueidis.NewErrorResult(err)
		} else {
			results[i] = second[n]
		}
	}
}

func redirected(r rueidis.RedisResult) bool {
	err, ok := rueidis.IsRedisErr(r.Error())
	if !ok {
		return false
	}
	_, moved := err.IsMoved()
	_, ask := err.IsAsk()
	return moved || ask
}

// doOne is doAll for a single command.
func (s *shard) doOne(ctx context.Context, build func(byText bool) rueidis.Completed) (rueidis.RedisResult, error) {
	results, err := s.doAll(ctx, 1, func(_ int, byText bool) rueidis.Completed { return build(byText) })
	if err != nil {
		return rueidis.RedisResult{}, err
	}
	if err := results[0].Error(); err != nil {
		return rueidis.RedisResult{}, s.unavailable(err)
	}
	return results[0], nil
}
