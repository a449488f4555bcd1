package exchangetest

import (
	"bytes"
	"context"
	"math/rand/v2"
	"sync"

	"uproar/core/exchange"
)

// Bounds of what a Memory keeps of a room, and answers at once, in parts.
const (
	keptMax   = 16384
	answerMax = 1024
)

// Memory is an exchange within a test: what Redis does, without Redis. Its methods may
// be called by several goroutines at once.
type Memory struct {
	partitions int
	mu         struct {
		sync.Mutex
		rooms map[string]*kept
		feeds []*memoryFeed
	}
}

// kept is what is known of a room.
type kept struct {
	head  exchange.Position
	parts []part
}

type part struct {
	last  uint64
	bytes []byte
}

// NewMemory returns an exchange where nothing was ever said.
func NewMemory(partitions int) *Memory {
	m := &Memory{partitions: partitions}
	m.mu.rooms = map[string]*kept{}
	return m
}

// Bus is m as Run takes it.
func (m *Memory) Bus() Bus {
	return Bus{Partitions: m.partitions, Feed: m.Feed, Publish: m.Publish, Trim: m.Trim, Restart: m.Restart, Interrupt: m.Interrupt}
}

// Publish publishes a body that holds count events of room.
func (m *Memory) Publish(room string, body []byte, count int) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	k := m.mu.rooms[room]
	if k == nil {
		k = &kept{head: exchange.Position{Epoch: rand.Uint64() | 1}}
		m.mu.rooms[room] = k
	}
	payload := exchange.AppendPart(nil, exchange.Position{Epoch: k.head.Epoch, Seq: k.head.Seq + 1}, body)
	k.head.Seq += uint64(count)
	k.parts = append(k.parts, part{k.head.Seq, payload})
	k.parts = k.parts[max(0, len(k.parts)-keptMax):]
	p := exchange.PartitionOf(room, m.partitions)
	for _, f := range m.mu.feeds {
		f.push(p, payload)
	}
	return nil
}

// Trim forgets what is kept of a room's lines.
func (m *Memory) Trim(room string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if k := m.mu.rooms[room]; k != nil {
		k.parts = nil
	}
}

// Restart forgets everything.
func (m *Memory) Restart() {
	m.mu.Lock()
	clear(m.mu.rooms)
	m.mu.Unlock()
	m.Interrupt()
}

// Interrupt loses what is on its way to Feeds, and has them subscribe again.
func (m *Memory) Interrupt() {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, f := range m.mu.feeds {
		f.interrupt()
	}
}

// Feed returns a Feed of m.
func (m *Memory) Feed() exchange.Feed {
	m.mu.Lock()
	defer m.mu.Unlock()
	f := &memoryFeed{memory: m, more: make(chan struct{}, 1)}
	f.mu.wanted = make([]bool, m.partitions)
	m.mu.feeds = append(m.mu.feeds, f)
	return f
}

// memoryFeed queues what is for its sink.
type memoryFeed struct {
	memory *Memory
	more   chan struct{}
	mu     struct {
		sync.Mutex
		wanted []bool
		queue  []news
	}
}

// news is a payload, or with none that its partition is subscribed to.
type news struct {
	partition int
	payload   []byte
}

func (f *memoryFeed) push(partition int, payload []byte) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.mu.wanted[partition] {
		f.mu.queue = append(f.mu.queue, news{partition, payload})
		f.wake()
	}
}

func (f *memoryFeed) interrupt() {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.mu.queue = nil
	for p, wanted := range f.mu.wanted {
		if wanted {
			f.mu.queue = append(f.mu.queue, news{p, nil})
		}
	}
	f.wake()
}

func (f *memoryFeed) wake() {
	select {
	case f.more <- struct{}{}:
	default:
	}
}

// Want implements exchange.Feed.
func (f *memoryFeed) Want(partition int, wanted bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if wanted && !f.mu.wanted[partition] {
		f.mu.queue = append(f.mu.queue, news{partition, nil})
		f.wake()
	}
	f.mu.wanted[partition] = wanted
}

// Tell implements exchange.Feed.
func (f *memoryFeed) Tell(partition int, aside []byte) {
	if !exchange.IsAside(aside) {
		return
	}
	m, payload := f.memory, bytes.Clone(aside)
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, to := range m.mu.feeds {
		to.push(partition, payload)
	}
}

// Since implements exchange.Feed.
func (f *memoryFeed) Since(_ context.Context, room string, after exchange.Position) ([][]byte, exchange.Position, error) {
	m := f.memory
	m.mu.Lock()
	defer m.mu.Unlock()
	k := m.mu.rooms[room]
	if k == nil {
		return nil, exchange.Position{}, nil
	}
	var parts [][]byte
	for _, p := range k.parts {
		if after.Epoch == k.head.Epoch && p.last > after.Seq && len(parts) < answerMax {
			parts = append(parts, p.bytes)
		}
	}
	return parts, k.head, nil
}

// Run implements exchange.Feed.
func (f *memoryFeed) Run(ctx context.Context, sink exchange.Sink) error {
	for {
		select {
		case <-f.more:
		case <-ctx.Done():
			return nil
		}
		for ctx.Err() == nil {
			n, ok := f.pop()
			if !ok {
				break
			}
			if n.payload == nil {
				sink.Subscribed(n.partition)
			} else {
				sink.Payload(n.partition, n.payload)
			}
		}
	}
}

func (f *memoryFeed) pop() (news, bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if len(f.mu.queue) == 0 {
		return news{}, false
	}
	n := f.mu.queue[0]
	f.mu.queue = f.mu.queue[1:]
	return n, true
}
