package redisbus

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"uproar/core/exchange"
	"uproar/core/store/redistest"
)

// impatient makes a frozen server known soon.
func impatient(c *Config) { c.StallTimeout, c.DialTimeout = 300*time.Millisecond, 300*time.Millisecond }

// awaitCount returns when a counter is at least n.
func awaitCount(t *testing.T, b *Bus, metric string, n uint64) {
	t.Helper()
	for late := time.Now().Add(patience); time.Now().Before(late); time.Sleep(5 * time.Millisecond) {
		if b.config.Metrics.GetOrCreateCounter(metric).Get() >= n {
			return
		}
	}
	t.Fatalf("waited in vain until %s is %d", metric, n)
}

func TestRetryAfterTimeoutMakesNoDuplicate(t *testing.T) {
	t.Parallel()
	servers := redistest.StartMany(t, 1)
	b := openBus(t, servers, impatient)
	r := newRecorder()
	f := startFeed(t, b, r)
	follow(t, f, r, "ann")
	p := startPublisher(t, b)
	say(t, p, "ann", "1")
	servers[0].Stop()
	answer := begin(t, p, "ann", "2")
	behind := begin(t, p, "ann", "3")
	awaitCount(t, b, `uproar_exchange_publish_retries_total`, 2)
	servers[0].Continue()
	for _, one := range []<-chan error{answer, behind} {
		if err := answerOf(t, one); err != nil {
			t.Fatal(err)
		}
	}
	say(t, p, "ann", "4")
	first, head := since(t, f, "ann", exchange.Position{})
	if len(first) != 0 {
		t.Errorf("after no position %d lines are returned, want the head alone", len(first))
	}
	kept, _ := since(t, f, "ann", exchange.Position{Epoch: head.Epoch})
	contiguous(t, "ann", kept, 1)
	if head.Seq != 4 || len(kept) != 4 {
		t.Fatalf("4 lines were published, head is %d, kept are %+v", head.Seq, kept)
	}
	for i, l := range kept {
		if l.text != fmt.Sprint(i+1) {
			t.Errorf("line %d is %q", i+1, l.text)
		}
	}
}

// awaitTaken returns when nothing waits for a flush where a room is.
func awaitTaken(p *Publisher, room string) {
	for q := &p.partitions[exchange.PartitionOf(room, len(p.partitions))]; ; runtime.Gosched() {
		q.mu.Lock()
		waiting := len(q.mu.waiting)
		q.mu.Unlock()
		if waiting == 0 {
			return
		}
	}
}

func TestSentAndUnansweredIsUnsure(t *testing.T) {
	t.Parallel()
	servers := redistest.StartMany(t, 1)
	b := openBus(t, servers, func(c *Config) {
		impatient(c)
		c.AnswerTimeout, c.SendTimeout = 200*time.Millisecond, 100*time.Millisecond
	})
	p := startPublisher(t, b)
	say(t, p, "ann", "1")
	servers[0].Stop()
	sent := begin(t, p, "ann", "2")
	awaitTaken(p, "ann")
	behind := begin(t, p, "ann", "3")
	if err := answerOf(t, sent); !errors.Is(err, exchange.ErrUnsure) {
		t.Errorf("sent and unanswered: %v", err)
	}
	if err := answerOf(t, behind); !errors.Is(err, exchange.ErrUnavailable) {
		t.Errorf("behind it: %v", err)
	}
	servers[0].Continue()
	sayAtLast(t, p, "ann", "4")
}

func TestServerThatForgotAPublisherIsNotAskedTwice(t *testing.T) {
	t.Parallel()
	servers := redistest.StartMany(t, 1)
	b := openBus(t, servers, impatient)
	p := startPublisher(t, b)
	say(t, p, "ann", "1")
	servers[0].Stop()
	answer := begin(t, p, "ann", "2")
	awaitCount(t, b, `uproar_exchange_publish_retries_total`, 1)
	servers[0].Restart()
	if err := answerOf(t, answer); !errors.Is(err, exchange.ErrUnsure) {
		t.Errorf("the server restarted empty, it may have published before: %v", err)
	}
	say(t, p, "ann", "3")
	if _, head := since(t, NewFeed(b), "ann", exchange.Position{}); head.Seq != 1 {
		t.Errorf("%d lines are published since, want 1", head.Seq)
	}
}

