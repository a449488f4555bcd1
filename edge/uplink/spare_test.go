package uplink

import (
	"context"
	"fmt"
	"math/rand/v2"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/VictoriaMetrics/metrics"

	"uproar/core/exchange"
	"uproar/core/exchange/exchangetest"
	"uproar/core/exchange/redisbus"
	"uproar/core/store/redistest"
	wire "uproar/proto/link"
)

// The site of TestRelaysSpareRedis.
const (
	siteEdges  = 100
	siteRelays = 2
	hotRooms   = 50
	coldRooms  = 5000
	hotOfEdge  = 12 // rooms of an edge, of each kind
	coldOfEdge = 8
	siteLines  = 400 // three quarters in hot rooms
)

// counter is a Sink that counts.
type counter struct{ payloads, subscribed atomic.Int64 }

func (c *counter) Payload(int, []byte) { c.payloads.Add(1) }
func (c *counter) Subscribed(int)      { c.subscribed.Add(1) }

// anyRoom is a hot one, or a cold one.
func anyRoom(random *rand.Rand, hot bool) string {
	if hot {
		return fmt.Sprint("hot", random.IntN(hotRooms))
	}
	return fmt.Sprint("cold", random.IntN(coldRooms))
}

// interests are the partitions that each edge wants, the same in each run.
func interests() []wire.Set {
	random := rand.New(rand.NewPCG(4, 4))
	all := make([]wire.Set, siteEdges)
	for i := range all {
		for room := range hotOfEdge + coldOfEdge {
			all[i].Add(exchange.PartitionOf(anyRoom(random, room < hotOfEdge), exchange.Partitions))
		}
	}
	return all
}

// bill is what lines have cost.
type bill struct {
	subscribers  int   // connections to Redis that chat comes by
	most         int   // receivers of one partition, as PUBLISH says
	publications int   // one for each line
	messages     int   // that Redis has sent, as PUBLISH says of each partition
	came         int   // of these, to our connections
	bytes        int   // that Redis has sent in all, answers included
	edges        int64 // payloads that came to edges
}

// site is edges on a Redis, whatever is between the two.
type site struct {
	t      *testing.T
	server *redistest.Server
	sets   []*metrics.Set // of connections to Redis
	sinks  [siteEdges]counter
}

// feed is one that subscribes at Redis.
func (s *site) feed() exchange.Feed {
	s.t.Helper()
	set := metrics.NewSet()
	b, err := redisbus.Open(context.Background(), redisbus.Config{Addrs: []string{s.server.Addr}, Mode: redisbus.ModeSharded, Env: "test", Metrics: set})
	if err != nil {
		s.t.Fatal(err)
	}
	s.t.Cleanup(b.Close)
	s.sets = append(s.sets, set)
	return redisbus.NewFeed(b)
}

// came is how many payloads have come from Redis.
func (s *site) came() (n int) {
	for _, set := range s.sets {
		n += int(set.GetOrCreateCounter(`uproar_exchange_redis_payloads_total`).Get())
	}
	return n
}

// heard is how many have come to edges.
func (s *site) heard() (n int64) {
	for i := range s.sinks {
		n += s.sinks[i].payloads.Load()
	}
	return n
}

// info is a number of INFO.
func (s *site) info(name string) int {
	s.t.Helper()
	_, rest, _ := strings.Cut(s.server.CLI("INFO"), name+":")
	word, _, _ := strings.Cut(rest, "\r")
	n, err := strconv.Atoi(word)
	if err != nil {
		s.t.Fatalf("INFO says %q of %s", word, name)
	}
	return n
}

// receivers asks Redis how many connections it sends a message of each partition to, by sending one.
func (s *site) receivers() []int {
	s.t.Helper()
	all := make([]int, exchange.Partitions)
	for p := range all {
		answer := s.server.Do("PUBLISH", fmt.Sprintf("up:test:{x%d}", p), string(exchange.AppendAside(nil, nil)))
		n, err := strconv.Atoi(strings.TrimPrefix(answer, ":"))
		if err != nil {
			s.t.Fatalf("PUBLISH says %q", answer)
		}
		all[p] = n
	}
	return all
}

