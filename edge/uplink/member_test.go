package uplink

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"sync"
	"testing"
	"time"

	"uproar/core/chat"
	"uproar/core/exchange"
	"uproar/core/exchange/exchangetest"
)

// member is an edge with members in rooms: an Inbox above a Feed, and what it has delivered.
type member struct {
	*exchange.Inbox
	t  *testing.T
	mu struct {
		sync.Mutex
		logs map[string][]string // by room: the texts of lines, and gaps
	}
}

// join runs an edge below a Feed until the test ends. It returns when nothing said from then on is missed.
func join(t *testing.T, feed exchange.Feed, rooms ...string) *member {
	t.Helper()
	m := &member{t: t}
	m.mu.logs = map[string][]string{}
	m.Inbox = exchange.NewInbox(exchange.InboxConfig{
		Feed: feed, Partitions: exchange.Partitions,
		Deliver: func(room string, events []chat.Event) {
			for _, ev := range events {
				m.keep(room, ev.(*chat.Message).Text)
			}
		},
		Gap: func(room string, missed uint64) { m.keep(room, fmt.Sprintf("gap %d", missed)) },
	})
	ctx, cancel := context.WithCancel(context.Background())
	var all sync.WaitGroup
	all.Go(func() { _ = m.Run(ctx) })
	t.Cleanup(func() {
		cancel()
		all.Wait()
	})
	for _, room := range rooms {
		ready := make(chan struct{})
		m.Join(room, func() { close(ready) })
		select {
		case <-ready:
		case <-time.After(deadline):
			t.Fatalf("room %q is never ready", room)
		}
	}
	return m
}

func (m *member) keep(room, words string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.mu.logs[room] = append(m.mu.logs[room], words)
}

func (m *member) log(room string) []string {
	m.mu.Lock()
	defer m.mu.Unlock()
	return slices.Clone(m.mu.logs[room])
}

// expect waits until the log of a room is the numbers from 1 to n, and fails as soon as it cannot be.
func (m *member) expect(room string, n int) {
	m.t.Helper()
	for end := time.Now().Add(deadline); ; time.Sleep(time.Millisecond) {
		log := m.log(room)
		for i, text := range log {
			if text != strconv.Itoa(i+1) {
				m.t.Fatalf("room %q: line %d is %q, %+v", room, i+1, text, m.Counts())
			}
		}
		if len(log) == n {
			return
		}
		if len(log) > n || time.Now().After(end) {
			m.t.Fatalf("room %q has %d of %d lines, %+v", room, len(log), n, m.Counts())
		}
	}
}

// say publishes the number n in a room.
func say(t *testing.T, bus *exchangetest.Bus, room string, n int) {
	t.Helper()
	line := &chat.Message{Place: chat.Place{Room: room, RoomID: "1"}, Text: strconv.Itoa(n), User: &chat.User{Login: "ann"}}
	body, err := exchange.AppendBody(nil, exchange.Stamp{}, room, []chat.Event{line})
	if err == nil {
		err = bus.Publish(room, body, 1)
	}
	if err != nil {
		t.Fatal(err)
	}
}
