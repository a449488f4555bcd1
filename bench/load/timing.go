package load

import (
	"time"

	"uproar/bench/meter"
)

// timing records latencies of lines that many members get at about the same time: the
// same lines within quantum of each other are recorded as one, so that a delivery costs a
// comparison instead of a histogram's entry. A latency is short by less than quantum.
type timing struct {
	waiting [waitingMax]arrivals
	next    int // the one to give way
}

const (
	quantum    = 200 * time.Microsecond
	waitingMax = 4 // several event loops of a server send at a time, each lines of its own
)

// arrivals is how many members got the lines from up to before to at now.
type arrivals struct {
	room     *transcript
	from, to int
	now      int64
	members  int64
}

// took counts that one more member got these lines.
func (s *Swarm) took(room *transcript, from, to int) {
	for i := range s.timing.waiting {
		if a := &s.timing.waiting[i]; a.room == room && a.from == from && a.to == to && s.now-a.now < int64(quantum) {
			a.members++
			return
		}
	}
	a := &s.timing.waiting[s.timing.next]
	s.timing.next = (s.timing.next + 1) % waitingMax
	s.settle(a)
	*a = arrivals{room, from, to, s.now, 1}
}

// settle records what a holds.
func (s *Swarm) settle(a *arrivals) {
	if a.members == 0 {
		return
	}
	for _, e := range a.room.lines[a.from:a.to] {
		if e.due < s.since {
			continue
		}
		s.tally.Measured += a.members
		if e.burst {
			s.tally.Burst.RecordMany(time.Duration(a.now-e.due), a.members)
		} else {
			s.tally.Latency.RecordMany(time.Duration(a.now-e.due), a.members)
		}
	}
	*a = arrivals{}
}

// settleAll records all that waits.
func (s *Swarm) settleAll() {
	for i := range s.timing.waiting {
		s.settle(&s.timing.waiting[i])
	}
}

// forget drops what has been recorded.
func (s *Swarm) forget() {
	s.settleAll()
	s.tally.Measured = 0
	s.tally.Latency, s.tally.Burst = meter.NewLatency(), meter.NewLatency()
}
