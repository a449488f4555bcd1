package redisbus

import (
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"strconv"
	"sync"
	"time"

	"uproar/core/exchange"
)

// Bounds of one publication and of one flush. A flush takes at least one publication.
const (
	bodyBytesMax  = 1<<20 - 16 // with the head of a part: 1 MiB
	flushBytesMax = 256 << 10
	flushLinesMax = 4096
	flushPartsMax = 1024
)

// lines are Lines that a Publisher has taken.
type lines struct {
	*exchange.Lines
	since time.Time // when it took them
}

// Publisher publishes lines on a Bus. Lines of one room are published in the order in
// which Publish took them. Its methods may be called by several goroutines at once.
type Publisher struct {
	bus        *Bus
	id         string // nobody else's
	partitions []queue
	stop       chan struct{} // closed when nothing is waited for any more
	stopOnce   sync.Once
	running    sync.WaitGroup
}

var _ exchange.Bus = (*Publisher)(nil)

// NewPublisher returns a publisher on b. Whoever calls it must call Close before b.Close.
func NewPublisher(b *Bus) *Publisher {
	p := &Publisher{bus: b, id: strconv.FormatUint(rand.Uint64(), 36), stop: make(chan struct{})}
	p.partitions = make([]queue, b.config.Partitions)
	for i := range p.partitions {
		p.partitions[i].partition = i
	}
	return p
}

// Publish implements exchange.Bus.
func (p *Publisher) Publish(l *exchange.Lines) error {
	if len(l.Body) > bodyBytesMax || l.Count < 1 || l.Count > flushLinesMax {
		return fmt.Errorf("cannot publish %d lines in %d bytes in room %q: %w", l.Count, len(l.Body), l.Room, exchange.ErrTooLong)
	}
	q := &p.partitions[exchange.PartitionOf(l.Room, len(p.partitions))]
	q.mu.Lock()
	defer q.mu.Unlock()
	switch {
	case q.mu.closed:
		return exchange.ErrClosed
	case q.mu.lines+l.Count > p.bus.config.QueueLinesMax, q.mu.bytes+len(l.Body) > p.bus.config.QueueBytesMax:
		p.bus.meters.busy.Add(l.Count)
		return exchange.ErrBusy
	}
	q.push(lines{l, time.Now()})
	if !q.mu.runs {
		q.mu.runs = true
		p.running.Go(func() { p.run(q) })
	}
	return nil
}

// Close takes no more lines, and waits until those taken are answered: until the end of
// ctx by the server, then by ErrUnsure where they are sent and ErrClosed where they are
// not.
func (p *Publisher) Close(ctx context.Context) {
	for i := range p.partitions {
		p.partitions[i].close()
	}
	answered := make(chan struct{})
	go func() {
		p.running.Wait()
		close(answered)
	}()
	select {
	case <-answered:
	case <-ctx.Done():
		p.stopOnce.Do(func() { close(p.stop) })
		<-answered
	}
}

// run flushes a partition until nothing waits there. What has waited too long is refused
// first: a process that was frozen says nothing stale when it wakes.
func (p *Publisher) run(q *queue) {
	for {
		p.linger(q)
		p.refuse(q.expired(time.Now().Add(-p.bus.config.SendTimeout)), exchange.ErrUnavailable)
		batch := q.take()
		if batch == nil {
			return
		}
		if batch = p.recall(batch); len(batch) == 0 {
			continue
		}
		if !p.flush(q, batch) {
			p.refuse(q.drain(), exchange.ErrClosed)
			return
		}
	}
}

// linger waits until a partition may be flushed again.
func (p *Publisher) linger(q *queue) {
	if left := p.bus.config.FlushEvery - time.Since(q.flushed); left > 0 {
		p.wait(left)
	}
}

// wait returns false when the publisher stops before the time is over.
func (p *Publisher) wait(d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-p.stop:
		return false
	}
}

// recall refuses what is not to be sent any more, and returns the rest.
func (p *Publisher) recall(batch []lines) []lines {
	recalled := func(l lines) bool { return l.Recalled != nil && l.Recalled() }
	if !slices.ContainsFunc(batch, recalled) {
		return batch
	}
	var rest, refused []lines
	for _, l := range batch {
		if recalled(l) {
			refused = append(refused, l)
		} else {
			rest = append(rest, l)
		}
	}
	p.refuse(refused, exchange.ErrUnavailable)
	return rest
}

// refuse answers lines that were never sent.
func (p *Publisher) refuse(all []lines, why error) {
	for _, l := range all {
		p.bus.meters.unsent.Add(l.Count)
		l.Done(fmt.Errorf("cannot publish in room %q: %w", l.Room, why))
	}
}
