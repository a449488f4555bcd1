package load

import (
	"bytes"
	"fmt"
	"time"

	"golang.org/x/sys/unix"
)

// refusedMax bounds how often members on their way back may be refused, for each; then
// they stay away.
const refusedMax = 20

// rejoinedMax bounds likewise how often members whose JOIN is refused, or whom the server
// has leave, ask again.
const rejoinedMax = 20

// comeback is where members go whose connection has ended.
type comeback struct {
	addrs []unix.SockaddrInet4
	next  int
	queue []int         // members that have no connection yet
	since map[int]int64 // by member that is away: when its connection ended
}

func newComeback(addrs []string) (comeback, error) {
	b := comeback{since: map[int]int64{}}
	for _, addr := range addrs {
		a, err := sockaddr(addr)
		if err != nil {
			return b, err
		}
		b.addrs = append(b.addrs, a)
	}
	return b, nil
}

// returns has member i, whose connection ends, come back, if members do that.
func (s *Swarm) returns(i int) bool {
	m := &s.members[i]
	if len(s.back.addrs) == 0 || m.state < ready && !m.away || s.tally.Refused >= refusedMax*int64(len(s.members)) {
		return false
	}
	if m.away {
		s.tally.Refused++
	} else {
		s.back.since[i] = Now()
		s.tally.LastEnd = s.back.since[i]
	}
	m.away, m.closing, m.reconnect, m.parting = true, false, false, false
	s.back.queue = append(s.back.queue, i)
	return true
}

// dialAgain opens connections for members that come back.
func (s *Swarm) dialAgain() {
	for len(s.back.queue) > 0 && s.inFlight < s.config.Window {
		i := s.back.queue[0]
		s.back.queue = s.back.queue[1:]
		addr := &s.back.addrs[s.back.next%len(s.back.addrs)]
		s.back.next++
		if err := s.open(i, addr); err != nil {
			s.tally.Failed++
			s.tally.odd(err.Error())
		}
	}
}

// arrived counts that member i is in the room, for the first time or again.
func (s *Swarm) arrived(i int) {
	m := &s.members[i]
	if !m.away {
		s.tally.Ready++
		return
	}
	m.away = false
	s.tally.Away.Record(time.Duration(Now() - s.back.since[i]))
	delete(s.back.since, i)
}

// join is the line that has m in the room; one that comes back asks for what followed the
// last line that it has.
func (s *Swarm) join(m *member) string {
	if !s.config.Resume || !m.away {
		return "JOIN " + m.room.name
	}
	return fmt.Sprintf("@uproar/resume=%s JOIN %s", m.room.id(m.at), m.room.name)
}

// id is the id tag of the last line before place at; "" when there is none.
func (t *transcript) id(at int64) []byte {
	n := t.count(at)
	if n == 0 || t.begin(n-1) < t.base {
		return nil
	}
	l := cutLine(t.bytes[t.begin(n-1)-t.base : at-t.base])
	for tag := range bytes.SplitSeq(l.tags, []byte{';'}) {
		if id, ok := bytes.CutPrefix(tag, []byte("id=")); ok {
			return id
		}
	}
	return nil
}
