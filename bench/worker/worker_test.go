package worker

import (
	"context"
	"fmt"
	"net"
	"os"
	"strings"
	"syscall"
	"testing"
	"time"

	"uproar/bench/load"
)

func TestMain(m *testing.M) {
	Run()
	os.Exit(m.Run())
}

// room is a server of frames without handshake: whoever connects is in.
type room struct {
	net.Listener
	conns chan net.Conn
}

func startRoom(t *testing.T) *room {
	t.Helper()
	l, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	r := &room{l, make(chan net.Conn, 100)}
	t.Cleanup(func() { l.Close() })
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			send(c, ":x 366 y #bench :End of /NAMES list")
			r.conns <- c
		}
	}()
	return r
}

func send(c net.Conn, line string) {
	c.Write(append([]byte{0x81, 126, 0, byte(len(line) + 2)}, line+"\r\n"...))
}

func startCrew(t *testing.T, rooms ...*room) *Crew {
	t.Helper()
	var addrs []string
	for _, r := range rooms {
		addrs = append(addrs, r.Addr().String())
	}
	storm := &load.Storm{Nicks: 3, Rate: 100, Burst: 10, Every: time.Second, For: 100 * time.Millisecond}
	w, err := Start(load.SwarmConfig{Wire: load.Frames, Storm: storm}, addrs)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(w.Close)
	return w
}

func TestCrewAddsUpWhatItsWorkersSaw(t *testing.T) {
	a, b := startRoom(t), startRoom(t)
	w := startCrew(t, a, b)
	if err := w.Grow(t.Context(), 5, 10*time.Second); err != nil {
		t.Fatal(err)
	}
	start := load.Now() - int64(time.Second)
	if err := w.StormFrom(start); err != nil {
		t.Fatal(err)
	}
	if err := w.Measure(start); err != nil {
		t.Fatal(err)
	}
	nick := (&load.Storm{Nicks: 3}).Names()[0]
	for _, r := range []*room{a, a, a, b, b} {
		c := <-r.conns
		defer c.Close()                                                                        // and not before, when it is garbage
		send(c, fmt.Sprintf(":%s!%s@%s.tmi.twitch.tv PRIVMSG #bench :down", nick, nick, nick)) // the first word of the first
	}
	for end := time.Now().Add(10 * time.Second); ; time.Sleep(time.Millisecond) {
		if n, _, err := w.Deliveries(); err != nil {
			t.Fatal(err)
		} else if n == 5 {
			break
		}
		if time.Now().After(end) {
			all, err := w.Tally()
			t.Fatalf("%+v, %v", all, err)
		}
	}
	all, err := w.Tally()
	if err != nil {
		t.Fatal(err)
	}
	if all.Ready != 5 || all.Measured != 5 || all.Latency.Count() != 5 || all.Latency.Quantile(0.5) < 900*time.Millisecond || all.Wrong != 0 {
		t.Errorf("five members and a line: %+v, p50 %v", all, all.Latency.Quantile(0.5))
	}
	if n, orders, err := w.Lost([]uint32{1, 1, 0}); n != 5 || orders != 1 || err != nil {
		t.Errorf("lost %d in %d orders, %v; want the second line of each, in one", n, orders, err)
	}
	if f, err := w.Fate(1, 1, []uint32{1, 1, 0}); !f.Ready || f.Lost != 1 || err != nil {
		t.Errorf("fate of the last: %+v, %v", f, err)
	}
	if cpu, err := CPU(w.Pids()); cpu <= 0 || err != nil {
		t.Errorf("the workers used %v, %v", cpu, err)
	}
	if m, err := Memory(w.Pids()); m.PSS <= 0 || m.PSS > m.RSS || err != nil {
		t.Errorf("the workers hold %+v, %v", m, err)
	}
}

func TestCrewTellsWhyAMemberIsRefused(t *testing.T) {
	r := startRoom(t)
	w := startCrew(t, r)
	r.Close()
	if err := w.Grow(t.Context(), 2, 10*time.Second); err == nil || !strings.Contains(err.Error(), "refused") {
		t.Errorf("want an error that says why, got %v", err)
	}
	if err := w.Grow(t.Context(), MembersMax+1, time.Second); err == nil || !strings.Contains(err.Error(), "at most") {
		t.Errorf("want an error that names the bound, got %v", err)
	}
}

func TestCancelEndsGrowingAndTheWorkers(t *testing.T) {
	l, err := net.Listen("tcp4", "127.0.0.1:0") // takes connections, says nothing
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	w := startCrew(t, &room{Listener: l})
	ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
	defer cancel()
	if err := w.Grow(ctx, 1, time.Minute); err != context.DeadlineExceeded {
		t.Errorf("want the deadline, got %v", err)
	}
	pids := w.Pids()
	w.Close()
	for _, pid := range pids {
		if p, err := os.FindProcess(pid); err == nil && p.Signal(syscall.Signal(0)) == nil {
			t.Errorf("worker %d is still there", pid)
		}
	}
}

func TestOrdersBeforeASwarmAreRefused(t *testing.T) {
	var out strings.Builder
	if err := Serve(strings.NewReader(`{"do":"tally"}`+"\n"+`{"do":"dance"}`+"\n"+`{"do":"open"}`), &out); err != nil {
		t.Fatal(err)
	}
	if n := strings.Count(out.String(), `"error":`); n != 3 {
		t.Errorf("want three errors:\n%s", out.String())
	}
}
