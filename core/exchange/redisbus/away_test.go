package redisbus

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"uproar/core/chat"
	"uproar/core/exchange"
	"uproar/core/store/redistest"
)

// member is what a member of some rooms was sent.
type member struct {
	*exchange.Inbox
	mu   sync.Mutex
	logs map[string][]string // by room: numbers of lines, and gaps
	said map[string]time.Time
	late []time.Duration // of each line, since it was said
}

// startMember joins rooms on an edge of its own.
func startMember(t *testing.T, b *Bus, rooms ...string) *member {
	t.Helper()
	m := &member{logs: map[string][]string{}, said: map[string]time.Time{}}
	m.Inbox = exchange.NewInbox(exchange.InboxConfig{
		Feed: NewFeed(b), Partitions: b.config.Partitions, Deliver: m.deliver,
		Gap: func(room string, missed uint64) { m.note(room, fmt.Sprintf("gap %d", missed)) },
	})
	ctx, stop := context.WithCancel(context.Background())
	var all sync.WaitGroup
	all.Go(func() { _ = m.Run(ctx) })
	t.Cleanup(func() {
		stop()
		all.Wait()
	})
	ready := make(chan bool, len(rooms))
	for _, room := range rooms {
		m.Join(room, func() { ready <- true })
	}
	for range rooms {
		select {
		case <-ready:
		case <-time.After(patience):
			t.Fatal("a room is not ready")
		}
	}
	return m
}

func (m *member) deliver(room string, events []chat.Event) {
	for _, e := range events {
		switch e := e.(type) {
		case *chat.Message:
			m.note(room, e.Text)
		case *chat.Gap:
			m.note(room, fmt.Sprintf("gap %d", e.Missed))
		}
	}
}

func (m *member) note(room, what string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.logs[room] = append(m.logs[room], what)
	if said, ok := m.said[room+what]; ok {
		m.late = append(m.late, time.Since(said))
	}
}

func (m *member) log(room string) []string {
	m.mu.Lock()
	defer m.mu.Unlock()
	return slices.Clone(m.logs[room])
}

// account holds that a log has lines up to number said in order and once, and that gaps
// say how many are missing, or, where Redis has forgotten all, that nobody knows.
func account(t *testing.T, who, room string, log []string, said int, forgets bool) {
	t.Helper()
	last, missed, uncounted := 0, 0, false
	for _, entry := range log {
		if gap, ok := strings.CutPrefix(entry, "gap "); ok {
			n, _ := strconv.Atoi(gap)
			missed += n
			uncounted = uncounted || n == 0
			continue
		}
		n, _ := strconv.Atoi(entry)
		if n <= last || !uncounted && n != last+missed+1 {
			t.Fatalf("%s, room %q: line %d after line %d and a gap of %d: %.2000q", who, room, n, last, missed, log)
		}
		last, missed, uncounted = n, 0, false
	}
	if last != said || !forgets && slices.Contains(log, "gap 0") {
		t.Fatalf("%s, room %q: %d lines were said: %.2000q", who, room, said, log)
	}
}

