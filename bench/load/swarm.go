package load

import (
	"context"
	"fmt"
	"strconv"
	"sync/atomic"
	"time"

	"golang.org/x/sys/unix"
)

// SwarmConfig says who connects where.
type SwarmConfig struct {
	Wire       Wire
	Hello      Hello    // how members get in, on the wires Lines and Centrifuge
	Addr       string   // IPv4 host:port
	Room       string   // "" is DefaultRoom
	Rooms      int      // over how many rooms members spread, by Zipf's law: Room with a number from 0; 0 and 1 are Room alone
	Deflate    bool     // offer permessage-deflate; the server may not want it
	Host       string   // server's name in prefixes; "" is DefaultHost
	Prefix     string   // of publishers' lines, with NICK for the nick: "" is NICK!NICK@NICK. and Host
	Caps       string   // capabilities to request, separated by spaces; "" for none
	First      int      // number of the first member, for swarms that share a server
	Publishers int      // how many publishers will speak; 0 is 1
	TextBytes  int      // size of every line's text, as in PublisherConfig
	Storm      *Storm   // what the publishers say, instead
	Window     int      // joins under way at a time; 0 is 256
	Nicks      []string // of the publishers; nil is bench1, bench2...
	Return     []string // where members go, at once and in turn, when their connection ends
	Resume     bool     // members that return ask for what they missed

	// Nap is how long the swarm sleeps before it looks again for what has come, after few
	// of its members have had something; 0 is 250 µs. It is a part of latency.
	Nap time.Duration
}

// readBytes is the size of the one read buffer that all members share. It is
// larger than a carry (at most a frame) and what one read should take.
const readBytes = 512 << 10

// Swarm holds many members of one room. Make it with NewSwarm, run Run in a
// goroutine of its own, and call the other methods from any other goroutine.
// Whoever makes a Swarm calls Close, after Run has returned.
type Swarm struct {
	reactor
	config     SwarmConfig
	addr       unix.SockaddrInet4
	members    []member
	rooms      []*transcript
	zipf       zipf
	texts      texts
	timing     timing
	back       comeback
	packed     packed
	tally      Tally
	since      int64 // lines due from here on are measured
	now        int64 // time of the last read
	inFlight   int   // members between connecting and ready
	target     int   // how many members there shall be
	words      map[int]string
	told       map[int]int64 // by member: see Tally.Told
	buf, out   []byte
	upgrade    []byte
	pushHead   []byte
	publishers map[string]int // by what their lines start with, up to the command

	progress struct{ ready, failed, deliveries, told, over atomic.Int64 }
}

// NewSwarm checks the configuration and opens the epoll; it connects nothing.
func NewSwarm(c SwarmConfig) (*Swarm, error) {
	if c.Room == "" {
		c.Room = DefaultRoom
	}
	if c.Host == "" {
		c.Host = DefaultHost
	}
	c.Publishers = max(c.Publishers, 1)
	if c.Window == 0 {
		c.Window = 256
	}
	if c.Nap == 0 {
		c.Nap = nap
	}
	if c.Nicks == nil && c.Storm != nil {
		c.Nicks = c.Storm.Names()
	}
	if c.Nicks == nil {
		c.Nicks = publisherNicks(c.Publishers)
	}
	if c.Wire == WebSocket {
		c.Hello.Protocol = "irc"
	}
	addr, err := sockaddr(c.Addr)
	if err != nil {
		return nil, err
	}
	back, err := newComeback(c.Return)
	if err != nil {
		return nil, err
	}
	s := &Swarm{
		config: c, addr: addr,
		back: back, texts: numbered(c.TextBytes), publishers: map[string]int{}, tally: NewTally(),
		words: map[int]string{}, told: map[int]int64{}, buf: make([]byte, readBytes), upgrade: upgradeRequest(c.Addr, c.Hello, c.Deflate),
		pushHead: pushHead(c.Hello.Channel),
	}
	for p, nick := range c.Nicks {
		s.publishers[c.publisherPrefix(nick)] = p
	}
	s.zipf = newZipf(max(c.Rooms, 1))
	for k := range s.zipf {
		s.rooms = append(s.rooms, newTranscript(roomName(c.Room, c.Rooms, k), len(c.Nicks)))
	}
	if c.Storm != nil {
		s.texts = c.Storm
	}
	if err := s.reactor.open(); err != nil {
		return nil, err
	}
	return s, nil
}

func publisherNicks(n int) []string {
	nicks := make([]string, n)
	for i := range nicks {
		nicks[i] = "bench" + strconv.Itoa(i+1)
	}
	return nicks
}

// Close resets every connection and frees the epoll. Run must have returned.
func (s *Swarm) Close() {
	for i := range s.members {
		if m := &s.members[i]; m.state != ended {
			reset(m.fd)
			m.state = ended
		}
	}
	s.shut()
}

