package redisbus

import (
	"testing"

	"uproar/core/exchange"
	"uproar/core/exchange/exchangetest"
	"uproar/core/store/redistest"
)

func TestRedisKeepsTheContract(t *testing.T) {
	t.Parallel()
	topologies(t, func(t *testing.T, servers []*redistest.Server) {
		exchangetest.Run(t, func(t *testing.T) exchangetest.Bus { return contractBus(t, servers) })
	})
}

func contractBus(t *testing.T, servers []*redistest.Server) exchangetest.Bus {
	b := openBus(t, servers, nil)
	p := startPublisher(t, b)
	all := func(words ...string) func() {
		return func() {
			for _, s := range servers {
				s.CLI(words...)
			}
		}
	}
	return exchangetest.Bus{
		Partitions: b.config.Partitions,
		Feed:       func() exchange.Feed { return NewFeed(openBus(t, servers, nil)) },
		Publish: func(room string, body []byte, count int) error {
			answer := make(chan error, 1)
			if err := p.Publish(&exchange.Lines{Room: room, Body: body, Count: count, Done: func(err error) { answer <- err }}); err != nil {
				return err
			}
			return <-answer
		},
		Trim: func(room string) {
			stream := b.keys.stream(exchange.PartitionOf(room, b.config.Partitions), room)
			for _, s := range servers {
				s.Do("DEL", stream) // where it does not live nothing happens
			}
		},
		Restart:   all("FLUSHALL"),
		Interrupt: all("CLIENT", "KILL", "TYPE", "pubsub"),
	}
}
