package redisbus

import (
	"bytes"
	"context"
	"sync"

	"github.com/redis/rueidis"

	"uproar/core/exchange"
)

// Bounds of asides that wait to be sent. What is beyond is dropped: another one follows.
const (
	asidesMax      = 16      // of one partition
	asidesBytesMax = 8 << 20 // of a Feed
)

// asides are what a Feed was told and has not sent yet. A partition has one call under
// way, so a frozen server holds up no partition of another.
type asides struct {
	sync.Mutex
	of    []toTell // by partition
	bytes int      // that wait, of all partitions
}

type toTell struct {
	waiting [][]byte
	runs    bool // a goroutine sends what waits
}

// Tell implements exchange.Feed. Nobody may call it after Bus.Close.
func (f *Feed) Tell(partition int, aside []byte) {
	a := &f.asides
	a.Lock()
	defer a.Unlock()
	t := &a.of[partition]
	if !exchange.IsAside(aside) || len(t.waiting) == asidesMax || a.bytes+len(aside) > asidesBytesMax {
		f.bus.meters.asidesDropped.Inc()
		return
	}
	t.waiting = append(t.waiting, bytes.Clone(aside))
	a.bytes += len(aside)
	if !t.runs {
		t.runs = true
		f.bus.calls.Go(func() { f.tellAll(partition) })
	}
}

// take takes what waits of a partition; with nothing, nobody sends any more.
func (a *asides) take(partition int) [][]byte {
	a.Lock()
	defer a.Unlock()
	t := &a.of[partition]
	all := t.waiting
	t.waiting, t.runs = nil, len(all) > 0
	for _, one := range all {
		a.bytes -= len(one)
	}
	return all
}

// tellAll sends what waits of a partition, until nothing does. What fails is not sent
// again.
func (f *Feed) tellAll(partition int) {
	client, channel := f.bus.at(partition), f.bus.keys.channel(partition)
	for all := f.asides.take(partition); len(all) > 0; all = f.asides.take(partition) {
		commands := make(rueidis.Commands, len(all))
		for i, aside := range all {
			if f.bus.cluster != nil {
				commands[i] = client.B().Spublish().Channel(channel).Message(rueidis.BinaryString(aside)).Build()
			} else {
				commands[i] = client.B().Publish().Channel(channel).Message(rueidis.BinaryString(aside)).Build()
			}
		}
		for _, result := range client.DoMulti(context.Background(), commands...) {
			if result.Error() != nil {
				f.bus.meters.asidesDropped.Inc()
			} else {
				f.bus.meters.asides.Inc()
			}
		}
	}
}
