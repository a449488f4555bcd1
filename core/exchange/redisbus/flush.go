package redisbus

import (
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/redis/rueidis"

	"uproar/core/exchange"
)

const (
	sweepEvery = 20 * time.Millisecond // while a flush waits for its answer
	againAfter = 20 * time.Millisecond // after one that failed
)

// flush is one batch on its way.
type flush struct {
	taken      []lines // in the order of the queue
	number     uint64
	keys, args []string
	sent       time.Time // first
	doubted    bool      // the server may have it, or may get it yet
	answered   bool      // its lines are
	byText     bool      // the server does not know the script
}

// flush brings a batch to the server and answers it. It is sent again until it surely
// has taken effect, or surely not, or its time is over. Meanwhile no other is sent, and a
// call that its lines no longer wait for is waited for all the same: so a frozen server
// has one for each partition. It returns false when the publisher stops.
func (p *Publisher) flush(q *queue, batch []lines) bool {
	f := p.prepare(q, batch)
	for {
		result, ok := p.await(q, f, p.send(q, f))
		if !ok {
			return false
		}
		if unknownScript(result) && !f.byText {
			f.byText = true
			continue
		}
		switch what := judge(result); {
		case what == done:
			q.known = time.Now()
			p.bus.meters.publishes.Inc()
			p.answer(f, nil)
			return true
		case what == given:
			p.answer(f, refused(result.Error()))
			return true
		case what == undone && !f.doubted:
			if !f.answered {
				q.restore(f.taken)
			}
			return p.pause(q)
		}
		f.doubted = true
		if !p.pause(q) {
			p.answer(f, exchange.ErrUnsure)
			return false
		}
		if p.sweep(q, f); f.answered {
			return true
		}
		p.bus.meters.again.Inc()
	}
}

// await waits for the result of a call, and meanwhile answers what has waited too long.
// It returns false when the publisher stops; then the flush is answered.
func (p *Publisher) await(q *queue, f *flush, result <-chan rueidis.RedisResult) (rueidis.RedisResult, bool) {
	timer := time.NewTimer(sweepEvery)
	defer timer.Stop()
	for {
		select {
		case r := <-result:
			return r, true
		case <-timer.C:
			p.sweep(q, f)
			timer.Reset(sweepEvery)
		case <-p.stop:
			p.answer(f, exchange.ErrUnsure)
			return rueidis.RedisResult{}, false
		}
	}
}

// pause waits a little before a call that may fail like the last one. It returns false
// when the publisher stops.
func (p *Publisher) pause(q *queue) bool {
	if !p.wait(againAfter) {
		return false
	}
	p.refuse(q.expired(time.Now().Add(-p.bus.config.SendTimeout)), exchange.ErrUnavailable)
	return true
}

// sweep answers what has waited too long, in the queue and in the flush.
func (p *Publisher) sweep(q *queue, f *flush) {
	now := time.Now()
	p.refuse(q.expired(now.Add(-p.bus.config.SendTimeout)), exchange.ErrUnavailable)
	if now.Sub(f.sent) > p.bus.config.AnswerTimeout {
		p.answer(f, exchange.ErrUnsure)
	}
}

// answer tells the lines of a flush, once.
func (p *Publisher) answer(f *flush, why error) {
	if f.answered {
		return
	}
	f.answered = true
	m := p.bus.meters
	for _, l := range f.taken {
		if why != nil {
			m.unsure.Add(l.Count)
			l.Done(fmt.Errorf("cannot publish in room %q: %w", l.Room, why))
			continue
		}
		m.published.Add(l.Count)
		m.seconds.UpdateDuration(l.since)
		l.Done(nil)
	}
}

// refused is ErrUnsure, with what the server said.
func refused(why error) error {
	if why == nil {
		return exchange.ErrUnsure
	}
	return fmt.Errorf("%w: %w", exchange.ErrUnsure, why)
}

// prepare makes the script's arguments of a batch. Lines of one room stay in order, and
// lie side by side.
func (p *Publisher) prepare(q *queue, batch []lines) *flush {
	f := &flush{taken: batch}
	q.flushed = time.Now()
	batch = slices.Clone(batch)
	slices.SortStableFunc(batch, func(a, b lines) int { return strings.Compare(a.Room, b.Room) })
	q.number++
	f.number = q.number
	keys := p.bus.keys
	f.keys = append(f.keys, keys.number(q.partition, p.id))
	publish := "PUBLISH"
	if p.bus.cluster != nil {
		publish = "SPUBLISH"
	}
	var epoch [8]byte
	for i, bits := 0, rand.Uint64()|1; i < len(epoch); i++ { // never 0
		epoch[i] = byte(bits >> (56 - 8*i))
	}
	f.args = append(make([]string, 0, 11+3*len(batch)),
		strconv.FormatUint(f.number, 10), "0", publish, keys.channel(q.partition), string(epoch[:]),
		millis(numberKept), millis(streamKept), millis(counterKept), strconv.Itoa(streamEntriesMax),
		strconv.Itoa(int(markEvery/time.Second)), strconv.Itoa(streamLinesMin))
	for len(batch) > 0 {
		room := batch[0].Room
		n := 1
		for n < len(batch) && batch[n].Room == room {
			n++
		}
		f.keys = append(f.keys, keys.stream(q.partition, room), keys.counter(q.partition, room))
		f.args = append(f.args, strconv.Itoa(n))
		for _, l := range batch[:n] {
			f.args = append(f.args, strconv.Itoa(l.Count), rueidis.BinaryString(l.Body))
		}
		batch = batch[n:]
	}
	return f
}

// send calls the script. rueidis gets no context: it would give up commands that remain
// in its queue, where there is room for one of each partition.
func (p *Publisher) send(q *queue, f *flush) <-chan rueidis.RedisResult {
	// A number of ours that has gone before its time has gone with all that the server
	// had: with this flush as well, if it took effect.
	f.args[1] = "0"
	if f.doubted && time.Since(q.known) < numberKept/2 {
		f.args[1] = "1"
	}
	if f.sent.IsZero() {
		f.sent = time.Now()
	}
	answer := make(chan rueidis.RedisResult, 1)
	client := p.bus.at(q.partition)
	cmd := command(client.B(), f.byText, f.keys, f.args)
	p.bus.calls.Go(func() { answer <- client.Do(context.Background(), cmd) })
	return answer
}
