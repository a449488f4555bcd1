package fleet

import (
	"context"
	"io"
	"net/http"
	"os"
	"testing"
	"time"

	"uproar/edge/edgetest"
)

// sizeVariable is the environment variable that asks for more than a small machine has
// time for: full is the storm that the fleet is built for, latency measures.
const sizeVariable = "UPROAR_FLEET"

// The sizes of storms. A phase lasts 10 units, but for the first.
var (
	small = size{members: 200, rooms: 10, rate: 50, unit: 350 * time.Millisecond}
	full  = size{members: 4000, rooms: 50, rate: 500, unit: time.Second}
)

// phase is a part of a storm. What it does begins with it; the rest of it is quiet.
type phase struct {
	name  string
	units int
	do    func(s *storm)
	felt  func(s *storm) float64 // a count that grows because of what is done
	began time.Duration          // by the book
}

// storm is a fleet, a crowd, and what happens to them.
type storm struct {
	t        *testing.T
	fleet    *edgetest.Fleet
	crowd    *crowd
	unit     time.Duration
	phases   []phase
	apart    bool // while Redis is away: see verdict, as for the next
	silences []silence
}

// away ends a process as kill -9 does and starts it again after some units.
func (s *storm) away(n *edgetest.Node, units int) {
	n.Kill()
	time.Sleep(time.Duration(units) * s.unit)
	n.Start()
}

// silence stops Redis for some units.
func (s *storm) silence(units int) {
	from := s.crowd.book.now()
	s.fleet.Redis.Stop()
	time.Sleep(time.Duration(units) * s.unit)
	s.fleet.Redis.Continue()
	if s.apart {
		s.silences = append(s.silences, silence{from, s.crowd.book.now() + s.unit})
	}
}

// killEdge kills the first edge. Its members come back to another and read on.
var killEdge = phase{
	name: "edge killed", units: 10,
	do:   func(s *storm) { s.away(s.fleet.Edges[0], 3) },
	felt: func(s *storm) float64 { return total(s.t, s.fleet.Edges[1:], "uproar_resumes_total", "") },
}

var killRelays = phase{
	name: "relays killed in turn", units: 10,
	do: func(s *storm) {
		s.away(s.fleet.Relays[0], 2)
		time.Sleep(2 * s.unit)
		s.away(s.fleet.Relays[1], 2)
	},
	felt: func(s *storm) float64 { return total(s.t, s.fleet.Edges, "uproar_uplink_downs_total", `to="exchange"`) },
}

var killClue = phase{
	name: "clue killed", units: 10,
	do:   func(s *storm) { s.away(s.fleet.Clues[0], 3) },
	felt: func(s *storm) float64 { return total(s.t, s.fleet.Edges, "uproar_uplink_downs_total", `to="clue"`) },
}

// killRedis starts it again without what it has not kept.
var killRedis = phase{
	name: "Redis killed", units: 12,
	do: func(s *storm) {
		s.fleet.Redis.Kill()
		time.Sleep(2 * s.unit)
		s.fleet.Redis.Restart()
	},
	felt: func(s *storm) float64 { return total(s.t, s.fleet.Nodes(), "uproar_exchange_redis_lost_total", "") },
}

// stopRedis makes it silent for longer than connections are trusted.
var stopRedis = phase{
	name: "Redis stopped", units: 13,
	do: func(s *storm) {
		s.silence(5)
	},
	felt: func(s *storm) float64 {
		return total(s.t, s.fleet.Nodes(), "uproar_exchange_unpublished_total", "") + total(s.t, s.fleet.Nodes(), "uproar_exchange_away_total", "")
	},
}

// scatter stops Redis, and cuts every member's connection when it is back: who has read in
// the order of one process comes back to another.
var scatter = phase{
	name: "all scattered", units: 10,
	do: func(s *storm) {
		s.silence(4)
		time.Sleep(s.unit)
		s.crowd.scatter()
	},
	felt: func(s *storm) float64 { return total(s.t, s.fleet.Nodes(), "uproar_resumes_total", "") },
}

