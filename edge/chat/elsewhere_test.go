package chat

import (
	"context"
	"errors"
	"sync"
	"testing"
	"time"

	"uproar/core/chat"
	"uproar/core/exchange"
	"uproar/edge/engine"
)

// elsewhere stands for the exchange with other processes: an Interest and a History of
// which tests say when they answer, and what.
type elsewhere struct {
	mu struct {
		sync.Mutex
		joined map[string]func() // ready, of rooms that are joined
		joins  int
		parts  map[string][][]byte
		head   map[string]exchange.Position
		after  []exchange.Position // what was asked
		err    error
		hold   chan struct{} // Since waits for it if it is not nil
	}
}

func (e *elsewhere) Join(room string, ready func()) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.mu.joined[room] != nil {
		panic("joined twice")
	}
	e.mu.joined[room] = ready
	e.mu.joins++
}

func (e *elsewhere) Leave(room string) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.mu.joined[room] == nil {
		panic("left without having joined")
	}
	delete(e.mu.joined, room)
}

func (e *elsewhere) Since(ctx context.Context, room string, after exchange.Position) ([][]byte, exchange.Position, error) {
	e.mu.Lock()
	hold := e.mu.hold
	e.mu.after = append(e.mu.after, after)
	e.mu.Unlock()
	if hold != nil {
		select {
		case <-hold:
		case <-ctx.Done():
			return nil, exchange.Position{}, ctx.Err()
		}
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.mu.err != nil {
		return nil, exchange.Position{}, e.mu.err
	}
	if after == (exchange.Position{}) {
		return nil, e.mu.head[room], nil
	}
	return e.mu.parts[room], e.mu.head[room], nil
}

var errAway = errors.New("the exchange is away")

// publish keeps lines of one epoch, the first with its number, as a stream does.
func (e *elsewhere) publish(t testing.TB, events ...chat.Event) {
	t.Helper()
	e.publishAs(t, events[0].Where().Seq, events...)
}

func (e *elsewhere) publishAs(t testing.TB, number uint64, events ...chat.Event) {
	t.Helper()
	first := events[0].Where()
	body, err := exchange.AppendBody(nil, exchange.Stamp{Publisher: 1, Number: number}, first.Room, events)
	if err != nil {
		t.Fatal(err)
	}
	at := positionOf(events[0])
	e.mu.Lock()
	defer e.mu.Unlock()
	e.mu.parts[first.Room] = append(e.mu.parts[first.Room], exchange.AppendPart(nil, at, body))
	e.mu.head[first.Room] = positionOf(events[len(events)-1])
}

func (e *elsewhere) isJoined(room string) bool {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.mu.joined[room] != nil
}

// ready says that a room's lines come from now on.
func (e *elsewhere) ready(room string) {
	e.mu.Lock()
	ready := e.mu.joined[room]
	e.mu.Unlock()
	ready()
}

// newWideHall is a hall in a fleet.
func newWideHall(t testing.TB, cfg engine.Config) (*hall, *elsewhere) {
	e := &elsewhere{}
	e.mu.joined = map[string]func(){}
	e.mu.parts = map[string][][]byte{}
	e.mu.head = map[string]exchange.Position{}
	return newHallWith(t, cfg, func(c *Config) { c.Interest, c.History = e, e }), e
}

// until turns the loop until something is so.
func (h *hall) until(what string, so func() bool) {
	h.t.Helper()
	for end := time.Now().Add(10 * time.Second); !so(); time.Sleep(time.Millisecond) {
		if time.Now().After(end) {
			h.t.Fatalf("still not: %s", what)
		}
		h.loop.Turn(func() {})
	}
}
