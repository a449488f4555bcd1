package redisbus

import (
	"context"
	"sync"
	"sync/atomic"
	"time"

	"github.com/redis/rueidis"
)

// subscriber keeps a connection to one server while something is wanted there, and is
// subscribed on it to what is.
type subscriber struct {
	feed   *Feed
	addr   string
	client rueidis.Client
	wake   chan struct{} // capacity 1
	up     atomic.Bool   // the server has answered to all subscriptions, and refused none
	mu     struct {
		sync.Mutex
		has map[int]uint64 // by partition: which time it was wanted
	}
}

func newSubscriber(f *Feed, addr string, client rueidis.Client) *subscriber {
	s := &subscriber{feed: f, addr: addr, client: client, wake: make(chan struct{}, 1)}
	s.mu.has = map[int]uint64{}
	return s
}

// hurry has the subscriber look at what is wanted. It never waits.
func (s *subscriber) hurry() {
	select {
	case s.wake <- struct{}{}:
	default:
	}
}

// run connects whenever something is wanted, until ctx ends.
func (s *subscriber) run(ctx context.Context) {
	for ctx.Err() == nil {
		if !s.wanted() {
			select {
			case <-s.wake:
			case <-ctx.Done():
			}
			continue
		}
		there := s.once(ctx)
		s.up.Store(false)
		s.mu.Lock()
		clear(s.mu.has)
		s.mu.Unlock()
		if ctx.Err() != nil {
			return
		}
		s.feed.bus.meters.lost.Inc()
		if !there {
			s.feed.leave(s.addr)
		}
		pause(ctx, retryAfter)
	}
}

func (s *subscriber) wanted() bool {
	s.feed.mu.Lock()
	defer s.feed.mu.Unlock()
	for p, home := range s.feed.mu.home {
		if home == s.addr && s.feed.mu.wanted[p] != 0 {
			return true
		}
	}
	return false
}

// change compares what is wanted here with what there is, and takes it that add is
// subscribed to and drop is not. What came to be wanted anew
// and is subscribed to already is marked at once.
func (s *subscriber) change() (add, drop []int) {
	s.feed.mu.Lock()
	defer s.feed.mu.Unlock()
	s.mu.Lock()
	defer s.mu.Unlock()
	for p, wanted := range s.feed.mu.wanted {
		if s.feed.mu.home[p] != s.addr {
			wanted = 0
		}
		switch has := s.mu.has[p]; {
		case has == wanted:
		case has == 0:
			s.mu.has[p] = wanted // already: the server may end it as soon as it has begun
			add = append(add, p)
		case wanted == 0:
			delete(s.mu.has, p)
			drop = append(drop, p)
		default:
			s.mu.has[p] = wanted
			s.feed.lane(p).mark(p)
		}
	}
	return add, drop
}

// once returns when the connection is lost, or could not be made (there is false), or
// when ctx ends. The hooks run on the goroutine that reads the connection, which carries nothing else.
func (s *subscriber) once(ctx context.Context) (there bool) {
	conn, release := s.client.Dedicate()
	defer release()
	defer conn.Close()
	lost := conn.SetPubSubHooks(rueidis.PubSubHooks{OnSubscription: s.confirmed, OnMessage: s.message})
	if !s.do(ctx, conn, conn.B().ClientSetname().ConnectionName(s.feed.bus.config.clientName("feed")).Build()) {
		return false
	}
	retry := time.NewTimer(retryAfter)
	defer retry.Stop()
	for {
		add, drop := s.change()
		later, ok := s.subscribe(ctx, conn, add, drop)
		if !ok {
			return true
		}
		s.up.Store(!later)
		retry.Stop()
		if later {
			retry.Reset(retryAfter)
		}
		select {
		case <-s.wake:
		case <-retry.C:
		case <-lost:
			return true
		case <-ctx.Done():
			return true
		}
	}
}

// do sends commands and returns whether all were answered, however.
func (s *subscriber) do(ctx context.Context, conn rueidis.DedicatedClient, commands ...rueidis.Completed) bool {
	limited, cancel := context.WithTimeout(ctx, s.feed.bus.config.DialTimeout)
	defer cancel()
	for _, r := range conn.DoMulti(limited, commands...) {
		if r.NonRedisError() != nil {
			return false
		}
	}
	return true
}

// subscribe makes changes, with a command for each channel: sharded ones may not share
// one. later: some were refused. It returns false when the connection is of no more use.
func (s *subscriber) subscribe(ctx context.Context, conn rueidis.DedicatedClient, add, drop []int) (later, ok bool) {
	bus := s.feed.bus
	limited, cancel := context.WithTimeout(ctx, bus.config.DialTimeout)
	defer cancel()
	for _, p := range drop {
		channel := bus.keys.channel(p)
		var err error
		if bus.cluster != nil {
			err = conn.Do(limited, conn.B().Sunsubscribe().Channel(channel).Build()).NonRedisError()
		} else {
			err = conn.Do(limited, conn.B().Unsubscribe().Channel(channel).Build()).NonRedisError()
		}
		if err != nil {
			return false, false
		}
	}
	if len(add) == 0 {
		return false, true
	}
	commands := make([]rueidis.Completed, 0, len(add))
	for _, p := range add {
		channel := bus.keys.channel(p)
		if bus.cluster != nil {
			commands = append(commands, conn.B().Ssubscribe().Channel(channel).Build())
		} else {
			commands = append(commands, conn.B().Subscribe().Channel(channel).Build())
		}
	}
	for i, result := range conn.DoMulti(limited, commands...) {
		if result.NonRedisError() != nil {
			return false, false
		}
		answer, refused := rueidis.IsRedisErr(result.Error())
		if !refused {
			continue
		}
		s.forget(add[i])
		later = true
		if addr, moved := answer.IsMoved(); moved {
			s.feed.move(add[i], addr)
		}
	}
	return later, true
}

func (s *subscriber) forget(partition int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.mu.has, partition)
}

// confirmed hears of subscriptions that began, and of those that ended: a node whose
// slots move ends them by itself.
func (s *subscriber) confirmed(sub rueidis.PubSubSubscription) {
	partition, ours := s.feed.bus.channels[sub.Channel]
	if !ours {
		return
	}
	switch sub.Kind {
	case "subscribe", "ssubscribe":
		s.feed.bus.meters.subscribed.Inc()
		s.feed.lane(partition).mark(partition)
	case "unsubscribe", "sunsubscribe":
		s.forget(partition)
		s.hurry()
	}
}

func (s *subscriber) message(m rueidis.PubSubMessage) {
	partition, ours := s.feed.bus.channels[m.Channel]
	if !ours {
		return
	}
	s.feed.bus.meters.payloads.Inc()
	if !s.feed.lane(partition).put(partition, m.Message) {
		s.feed.bus.meters.shed.Inc()
	}
}
