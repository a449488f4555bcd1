package redisbus

import (
	"context"
	"encoding/binary"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"uproar/core/exchange"
	"uproar/core/store/redistest"
)

// patience is for what surely comes, on a machine that is busy.
const patience = 20 * time.Second

// line is one line of a test, as it came.
type line struct {
	at   exchange.Position
	text string
}

// recorder is a Sink. Bodies of tests are "ROOM\nLINE\nLINE...".
type recorder struct {
	mu         sync.Mutex
	changed    chan struct{} // capacity 1
	lines      map[string][]line
	payloads   int
	asides     int
	subscribed map[int]int
}

func newRecorder() *recorder {
	return &recorder{changed: make(chan struct{}, 1), lines: map[string][]line{}, subscribed: map[int]int{}}
}

func (r *recorder) tell() {
	select {
	case r.changed <- struct{}{}:
	default:
	}
}

func (r *recorder) Payload(_ int, payload []byte) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if exchange.IsAside(payload) {
		r.asides++
		r.tell()
		return
	}
	r.payloads++
	for len(payload) > 0 {
		n := 4 + binary.BigEndian.Uint32(payload)
		room, lines := readPart(payload[:n])
		r.lines[room] = append(r.lines[room], lines...)
		payload = payload[n:]
	}
	r.tell()
}

func (r *recorder) Subscribed(partition int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.subscribed[partition]++
	r.tell()
}

func readPart(part []byte) (room string, lines []line) {
	at := exchange.Position{Epoch: binary.BigEndian.Uint64(part[4:]), Seq: binary.BigEndian.Uint64(part[12:])}
	room, rest, _ := strings.Cut(string(part[partHeadBytes:]), "\n")
	for text := range strings.SplitSeq(rest, "\n") {
		lines = append(lines, line{at, text})
		at.Seq++
	}
	return room, lines
}

// await returns when what holds; r is locked while it is asked.
func (r *recorder) await(t *testing.T, what string, holds func() bool) {
	t.Helper()
	late := time.After(patience)
	for {
		r.mu.Lock()
		ok := holds()
		r.mu.Unlock()
		if ok {
			return
		}
		select {
		case <-r.changed:
		case <-late:
			t.Fatalf("waited in vain until %s", what)
		}
	}
}

func (r *recorder) awaitLines(t *testing.T, room string, n int) []line {
	t.Helper()
	r.await(t, fmt.Sprintf("%d lines of room %q came", n, room), func() bool { return len(r.lines[room]) >= n })
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.lines[room]
}

// openBus opens a bus whose times suit a test.
func openBus(t testing.TB, servers []*redistest.Server, change func(*Config)) *Bus {
	t.Helper()
	c := Config{Addrs: redistest.Addrs(servers), Env: "test", AnswerTimeout: patience, SendTimeout: patience}
	if change != nil {
		change(&c)
	}
	b, err := Open(context.Background(), c)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(b.Close)
	return b
}

func startFeed(t testing.TB, b *Bus, r exchange.Sink) *Feed {
	t.Helper()
	f := NewFeed(b)
	ctx, stop := context.WithCancel(context.Background())
	var all sync.WaitGroup
	all.Go(func() { _ = f.Run(ctx, r) })
	t.Cleanup(func() {
		stop()
		all.Wait()
	})
	return f
}

func startPublisher(t testing.TB, b *Bus) *Publisher {
	t.Helper()
	p := NewPublisher(b)
	t.Cleanup(func() {
		ctx, stop := context.WithTimeout(context.Background(), 100*time.Millisecond)
		defer stop()
		p.Close(ctx)
	})
	return p
}

// follow subscribes to the partitions of rooms.
func follow(t *testing.T, f *Feed, r *recorder, rooms ...string) {
	t.Helper()
	for _, room := range rooms {
		p := exchange.PartitionOf(room, f.bus.config.Partitions)
		f.Want(p, true)
		r.await(t, "subscribed to "+room, func() bool { return r.subscribed[p] > 0 })
	}
}

// begin publishes lines; the answer comes from the channel.
func begin(t testing.TB, p *Publisher, room string, lines ...string) <-chan error {
	t.Helper()
	answer := make(chan error, 2)
	err := p.Publish(&exchange.Lines{Room: room, Body: []byte(room + "\n" + strings.Join(lines, "\n")), Count: len(lines), Done: func(err error) { answer <- err }})
	if err != nil {
		t.Fatal(err)
	}
	return answer
}

func answerOf(t testing.TB, answer <-chan error) error {
	t.Helper()
	select {
	case err := <-answer:
		return err
	case <-time.After(patience):
		t.Fatal("no answer to Publish")
		return nil
	}
}

// say publishes lines, which must succeed.
func say(t testing.TB, p *Publisher, room string, lines ...string) {
	t.Helper()
	if err := answerOf(t, begin(t, p, room, lines...)); err != nil {
		t.Fatal(err)
	}
}

// sayAtLast publishes lines again and again until that succeeds.
func sayAtLast(t testing.TB, p *Publisher, room string, lines ...string) {
	t.Helper()
	for late := time.Now().Add(patience); ; {
		err := answerOf(t, begin(t, p, room, lines...))
		if err == nil {
			return
		}
		if time.Now().After(late) {
			t.Fatalf("published in vain: %v", err)
		}
	}
}

// since reads back what is kept of a room.
func since(t *testing.T, f *Feed, room string, after exchange.Position) ([]line, exchange.Position) {
	t.Helper()
	ctx, stop := context.WithTimeout(context.Background(), patience)
	defer stop()
	parts, head, err := f.Since(ctx, room, after)
	if err != nil {
		t.Fatal(err)
	}
	var all []line
	for _, part := range parts {
		name, lines := readPart(part)
		if name != room {
			t.Fatalf("a part of room %q is kept for %q", name, room)
		}
		all = append(all, lines...)
	}
	return all, head
}

// contiguous holds that lines have one epoch, and numbers one behind the other.
func contiguous(t *testing.T, room string, lines []line, first uint64) {
	t.Helper()
	for i, l := range lines {
		if l.at.Epoch != lines[0].at.Epoch || l.at.Epoch == 0 || l.at.Seq != first+uint64(i) {
			t.Fatalf("room %q: line %d, %q, is at %+v; the first is at %+v", room, i, l.text, l.at, lines[0].at)
		}
	}
}

// topologies runs a test on one server, on three, and on a cluster of three.
func topologies(t *testing.T, test func(t *testing.T, servers []*redistest.Server)) {
	starts := map[string]func(t *testing.T) []*redistest.Server{
		"one":     func(t *testing.T) []*redistest.Server { return redistest.StartMany(t, 1) },
		"three":   func(t *testing.T) []*redistest.Server { return redistest.StartMany(t, 3) },
		"cluster": func(t *testing.T) []*redistest.Server { return redistest.StartCluster(t, 3) },
	}
	for name, start := range starts {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			test(t, start(t))
		})
	}
}