func TestDeadServerRefusesInTimeAndIsBack(t *testing.T) {
	t.Parallel()
	servers := redistest.StartMany(t, 1)
	b := openBus(t, servers, func(c *Config) {
		impatient(c)
		c.SendTimeout, c.AnswerTimeout = 100*time.Millisecond, 300*time.Millisecond
	})
	p := startPublisher(t, b)
	say(t, p, "ann", "1")
	servers[0].Kill()
	first := answerOf(t, begin(t, p, "ann", "2")) // its connection is found dead
	if first == nil {
		t.Error("a dead server has published")
	}
	if err := answerOf(t, begin(t, p, "ann", "3")); !errors.Is(err, exchange.ErrUnavailable) {
		t.Errorf("nothing listens: %v", err)
	}
	servers[0].Restart()
	sayAtLast(t, p, "ann", "4")
}

func TestServerRestartedEmptyBeginsAnotherEpoch(t *testing.T) {
	t.Parallel()
	servers := redistest.StartMany(t, 3)
	b := openBus(t, servers, impatient)
	r := newRecorder()
	f := startFeed(t, b, r)
	follow(t, f, r, "ann")
	p := startPublisher(t, b)
	say(t, p, "ann", "1")
	say(t, p, "ann", "2")
	before := r.awaitLines(t, "ann", 2)[1].at
	for _, s := range servers {
		s.Restart()
	}
	r.await(t, "subscribed again", func() bool { return r.subscribed[exchange.PartitionOf("ann", b.config.Partitions)] >= 2 })
	say(t, p, "ann", "3")
	say(t, p, "ann", "4")
	lines := r.awaitLines(t, "ann", 4)
	if lines[2].at.Epoch == before.Epoch {
		t.Errorf("the epoch is the same after all was lost")
	}
	contiguous(t, "ann", lines[2:], 1)
	kept, head := since(t, f, "ann", before)
	if contiguous(t, "ann", kept, 1); len(kept) != 2 || head != kept[1].at {
		t.Errorf("after a position of the old epoch: %+v, head %+v", kept, head)
	}
}

func TestKilledSubscriberIsSubscribedAgain(t *testing.T) {
	t.Parallel()
	topologies(t, func(t *testing.T, servers []*redistest.Server) {
		b := openBus(t, servers, nil)
		r := newRecorder()
		f := startFeed(t, b, r)
		follow(t, f, r, "ann", "bob")
		p := startPublisher(t, b)
		say(t, p, "ann", "1")
		last := r.awaitLines(t, "ann", 1)[0].at
		ann := exchange.PartitionOf("ann", b.config.Partitions)
		for _, s := range servers {
			s.CLI("CLIENT", "KILL", "TYPE", "pubsub")
		}
		say(t, p, "ann", "2")
		r.await(t, "subscribed again", func() bool { return r.subscribed[ann] == 2 })
		if kept, _ := since(t, f, "ann", last); len(kept) != 1 || kept[0].text != "2" {
			t.Errorf("missed was %+v", kept)
		}
		say(t, p, "ann", "3")
		r.await(t, "the last line came", func() bool { n := len(r.lines["ann"]); return r.lines["ann"][n-1].text == "3" })
	})
}

func TestSubscriberThatIsCutOffIsSubscribedAgain(t *testing.T) {
	t.Parallel()
	servers := redistest.StartMany(t, 1, "--client-output-buffer-limit", "pubsub 64kb 0 0")
	b := openBus(t, servers, nil)
	r := newRecorder()
	f := startFeed(t, b, r)
	follow(t, f, r, "ann")
	p := startPublisher(t, b)
	say(t, p, "ann", "1")
	last := r.awaitLines(t, "ann", 1)[0].at
	long := strings.Repeat("x", 200<<10) // more than the server keeps for a subscriber
	say(t, p, "ann", long)
	r.await(t, "subscribed again", func() bool { return r.subscribed[exchange.PartitionOf("ann", b.config.Partitions)] == 2 })
	if kept, _ := since(t, f, "ann", last); len(kept) != 1 || kept[0].text != long {
		t.Errorf("%d lines were missed, want the long one", len(kept))
	}
	say(t, p, "ann", "3")
	r.awaitLines(t, "ann", 2)
}

