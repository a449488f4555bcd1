package load

import (
	"context"
	"strings"
	"testing"
	"time"
)

const testText = 100

// startSwarm runs a swarm against f and has n members in the room.
func startSwarm(t *testing.T, f *fake, wire Wire, n int) *Swarm {
	t.Helper()
	c := SwarmConfig{Wire: wire, Addr: f.ws.Addr().String(), TextBytes: testText}
	if wire == TCP {
		c.Addr = f.tcp.Addr().String()
	}
	return swarmOf(t, c, n)
}

// swarmOf runs a swarm and has n members in the room.
func swarmOf(t *testing.T, c SwarmConfig, n int) *Swarm {
	t.Helper()
	s, err := NewSwarm(c)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	over := make(chan error, 1)
	go func() { over <- s.Run(ctx) }()
	t.Cleanup(func() {
		cancel()
		if err := <-over; err != nil {
			t.Error(err)
		}
		s.Close()
	})
	joinCtx, stop := context.WithTimeout(ctx, 10*time.Second)
	defer stop()
	if err := s.Grow(joinCtx, n); err != nil {
		t.Fatal(err)
	}
	return s
}

// publish sends count lines at rate and returns what was sent.
func publish(t *testing.T, f *fake, count int64, rate float64) []uint32 {
	t.Helper()
	p := connect(t, PublisherConfig{Addr: f.tcp.Addr().String(), Rate: rate, TextBytes: testText})
	ctx, stop := context.WithTimeout(context.Background(), 10*time.Second)
	defer stop()
	if err := p.Run(ctx, Now(), count); err != nil {
		t.Fatal(err)
	}
	return p.Sent()
}

// connect returns publishers that are connected.
func connect(t *testing.T, c PublisherConfig) *Publisher {
	t.Helper()
	p, err := NewPublisher(c)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(p.Close)
	ctx, stop := context.WithTimeout(context.Background(), 10*time.Second)
	defer stop()
	if err := p.Connect(ctx); err != nil {
		t.Fatal(err)
	}
	return p
}

// waitFor polls until the tally is as wanted, or fails after ten seconds.
func waitFor(t *testing.T, s *Swarm, what string, is func(Tally) bool) Tally {
	t.Helper()
	for end := time.Now().Add(10 * time.Second); ; time.Sleep(time.Millisecond) {
		tally := s.Tally()
		if is(tally) {
			return tally
		}
		if time.Now().After(end) {
			t.Fatalf("no %s: %+v", what, tally)
		}
	}
}

func TestEveryDeliveryIsCountedOnce(t *testing.T) {
	for name, wire := range map[string]Wire{"WebSocket": WebSocket, "TCP": TCP} {
		t.Run(name, func(t *testing.T) {
			f := startFake(t)
			s := startSwarm(t, f, wire, 20)
			sent := publish(t, f, 50, 1000)
			got := waitFor(t, s, "1000 deliveries", func(t Tally) bool { return t.Deliveries == 1000 })
			if got.Wrong+got.Reordered+got.Duplicated+got.Broken != 0 || s.Lost(sent) != 0 {
				t.Errorf("a clean run shows faults: lost %d, %+v", s.Lost(sent), got)
			}
			if p99 := got.Latency.Quantile(0.99); got.Latency.Count() != 1000 || p99 <= 0 || p99 > 5*time.Second {
				t.Errorf("%d latencies, p99 %v", got.Latency.Count(), p99)
			}
		})
	}
}