func TestChatAtHomeGoesOnWhileRedisIsAway(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		away, back func(*redistest.Server)
		forgets    bool
	}{
		"stopped":   {(*redistest.Server).Stop, (*redistest.Server).Continue, false},
		"killed":    {(*redistest.Server).Kill, (*redistest.Server).Restart, true},
		"read only": {readOnly, writable, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			server := redistest.Start(t)
			homeBus := openBus(t, []*redistest.Server{server}, asUsual)
			rooms := []string{"ann", "bob", "cid"}
			here := startMember(t, homeBus, rooms...)
			there := startMember(t, openBus(t, []*redistest.Server{server}, asUsual), rooms...)
			s := startSender(t, homeBus, here)
			said := 0
			talk := func(d time.Duration) { // 100 lines a second in each room
				for end := time.Now().Add(d); time.Now().Before(end); time.Sleep(10 * time.Millisecond) {
					said++
					for _, room := range rooms {
						s.say(room, said)
					}
				}
			}
			talk(300 * time.Millisecond)
			c.away(server)
			talk(1500 * time.Millisecond)
			s.t.Logf("while Redis is away: %+v", s.Counts())
			c.back(server)
			talk(300 * time.Millisecond)
			s.settle()
			talk(100 * time.Millisecond)
			s.settle()
			for _, room := range rooms {
				awaitLast(t, here, room, said)
				awaitLast(t, there, room, said)
				account(t, "there", room, there.log(room), said, c.forgets)
				log := slices.DeleteFunc(here.log(room), func(entry string) bool { return c.forgets && entry == "gap 0" })
				account(t, "here", room, log, said, false)
				if len(log) != said {
					t.Errorf("home was told of gaps: %q", log)
				}
			}
			here.timely(t)
		})
	}
}

// timely holds that lines came home in 150 ms: nearly all, for machines that are busy, and
// all of them long before Redis was back.
func (m *member) timely(t *testing.T) {
	m.mu.Lock()
	defer m.mu.Unlock()
	slices.Sort(m.late)
	p90, most := m.late[len(m.late)*9/10], m.late[len(m.late)-1]
	t.Logf("%d lines came home, 90%% within %v, all within %v", len(m.late), p90, most)
	if p90 > 150*time.Millisecond || most > time.Second {
		t.Errorf("home came late: %v, %v", p90, most)
	}
}

func asUsual(c *Config) { c.SendTimeout, c.AnswerTimeout = 0, 0 }

func readOnly(s *redistest.Server) { s.Do("REPLICAOF", "127.0.0.1", "1") }
func writable(s *redistest.Server) { s.Do("REPLICAOF", "NO", "ONE") }

func awaitLast(t *testing.T, m *member, room string, last int) {
	t.Helper()
	for late := time.Now().Add(patience); ; time.Sleep(time.Millisecond) {
		log := m.log(room)
		if n := len(log); n > 0 && log[n-1] == strconv.Itoa(last) {
			return
		}
		if time.Now().After(late) {
			t.Fatalf("room %q: line %d does not come: %.2000q", room, last, log)
		}
	}
}

// sender is an exchange.Sender of a test.
type sender struct {
	*exchange.Sender
	t    *testing.T
	here *member
	all  sync.WaitGroup // publications that are not done
}

func startSender(t *testing.T, b *Bus, here *member) *sender {
	t.Helper()
	s := &sender{t: t, here: here}
	s.Sender = exchange.NewSender(exchange.SenderConfig{Bus: startPublisher(t, b), Home: here.Inbox, Publisher: 7, Partitions: b.config.Partitions})
	ctx, stop := context.WithCancel(context.Background())
	var all sync.WaitGroup
	all.Go(func() { _ = s.Run(ctx) })
	t.Cleanup(func() {
		stop()
		all.Wait()
	})
	return s
}

func (s *sender) say(room string, number int) {
	s.t.Helper()
	text := strconv.Itoa(number)
	s.here.mu.Lock()
	s.here.said[room+text] = time.Now()
	s.here.mu.Unlock()
	s.all.Add(1)
	err := s.Publish(room, []chat.Event{&chat.Message{Place: chat.Place{Room: room}, Text: text}}, func(err error) {
		if err != nil {
			s.t.Errorf("line %d in room %q: %v", number, room, err)
		}
		s.all.Done()
	})
	if err != nil {
		s.t.Fatal(err)
	}
}

// settle waits until all is published.
func (s *sender) settle() {
	s.t.Helper()
	for late := time.Now().Add(patience); s.Counts().Backlog > 0; time.Sleep(time.Millisecond) {
		if time.Now().After(late) {
			s.t.Fatalf("they are not published: %+v", s.Counts())
		}
	}
	s.all.Wait()
}