func TestForgottenScriptIsSentAgain(t *testing.T) {
	t.Parallel()
	servers := redistest.StartMany(t, 1)
	b := openBus(t, servers, nil)
	p := startPublisher(t, b)
	say(t, p, "ann", "1")
	servers[0].CLI("SCRIPT", "FLUSH")
	say(t, p, "ann", "2")
	if _, head := since(t, NewFeed(b), "ann", exchange.Position{}); head.Seq != 2 {
		t.Errorf("head is %d, want 2", head.Seq)
	}
}

func TestServerThatRefusesWritesPublishesNothing(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ refuse, accept []string }{
		"replica": {[]string{"REPLICAOF", "127.0.0.1", "1"}, []string{"REPLICAOF", "NO", "ONE"}},
		"full":    {[]string{"CONFIG", "SET", "maxmemory", "1"}, []string{"CONFIG", "SET", "maxmemory", "0"}},
	} {
		t.Run(name, func(t *testing.T) {
			servers := redistest.StartMany(t, 1)
			b := openBus(t, servers, func(c *Config) { c.SendTimeout = 100 * time.Millisecond })
			p := startPublisher(t, b)
			say(t, p, "ann", "1")
			servers[0].CLI(c.refuse...)
			if err := answerOf(t, begin(t, p, "ann", "2")); !errors.Is(err, exchange.ErrUnavailable) {
				t.Errorf("a server that refuses writes answered with %v", err)
			}
			servers[0].CLI(c.accept...)
			sayAtLast(t, p, "ann", "3")
			if _, head := since(t, NewFeed(b), "ann", exchange.Position{}); head.Seq != 2 {
				t.Errorf("head is %d, want 2", head.Seq)
			}
		})
	}
}

func TestLinesRefusedForAWhileStayInOrder(t *testing.T) {
	t.Parallel()
	servers := redistest.StartMany(t, 1)
	b := openBus(t, servers, nil)
	p := startPublisher(t, b)
	say(t, p, "ann", "0")
	servers[0].CLI("REPLICAOF", "127.0.0.1", "1")
	var answers []<-chan error
	for i := range 50 {
		answers = append(answers, begin(t, p, "ann", fmt.Sprint(i+1)))
		if i%10 == 0 {
			time.Sleep(againAfter) // some are tried meanwhile, and some are not
		}
	}
	servers[0].CLI("REPLICAOF", "NO", "ONE")
	for _, one := range answers {
		if err := answerOf(t, one); err != nil {
			t.Error(err)
		}
	}
	f := NewFeed(b)
	_, head := since(t, f, "ann", exchange.Position{})
	kept, _ := since(t, f, "ann", exchange.Position{Epoch: head.Epoch})
	contiguous(t, "ann", kept, 1)
	if len(kept) != 51 {
		t.Errorf("%d lines are kept, want 51", len(kept))
	}
	for i, l := range kept {
		if l.text != fmt.Sprint(i) {
			t.Errorf("line %d is %q", i, l.text)
		}
	}
}

// A flush that was given up may reach the server after a later one.
func TestNumberIsTakenOnceAndNeverBackwards(t *testing.T) {
	t.Parallel()
	b := openBus(t, redistest.StartMany(t, 1), nil)
	p := startPublisher(t, b)
	q := &p.partitions[exchange.PartitionOf("ann", b.config.Partitions)]
	batch := []lines{{Lines: &exchange.Lines{Room: "ann", Body: []byte("ann\nx"), Count: 1}}}
	first, second := p.prepare(q, batch), p.prepare(q, batch)
	first.byText, second.byText = true, true
	for i, c := range []struct {
		send *flush
		want outcome
	}{{second, done}, {first, given}, {second, done}, {first, given}} {
		if got := judge(<-p.send(q, c.send)); got != c.want {
			t.Errorf("call %d: outcome %d, want %d", i, got, c.want)
		}
	}
	if _, head := since(t, NewFeed(b), "ann", exchange.Position{}); head.Seq != 1 {
		t.Errorf("%d lines are published, want 1", head.Seq)
	}
}