func TestLostDuplicatedAndReorderedLinesAreTold(t *testing.T) {
	f := startFake(t)
	s := startSwarm(t, f, WebSocket, 3)
	var held string
	n := 0
	f.mangle(func(lines []string) []string {
		n++
		switch n {
		case 2: // lost for ever
			return nil
		case 4: // sent twice
			return append(lines, lines[0])
		case 6: // held back until after the seventh
			held = lines[0]
			return nil
		case 7:
			return append(lines, held)
		case 9: // its last byte changed
			return []string{lines[0][:len(lines[0])-1] + "y"}
		}
		return lines
	})
	sent := publish(t, f, 10, 1000)
	got := waitFor(t, s, "last line", func(t Tally) bool { return t.Deliveries == 3*9 })
	if got.Duplicated != 3 || got.Reordered != 3 || got.Wrong != 3 {
		t.Errorf("want 3 duplicated, 3 reordered, 3 wrong: %+v", got)
	}
	if lost := s.Lost(sent); lost != 3*2 {
		t.Errorf("lost %d, want line 2 and line 9 of each of 3 members", lost)
	}
	if lost := s.Lost(sent, 1); lost != 2*2 {
		t.Errorf("lost %d without member 1, want 4", lost)
	}
}

func TestPingIsAnsweredAndFarewellsAreCounted(t *testing.T) {
	f := startFake(t)
	s := startSwarm(t, f, WebSocket, 4)
	f.each(func(m *fakeMember) {
		m.send("PING :tmi.twitch.tv")
		m.frame(opPing, "beat")
	})
	waitFor(t, s, "pings", func(t Tally) bool { return t.Pings == 8 })
	f.each(func(m *fakeMember) {
		m.send(":tmi.twitch.tv NOTICE #bench :7 lines of this room did not reach you because you read too slowly.", ":tmi.twitch.tv RECONNECT")
		m.frame(opClose, "\x03\xe9drain")
		m.conn.Close()
	})
	got := waitFor(t, s, "ends", func(t Tally) bool { return t.EOF+t.Broken == 4 })
	if got.Reconnects != 4 || got.CloseFrame != 4 || got.Notices != 4 || got.Told != 28 || got.LastEnd == 0 {
		t.Errorf("want 4 of each farewell: %+v", got)
	}
	fate := s.Fate(2, []uint32{0})
	if !fate.Ended || fate.Told != 7 || !fate.Reconnect || fate.LastWords != "close 1001 drain" {
		t.Errorf("fate of member 2 is %+v", fate)
	}
}

func TestPausedMemberMissesNothingAfterResume(t *testing.T) {
	f := startFake(t)
	s := startSwarm(t, f, WebSocket, 2)
	if err := s.Pause(0); err != nil {
		t.Fatal(err)
	}
	sent := publish(t, f, 20, 2000)
	got := waitFor(t, s, "the other's lines", func(t Tally) bool { return t.Deliveries >= 20 })
	if got.Deliveries != 20 || s.Fate(0, sent).Lost != 20 {
		t.Fatalf("a paused member read: %+v", got)
	}
	if err := s.Resume(0); err != nil {
		t.Fatal(err)
	}
	waitFor(t, s, "all lines", func(t Tally) bool { return t.Deliveries == 40 })
	if lost := s.Lost(sent); lost != 0 {
		t.Errorf("lost %d", lost)
	}
}

func TestMemberWhoseJoinIsRefusedAsksAgain(t *testing.T) {
	f := startFake(t)
	f.mu.Lock()
	f.mu.refusals = 7
	f.mu.Unlock()
	s := startSwarm(t, f, WebSocket, 4)
	if got := s.Tally(); got.Rejoined != 7 || got.Ready != 4 || got.Notices != 0 {
		t.Errorf("four members, seven refusals: %+v", got)
	}
}

func TestGrowTellsWhyAMemberIsRefused(t *testing.T) {
	l := listen(t)
	defer l.Close()
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			c.Write([]byte("HTTP/1.1 429 Too Many Requests\r\n\r\n"))
			c.Close()
		}
	}()
	s, err := NewSwarm(SwarmConfig{Addr: l.Addr().String(), TextBytes: testText})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	over := make(chan error, 1)
	go func() { over <- s.Run(ctx) }()
	if err := s.Grow(ctx, 3); err == nil || !strings.Contains(err.Error(), "429") {
		t.Errorf("want an error that shows the answer, got %v", err)
	}
	cancel()
	<-over
	s.Close()
}
