package redisbus

import (
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"uproar/core/exchange"
	"uproar/core/store/redistest"
)

func TestLinesComeInOrderWithoutGapOrDuplicate(t *testing.T) {
	t.Parallel()
	topologies(t, func(t *testing.T, servers []*redistest.Server) {
		const rooms, publishers, each = 12, 4, 40
		r := newRecorder()
		f := startFeed(t, openBus(t, servers, nil), r)
		var names []string
		for i := range rooms {
			names = append(names, fmt.Sprintf("room%d", i))
		}
		follow(t, f, r, names...)
		var all sync.WaitGroup
		for i := range publishers {
			p := startPublisher(t, openBus(t, servers, nil))
			all.Go(func() {
				var answers []<-chan error
				for n := range each {
					for _, room := range names {
						answers = append(answers, begin(t, p, room, fmt.Sprintf("%d %d", i, 2*n), fmt.Sprintf("%d %d", i, 2*n+1)))
					}
				}
				for _, one := range answers {
					if err := answerOf(t, one); err != nil {
						t.Error(err)
					}
				}
			})
		}
		all.Wait()
		for _, room := range names {
			lines := r.awaitLines(t, room, publishers*each*2)
			if len(lines) != publishers*each*2 {
				t.Fatalf("room %q: %d lines came, %d were published", room, len(lines), publishers*each*2)
			}
			contiguous(t, room, lines, 1)
			var next [publishers]int
			for _, l := range lines {
				var who, n int
				if _, err := fmt.Sscanf(l.text, "%d %d", &who, &n); err != nil || n != next[who] {
					t.Fatalf("room %q: %q came, of that publisher %d is next", room, l.text, next[who])
				}
				next[who]++
			}
			kept, head := since(t, f, room, exchange.Position{Epoch: lines[0].at.Epoch, Seq: 7})
			if head != lines[len(lines)-1].at {
				t.Fatalf("room %q: head is %+v, the last line is at %+v", room, head, lines[len(lines)-1].at)
			}
			contiguous(t, room, kept, kept[0].at.Seq)
			if kept[0].at.Seq > 8 || kept[len(kept)-1].at != head {
				t.Fatalf("room %q: after 7 lines from %d to %d are kept, head is %d", room, kept[0].at.Seq, kept[len(kept)-1].at.Seq, head.Seq)
			}
		}
	})
}

// publisherWithReader is a publisher, and who hears the room ann.
func publisherWithReader(t *testing.T) (*Publisher, *recorder) {
	b, r := openBus(t, redistest.StartMany(t, 1), nil), newRecorder()
	follow(t, startFeed(t, b, r), r, "ann")
	return startPublisher(t, b), r
}

func TestManyLinesShareAPublishUnderLoad(t *testing.T) {
	t.Parallel()
	p, r := publisherWithReader(t)
	const lines = 4000
	for i := range lines {
		begin(t, p, "ann", fmt.Sprint(i))
	}
	contiguous(t, "ann", r.awaitLines(t, "ann", lines), 1)
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.payloads > lines/10 {
		t.Errorf("%d lines came in %d payloads", lines, r.payloads)
	}
}

func TestBusyPartitionIsFlushedNoOftenerThanItMay(t *testing.T) {
	t.Parallel()
	p, r := publisherWithReader(t)
	began := time.Now()
	const lines = 100
	for i := range lines {
		begin(t, p, "ann", fmt.Sprint(i))
		time.Sleep(time.Millisecond)
	}
	contiguous(t, "ann", r.awaitLines(t, "ann", lines), 1)
	most := int(time.Since(began)/defaultFlushEvery) + 2 // the first, and what subscribed
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.payloads > most {
		t.Errorf("%d lines came in %d payloads, want at most %d", lines, r.payloads, most)
	}
}

func TestConnectionsAreFewAndNamed(t *testing.T) {
	t.Parallel()
	servers := redistest.StartMany(t, 1)
	b := openBus(t, servers, func(c *Config) { c.Role = "clue" })
	r := newRecorder()
	follow(t, startFeed(t, b, r), r, "ann", "bob", "cid", "dan")
	say(t, startPublisher(t, b), "ann", "hi")
	clients := servers[0].CLI("CLIENT", "LIST")
	for _, use := range []string{"bus", "feed"} {
		if n := strings.Count(clients, "-test-"+use+" "); n != 1 || !strings.Contains(clients, "name=uproar-clue-") {
			t.Errorf("%d connections are called %s: %s", n, use, clients)
		}
	}
	if n := b.config.Metrics.GetOrCreateGauge(`uproar_exchange_redis_connections`, nil).Get(); n != 2 {
		t.Errorf("%v connections are counted, want 2", n)
	}
}

func TestUnwantedPartitionIsNotSent(t *testing.T) {
	t.Parallel()
	topologies(t, func(t *testing.T, servers []*redistest.Server) {
		b := openBus(t, servers, nil)
		r := newRecorder()
		f := startFeed(t, b, r)
		follow(t, f, r, "ann", "bob")
		p := startPublisher(t, b)
		ann := exchange.PartitionOf("ann", b.config.Partitions)
		f.Want(ann, false)
		subscribers := func() (n int) {
			for _, s := range servers {
				for _, how := range []string{"CHANNELS", "SHARDCHANNELS"} {
					n += strings.Count(s.CLI("PUBSUB", how), "{x")
				}
			}
			return n
		}
		r.await(t, "one channel is left", func() bool { r.tell(); return subscribers() == 1 })
		say(t, p, "ann", "unheard")
		say(t, p, "bob", "heard")
		r.awaitLines(t, "bob", 1)
		f.Want(ann, true)
		r.await(t, "subscribed again", func() bool { return r.subscribed[ann] == 2 })
		f.Want(ann, false)
		f.Want(ann, true)
		r.await(t, "marked again", func() bool { return r.subscribed[ann] == 3 })
		say(t, p, "ann", "heard")
		if lines := r.awaitLines(t, "ann", 1); lines[0].text != "heard" || lines[0].at.Seq != 2 {
			t.Errorf("ann's lines: %+v", lines)
		}
	})
}