func TestSlotThatMovesIsFollowed(t *testing.T) {
	t.Parallel()
	servers := redistest.StartCluster(t, 3)
	b := openBus(t, servers, nil)
	r := newRecorder()
	f := startFeed(t, b, r)
	follow(t, f, r, "ann")
	p := startPublisher(t, b)
	ann := exchange.PartitionOf("ann", b.config.Partitions)
	slot := strings.TrimPrefix(servers[0].Do("CLUSTER", "KEYSLOT", b.keys.channel(ann)), ":")
	var from, to *redistest.Server
	for _, s := range servers {
		if strings.HasPrefix(s.Do("GET", b.keys.channel(ann)), "-MOVED") {
			to = s
		} else {
			from = s
		}
	}
	id := strings.TrimSpace(to.CLI("CLUSTER", "MYID"))
	for _, s := range []*redistest.Server{to, from} {
		if answer := s.Do("CLUSTER", "SETSLOT", slot, "NODE", id); answer != "+OK" {
			t.Fatal(answer)
		}
	}
	r.await(t, "subscribed again", func() bool { return r.subscribed[ann] >= 2 })
	say(t, p, "ann", "1")
	r.awaitLines(t, "ann", 1)
}

func TestRecalledLinesAreNotSent(t *testing.T) {
	t.Parallel()
	servers := redistest.StartMany(t, 1)
	b := openBus(t, servers, nil)
	p := startPublisher(t, b)
	say(t, p, "ann", "1")
	servers[0].CLI("REPLICAOF", "127.0.0.1", "1") // refuses: what waits is tried again
	var recalled atomic.Bool
	answers := make(chan error, 3)
	for _, recall := range []func() bool{nil, recalled.Load, recalled.Load} {
		if err := p.Publish(&exchange.Lines{Room: "ann", Body: []byte("ann\nx"), Count: 1, Recalled: recall, Done: func(err error) { answers <- err }}); err != nil {
			t.Fatal(err)
		}
	}
	recalled.Store(true)
	for range 2 {
		if err := answerOf(t, answers); !errors.Is(err, exchange.ErrUnavailable) {
			t.Errorf("recalled: %v", err)
		}
	}
	servers[0].CLI("REPLICAOF", "NO", "ONE")
	if err := answerOf(t, answers); err != nil {
		t.Errorf("not recalled: %v", err)
	}
	if _, head := since(t, NewFeed(b), "ann", exchange.Position{}); head.Seq != 2 {
		t.Errorf("head is %d, want 2", head.Seq)
	}
}

func TestCloseAnswersAll(t *testing.T) {
	t.Parallel()
	servers := redistest.StartMany(t, 1)
	b := openBus(t, servers, impatient)
	p := NewPublisher(b)
	say(t, p, "ann", "1")
	servers[0].Stop()
	var answers []<-chan error
	for i := range 50 {
		answers = append(answers, begin(t, p, fmt.Sprintf("room%d", i%20), "x"))
	}
	ctx, stop := context.WithTimeout(context.Background(), 50*time.Millisecond)
	defer stop()
	p.Close(ctx)
	for _, one := range answers {
		if len(one) != 1 {
			t.Fatalf("%d answers after Close, want 1", len(one))
		}
		if err := <-one; !errors.Is(err, exchange.ErrUnsure) && !errors.Is(err, exchange.ErrClosed) {
			t.Errorf("answer: %v", err)
		}
	}
	if err := p.Publish(&exchange.Lines{Room: "ann", Count: 1}); !errors.Is(err, exchange.ErrClosed) {
		t.Errorf("after Close: %v", err)
	}
	servers[0].Continue()
}

func TestFullPartitionIsBusy(t *testing.T) {
	t.Parallel()
	servers := redistest.StartMany(t, 1)
	b := openBus(t, servers, func(c *Config) { impatient(c); c.QueueLinesMax, c.QueueBytesMax = 10, 1000 })
	p := startPublisher(t, b)
	servers[0].Stop()
	begin(t, p, "ann", "in flight")
	awaitTaken(p, "ann")
	refused := 0
	for range 20 {
		if err := p.Publish(&exchange.Lines{Room: "ann", Body: []byte("ann\nx"), Count: 1, Done: func(error) {}}); errors.Is(err, exchange.ErrBusy) {
			refused++
		}
	}
	if refused != 10 {
		t.Errorf("of 20 lines %d were refused, the queue has room for 10", refused)
	}
	if err := p.Publish(&exchange.Lines{Room: "bob", Body: make([]byte, 1001), Count: 1, Done: func(error) {}}); !errors.Is(err, exchange.ErrBusy) {
		t.Errorf("too many bytes: %v", err)
	}
	servers[0].Continue()
}