// settle returns the receivers when what was sent to find them has come to all who want it:
// a connection that was made anew, as on a busy machine, misses some.
func (s *site) settle(wanted int64) (to []int) {
	s.t.Helper()
	eventually(s.t, "what was sent has come to all", func() bool {
		before := s.heard()
		to = s.receivers()
		for end := time.Now().Add(2 * time.Second); time.Now().Before(end); time.Sleep(5 * time.Millisecond) {
			if s.heard()-before == wanted {
				return true
			}
		}
		return false
	})
	return to
}

// live has edges want what they want, and lines said.
func (s *site) live(feed func() exchange.Feed, bus *exchangetest.Bus) (b bill) {
	s.t.Helper()
	wants := interests()
	wanted := int64(0)
	for i := range wants {
		f := feed()
		run(s.t, f, &s.sinks[i])
		for p := range wants[i].All() {
			f.Want(p, true)
			wanted++
		}
	}
	eventually(s.t, "all that is wanted is subscribed to", func() bool {
		n := int64(0)
		for i := range s.sinks {
			n += s.sinks[i].subscribed.Load()
		}
		return n >= wanted
	})
	to := s.settle(wanted)

	heard, came, bytes := s.heard(), s.came(), s.info("total_net_output_bytes")
	due := int64(0)
	random := rand.New(rand.NewPCG(5, 5))
	for i := range siteLines {
		room := anyRoom(random, i%4 > 0)
		p := exchange.PartitionOf(room, exchange.Partitions)
		say(s.t, bus, room, i)
		b.messages += to[p]
		b.most = max(b.most, to[p])
		for w := range wants {
			if wants[w].Has(p) {
				due++
			}
		}
	}
	eventually(s.t, "each edge has what it wants", func() bool { return s.heard()-heard >= due })
	eventually(s.t, "all that Redis sent has come", func() bool { return s.came()-came >= b.messages })
	b.subscribers, b.publications = len(s.sets), siteLines
	b.came, b.bytes, b.edges = s.came()-came, s.info("total_net_output_bytes")-bytes, s.heard()-heard
	if b.came != b.messages || b.edges != due {
		s.t.Errorf("%+v, but %d payloads are due at the edges", b, due)
	}
	return b
}

func TestRelaysSpareRedis(t *testing.T) {
	server := redistest.Start(t)
	bus := redisOf(t, server)
	var without, with bill
	t.Run("without relays", func(t *testing.T) {
		s := &site{t: t, server: server}
		without = s.live(s.feed, &bus)
	})
	t.Run("with relays", func(t *testing.T) {
		s := &site{t: t, server: server}
		var addrs []string
		for range siteRelays {
			addrs = append(addrs, relayOf(t, s.feed()).addr)
		}
		with = s.live(func() exchange.Feed { return feedTo(t, nodes.Add(1), nil, addrs...) }, &bus)
	})
	t.Logf("%d edges, %d lines\n%s", siteEdges, siteLines, table(without, with))
	if with.most > siteRelays || with.messages > siteRelays*with.publications {
		t.Errorf("with %d relays Redis sends a publication up to %d times, %d in all", siteRelays, with.most, with.messages)
	}
	if without.messages < 3*with.messages || without.edges != with.edges {
		t.Errorf("the site is too small, or edges get other lines: %+v, %+v", without, with)
	}
}

func table(without, with bill) string {
	var b strings.Builder
	row := func(what string, a, c any) { fmt.Fprintf(&b, "%-42s %12v %12v\n", what, a, c) }
	row("", "edges alone", fmt.Sprint(siteRelays, " relays"))
	row("subscribers of Redis", without.subscribers, with.subscribers)
	row("publications", without.publications, with.publications)
	row("messages that Redis sent", without.messages, with.messages)
	each := func(x bill) string { return fmt.Sprintf("%.2f", float64(x.messages)/float64(x.publications)) }
	row("  per line accepted", each(without), each(with))
	row("  of one publication, at most", without.most, with.most)
	row("KiB that Redis sent", without.bytes>>10, with.bytes>>10)
	row("payloads that came to edges", without.edges, with.edges)
	return b.String()
}
