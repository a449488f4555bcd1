package exchangetest

import (
	"bytes"
	"context"
	"errors"
	"math/rand/v2"
	"sync"

	"uproar/core/exchange"
)

// Tap stands between a Feed and its sink, and makes trouble: what Feeds may do, and
// what networks do to them. It is the Feed of an Inbox. Its settings may be changed while
// it runs.
type Tap struct {
	exchange.Feed
	mu struct {
		sync.Mutex
		payloads map[int]int    // that the Feed brought, by partition
		awaited  map[int]bool   // partitions that are wanted and have not been subscribed to
		answers  map[string]int // of Since, by room
		lose     bool           // every payload
		mix      *rand.Rand     // lose some, double some, change their order; nil: do not
		fail     bool           // Since
		held     []news         // to come later than they should
	}
}

// NewTap returns a Tap that changes nothing yet.
func NewTap(f exchange.Feed) *Tap {
	t := &Tap{Feed: f}
	t.mu.payloads, t.mu.awaited, t.mu.answers = map[int]int{}, map[int]bool{}, map[string]int{}
	return t
}

// Lose says whether all payloads are lost on their way.
func (t *Tap) Lose(on bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.mu.lose = on
}

// Mix has a quarter of all payloads lost, a quarter doubled, and a quarter come late; nil
// ends it, and loses what is held.
func (t *Tap) Mix(with *rand.Rand) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.mu.mix, t.mu.held = with, nil
}

// Fail says whether Since fails.
func (t *Tap) Fail(on bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.mu.fail = on
}

// Payloads is how many payloads of a partition the Feed has brought.
func (t *Tap) Payloads(partition int) int {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.mu.payloads[partition]
}

// Awaits reports whether a partition is wanted and was not yet subscribed to.
func (t *Tap) Awaits(partition int) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.mu.awaited[partition]
}

func (t *Tap) await(partition int, on bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.mu.awaited[partition] = on
}

// Answers is how often Since was answered for a room.
func (t *Tap) Answers(room string) int {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.mu.answers[room]
}

// Want implements exchange.Feed.
func (t *Tap) Want(partition int, wanted bool) {
	t.await(partition, wanted)
	t.Feed.Want(partition, wanted)
}

// Since implements exchange.Feed.
func (t *Tap) Since(ctx context.Context, room string, after exchange.Position) ([][]byte, exchange.Position, error) {
	t.mu.Lock()
	fail := t.mu.fail
	t.mu.Unlock()
	if fail {
		return nil, exchange.Position{}, errors.New("the test wants no answer")
	}
	parts, head, err := t.Feed.Since(ctx, room, after)
	t.mu.Lock()
	defer t.mu.Unlock()
	if err == nil {
		t.mu.answers[room]++
	}
	return parts, head, err
}

// Run implements exchange.Feed.
func (t *Tap) Run(ctx context.Context, sink exchange.Sink) error {
	return t.Feed.Run(ctx, &tapSink{sink, t})
}

type tapSink struct {
	exchange.Sink
	tap *Tap
}

// Subscribed implements exchange.Sink.
func (s *tapSink) Subscribed(partition int) {
	s.Sink.Subscribed(partition)
	s.tap.await(partition, false)
}

// Payload implements exchange.Sink.
func (s *tapSink) Payload(partition int, payload []byte) {
	for _, n := range s.tap.pass(news{partition, payload}) {
		s.Sink.Payload(n.partition, n.payload)
	}
}

// pass is what comes when n should: only payloads of its partition, for those of another
// may be on another goroutine.
func (t *Tap) pass(n news) []news {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.mu.payloads[n.partition]++
	if t.mu.lose {
		return nil
	}
	mix := t.mu.mix
	if mix == nil {
		return []news{n}
	}
	var out, held []news
	switch mix.IntN(4) {
	case 0: // lost
	case 1:
		out = append(out, n, n)
	case 2:
		held = append(held, news{n.partition, bytes.Clone(n.payload)})
	default:
		out = append(out, n)
	}
	for _, h := range t.mu.held {
		if h.partition == n.partition && mix.IntN(3) == 0 {
			out = append(out, h)
		} else {
			held = append(held, h)
		}
	}
	t.mu.held = held
	mix.Shuffle(len(out), func(i, j int) { out[i], out[j] = out[j], out[i] })
	return out
}