// Grow connects members until there are n, and returns when all of them are in
// the room. It fails when one of them does not get there or ctx ends.
func (s *Swarm) Grow(ctx context.Context, n int) error {
	if err := s.do(func() { s.target = n; s.dial() }); err != nil {
		return err
	}
	tick := time.NewTicker(2 * time.Millisecond)
	defer tick.Stop()
	for s.progress.ready.Load() < int64(n) {
		if s.progress.failed.Load() > 0 || s.progress.over.Load() > 0 {
			t := s.Tally()
			return fmt.Errorf("cannot join member %d of %d at %q: %q", t.Ready+1, n, s.config.Addr, t.Oddities)
		}
		select {
		case <-ctx.Done():
			t := s.Tally()
			return fmt.Errorf("cannot join member %d of %d at %q: %w (%d open, %q)", t.Ready+1, n, s.config.Addr, ctx.Err(), t.Members, t.Oddities)
		case <-tick.C:
		}
	}
	return nil
}

// Measure forgets the latencies so far; from now on those of lines due at since
// (in Now's nanoseconds) or later count.
func (s *Swarm) Measure(since int64) error {
	return s.do(func() {
		s.since = since
		s.forget()
	})
}

// Deliveries is Tally().Deliveries, without disturbing the swarm.
func (s *Swarm) Deliveries() int64 { return s.progress.deliveries.Load() }

// Told is Tally().Told, without disturbing the swarm.
func (s *Swarm) Told() int64 { return s.progress.told.Load() }

// Tally returns a copy of the counts.
func (s *Swarm) Tally() Tally {
	var t Tally
	read := func() {
		s.settleAll()
		t = s.tally
		t.Oddities = append([]string(nil), s.tally.Oddities...)
		t.Latency, t.Burst, t.Away = s.tally.Latency.Clone(), s.tally.Burst.Clone(), s.tally.Away.Clone()
	}
	if s.do(read) != nil {
		read() // Run is over: nobody else touches it
	}
	return t
}

// Lost returns how many deliveries are missing, all members together but those in
// except, when publisher p has sent sent[p] lines since before any member joined.
func (s *Swarm) Lost(sent []uint32, except ...int) int64 {
	var n int64
	count := func() {
		for i := range s.members {
			n += s.lost(i, sent)
		}
		for _, i := range except {
			n -= s.lost(i, sent)
		}
	}
	if s.do(count) != nil {
		count()
	}
	return n
}

// lost returns how many of the lines that the publishers sent member i has not seen.
func (s *Swarm) lost(i int, sent []uint32) int64 {
	all := int64(0)
	for _, n := range sent {
		all += int64(n)
	}
	return s.members[i].room.lost(i, s.members[i].at, all)
}

// LostIn returns how many deliveries are missing, all members together, when sent[k] lines
// have been sent to room k.
func (s *Swarm) LostIn(sent []int64) int64 {
	var n int64
	count := func() {
		for k, t := range s.rooms {
			t.sent = sent[k]
		}
		for i := range s.members {
			m := &s.members[i]
			n += m.room.lost(i, m.at, m.room.sent)
		}
	}
	if s.do(count) != nil {
		count()
	}
	return n
}

// roomOf is where member i belongs.
func (s *Swarm) roomOf(i int) *transcript { return s.rooms[s.zipf.room(int64(s.config.First+i))] }

// StormFrom says when the storm of the configuration begins, in Now's nanoseconds. No
// line may have come before.
func (s *Swarm) StormFrom(start int64) error {
	return s.do(func() { s.config.Storm.Start = start })
}

// Order is the same for two swarms that have seen the same lines in the same order.
func (s *Swarm) Order() string {
	var order string
	read := func() {
		for _, t := range s.rooms {
			order += t.order() + " "
		}
	}
	if s.do(read) != nil {
		read()
	}
	return order
}

// Fate tells what has become of member i.
func (s *Swarm) Fate(i int, sent []uint32) Fate {
	var f Fate
	read := func() {
		m := &s.members[i]
		f = Fate{Ready: m.state == ready, Ended: m.state == ended, Told: s.told[i], Reconnect: m.reconnect,
			LastWords: s.words[i], Lost: s.lost(i, sent)}
	}
	if s.do(read) != nil {
		read()
	}
	return f
}

// Pause stops reading from member i: it plays the slow one. Its receive buffer
// stays as it is: shrinking it would make the kernel drop what the window already
// promised, and the server's retransmissions back off for seconds.
func (s *Swarm) Pause(i int) error {
	return s.do(func() {
		m := &s.members[i]
		if m.state == ready && !m.paused {
			m.paused = true
			s.control(unix.EPOLL_CTL_DEL, int(m.fd), i, 0)
		}
	})
}

// Resume undoes Pause.
func (s *Swarm) Resume(i int) error {
	var err error
	if over := s.do(func() {
		m := &s.members[i]
		if m.paused && m.state == ready {
			m.paused = false
			err = s.control(unix.EPOLL_CTL_ADD, int(m.fd), i, memberEvents)
		}
	}); over != nil {
		return over
	}
	return err
}
