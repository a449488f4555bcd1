package redisbus

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
	"testing"
	"time"

	"uproar/core/exchange"
	"uproar/core/store/redistest"
)

// archive is a room whose lines are kept by a server of its own.
type archive struct {
	t               *testing.T
	server          *redistest.Server
	bus             *Bus
	publisher       *Publisher
	stream, counter string
	said            int
}

func startArchive(t *testing.T) *archive {
	t.Helper()
	a := &archive{t: t, server: redistest.Start(t)}
	a.bus = openBus(t, []*redistest.Server{a.server}, func(c *Config) { c.FlushEvery = time.Nanosecond }) // thousands, one by one
	a.publisher = startPublisher(t, a.bus)
	p := exchange.PartitionOf("ann", a.bus.config.Partitions)
	a.stream, a.counter = a.bus.keys.stream(p, "ann"), a.bus.keys.counter(p, "ann")
	return a
}

// say publishes lines one by one.
func (a *archive) say(lines int) {
	a.t.Helper()
	for range lines {
		a.said++
		say(a.t, a.publisher, "ann", strconv.Itoa(a.said))
	}
}

// age has the server believe that the last mark is a minute older.
func (a *archive) age() {
	a.server.Do("HINCRBY", a.counter, "t", strconv.Itoa(-int(markEvery/time.Second)))
}

// expect holds that the last lines are kept, at least so many, and only some more.
func (a *archive) expect(least int) {
	a.t.Helper()
	f := NewFeed(a.bus)
	_, head := since(a.t, f, "ann", exchange.Position{})
	kept, _ := since(a.t, f, "ann", exchange.Position{Epoch: head.Epoch, Seq: 0})
	if len(kept) < least || len(kept) > least+150 || head.Seq != uint64(a.said) || kept[len(kept)-1].at != head {
		a.t.Fatalf("%d lines are kept, want about %d; %d were said, head is %+v", len(kept), least, a.said, head)
	}
	contiguous(a.t, "ann", kept, head.Seq-uint64(len(kept))+1)
}

func TestLastTwoMinutesAreKept(t *testing.T) {
	t.Parallel()
	a := startArchive(t)
	for range 2 {
		a.say(640)
		a.age()
	}
	a.say(640)
	a.expect(1880)
	a.age()
	a.say(32)
	a.expect(1280) // two minutes are 640 lines each
	a.say(128)
	a.expect(1408) // nothing goes meanwhile
}

func TestQuietRoomKeepsItsLastLines(t *testing.T) {
	t.Parallel()
	a := startArchive(t)
	a.say(streamLinesMin + 200)
	for range 5 {
		a.age()
		a.say(32)
	}
	a.expect(streamLinesMin)
}

func TestClockThatWentBackForgetsNothing(t *testing.T) {
	t.Parallel()
	a := startArchive(t)
	a.say(1000)
	for range 5 {
		a.server.Do("HINCRBY", a.counter, "t", "3600")
		a.say(32)
	}
	a.expect(1160)
	for range 5 {
		a.age()
		a.say(32)
	}
	a.expect(streamLinesMin) // it is marked by the new time
}

func TestStreamIsCapped(t *testing.T) {
	t.Parallel()
	a := startArchive(t)
	a.say(1)
	a.server.CLI("EVAL", fmt.Sprintf("for i = 2, %d do redis.call('XADD', KEYS[1], i .. '-1', 'p', '') end "+
		"redis.call('HSET', KEYS[2], 'q', %[1]d)", streamEntriesMax+1000), "2", a.stream, a.counter)
	a.said = streamEntriesMax + 1000
	a.say(1)
	n, err := strconv.Atoi(strings.TrimPrefix(a.server.Do("XLEN", a.stream), ":"))
	if err != nil || n < streamEntriesMax || n > streamEntriesMax+100 {
		t.Errorf("%d entries are kept, want about %d, %v", n, streamEntriesMax, err)
	}
}

func TestLongAnswerIsCutAtAnEntry(t *testing.T) {
	t.Parallel()
	a := startArchive(t)
	long := strings.Repeat("x", repairBytesMax/5)
	for range 7 {
		say(t, a.publisher, "ann", long)
	}
	f := NewFeed(a.bus)
	_, head := since(t, f, "ann", exchange.Position{})
	first, _ := since(t, f, "ann", exchange.Position{Epoch: head.Epoch})
	contiguous(t, "ann", first, 1)
	if len(first) != 4 {
		t.Fatalf("%d lines come at once, want 4", len(first))
	}
	rest, _ := since(t, f, "ann", first[3].at)
	contiguous(t, "ann", rest, 5)
	if len(rest) != 3 || rest[2].at != head {
		t.Errorf("%d lines come then, head is %+v", len(rest), head)
	}
}

func TestLinesThatWaitedTooLongAreNotSent(t *testing.T) {
	t.Parallel()
	a := startArchive(t)
	a.say(1)
	q := &a.publisher.partitions[exchange.PartitionOf("ann", a.bus.config.Partitions)]
	answers := make(chan error, 2)
	l := &exchange.Lines{Room: "ann", Body: []byte("ann\nx"), Count: 1, Done: func(err error) { answers <- err }}
	q.mu.Lock() // as if the process had been frozen
	q.push(lines{l, time.Now().Add(-a.bus.config.SendTimeout - time.Second)})
	q.push(lines{l, time.Now()})
	q.mu.runs = true
	q.mu.Unlock()
	a.publisher.running.Go(func() { a.publisher.run(q) })
	if err := answerOf(t, answers); !errors.Is(err, exchange.ErrUnavailable) {
		t.Errorf("waited too long: %v", err)
	}
	if err := answerOf(t, answers); err != nil {
		t.Errorf("the next: %v", err)
	}
	a.said++
	a.expect(a.said)
}