// sized is the size of a storm that the environment asks for. Small ones run beside
// others: they mostly wait.
func sized(t *testing.T) size {
	t.Helper()
	if os.Getenv(sizeVariable) == "full" {
		return full
	}
	t.Parallel()
	return small
}

// A fleet of every kind of process goes through every fault while its rooms talk. What
// each member has heard is compared with what was accepted.
func TestFleetLosesNoLineInSilence(t *testing.T) {
	s := sized(t)
	type memory struct {
		name  string
		redis []string
	}
	memories := []memory{{"Redis forgets", nil}}
	if s == full {
		memories = append(memories, memory{"Redis remembers", []string{"--appendonly", "yes", "--appendfsync", "no"}})
	}
	for _, c := range memories {
		t.Run(c.name, func(t *testing.T) {
			fleet := edgetest.StartFleet(t, edgetest.Shape{
				Clues: 2, Relays: 2, Edges: 4, OnePort: true, RedisOptions: c.redis,
				Args: append([]string{"--trace"}, edgetest.Unlimited...),
			})
			(&storm{t: t, fleet: fleet, unit: s.unit, phases: []phase{
				{name: "calm", units: 5}, killEdge, killRelays, killClue, killRedis, stopRedis,
			}}).run(s)
		})
	}
}

// Processes with all roles on one Redis talk on, each with its own members, while it is
// away, and what they have said meanwhile comes to the others afterwards.
func TestEdgesTalkOnWithoutRedisAndLoseNoLineInSilence(t *testing.T) {
	s := sized(t)
	fleet := edgetest.StartFleet(t, edgetest.Shape{Edges: 3, OnePort: true, Args: append([]string{"--trace"}, edgetest.Unlimited...)})
	(&storm{t: t, fleet: fleet, unit: s.unit, apart: true, phases: []phase{
		{name: "calm", units: 5}, killEdge, killRedis, stopRedis, scatter,
	}}).run(s)
}

// run goes through the phases and judges what was heard.
func (s *storm) run(of size) {
	c := gather(s.t, s.fleet.Edges[0].IRC, of, true)
	s.crowd = c
	ctx, hush := context.WithCancel(s.t.Context())
	unsaid := make(chan int, 1)
	go func() { unsaid <- c.talk(ctx) }()
	for i := range s.phases {
		s.pass(&s.phases[i])
	}
	hush()
	missed := <-unsaid
	c.settle()
	c.leave()
	s.judge()
	s.t.Logf("%d lines were not said for nobody was free to; JOINs refused: %d; lines refused: %v", missed, c.refusedJoins(), refusals(c.book.lines()))
}

// pass goes through a phase, which has to be felt.
func (s *storm) pass(p *phase) {
	p.began = s.crowd.book.now()
	ends := time.Now().Add(time.Duration(p.units) * s.unit)
	if p.do == nil {
		time.Sleep(time.Until(ends))
		return
	}
	before := p.felt(s)
	p.do(s)
	time.Sleep(time.Until(ends))
	if felt := p.felt(s) - before; felt <= 0 {
		s.t.Errorf("%s: nobody has felt it", p.name)
	}
}

func (c *crowd) refusedJoins() (n int) {
	for _, m := range c.members {
		n += m.refused
	}
	return n
}

// judge prints the table and fails the test for what is not as promised.
func (s *storm) judge() {
	lines := s.crowd.book.lines()
	v := newVerdict()
	v.apart, v.silences = s.apart, s.silences
	for _, members := range s.crowd.rooms {
		v.judgeRoom(lines, members)
	}
	printTable(s.t, v.tabulate(s.phases, lines, s.crowd.members))
	v.complain(s.t, lines)
	if len(v.lost) == 0 {
		return
	}
	id := lines[v.lost[0].number].id
	for _, n := range s.fleet.Nodes() {
		s.t.Logf("%s of line %s: %s", n.Name, id, hops(n, id))
	}
}

// hops is what a process knows of the way of a line.
func hops(n *edgetest.Node, id string) string {
	resp, err := http.Get("http://" + n.Admin + "/api/trace?id=" + id)
	if err != nil {
		return err.Error()
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		return err.Error()
	}
	return string(body)
}
