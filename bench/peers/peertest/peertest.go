// Package peertest is what must hold for every peer that is a program of the system.
package peertest

import (
	"context"
	"errors"
	"net"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"uproar/bench/load"
	"uproar/bench/target"
)

// start runs a daemon in a folder.
type start func(ctx context.Context, site target.DaemonSite) (*target.Server, error)

// NeedInstalled skips the test when p is not installed.
func NeedInstalled(t *testing.T, p target.Peer) {
	t.Helper()
	version, err := p.Version(t.Context())
	if err != nil {
		t.Skipf("%s is not installed (%v); to have it: %s", p.Name, err, p.Install)
	}
	if !strings.ContainsAny(version, "0123456789") {
		t.Errorf("version %q", version)
	}
}

// DeliversEveryLine has 50 members in the room, and 100 lines by two publishers within a
// second; then it stops the server. A broker that loses lines while the machine has other
// work is given three tries: set up wrongly, it would fail each.
func DeliversEveryLine(t *testing.T, p target.Peer) {
	NeedInstalled(t, p)
	for range 3 {
		lost := deliver(t, p)
		if lost == 0 {
			return
		}
		t.Logf("it lost %d of 5,000 lines", lost)
	}
	t.Error("lines were lost in each of three tries")
}

// deliver is one try, and returns how many lines were lost.
func deliver(t *testing.T, p target.Peer) (lost int64) {
	t.Helper()
	server, err := p.Start(t.Context(), t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	defer server.Kill()
	swarm := gather(t, server, 50)
	publisher, err := load.NewPublisher(load.PublisherConfig{Addr: server.Publishers, Wire: server.Wire, Raw: server.Raw,
		Upgrade: server.Upgrade, Nicks: []string{"bench1", "bench2"}, Rate: 100, TextBytes: 100})
	if err != nil {
		t.Fatal(err)
	}
	defer publisher.Close()
	if err := publisher.Connect(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := publisher.Run(t.Context(), load.Now(), 100); err != nil {
		t.Fatal(err)
	}
	for end := time.Now().Add(10 * time.Second); swarm.Deliveries() < 5000 && time.Now().Before(end); {
		time.Sleep(time.Millisecond)
	}
	got := swarm.Tally()
	lost = swarm.Lost(publisher.Sent())
	if got.Wrong+got.Reordered+got.Duplicated+got.Broken != 0 || got.Deliveries+lost != 5000 {
		t.Errorf("lost %d, %+v; it said:\n%s", lost, got, server.Output())
	}
	if n, first := publisher.Notices(); n != 0 {
		t.Errorf("%d complaints, the first %q", n, first)
	}
	pids, err := server.Pids()
	if err != nil {
		t.Fatal(err)
	}
	began := time.Now()
	server.Stop(5 * time.Second)
	if took := time.Since(began); took > 4*time.Second {
		t.Errorf("it took %v to stop", took)
	}
	for _, pid := range pids {
		if err := unix.Kill(pid, 0); !errors.Is(err, unix.ESRCH) {
			t.Errorf("process %d is still there: %v", pid, err)
		}
	}
	return lost
}

// gather has n members in the room, until the test ends.
func gather(t *testing.T, server *target.Server, n int) *load.Swarm {
	t.Helper()
	swarm, err := load.NewSwarm(load.SwarmConfig{Wire: server.Wire, Hello: server.Hello, Addr: server.Members, Prefix: server.Prefix,
		Window: server.Window, Publishers: 2, TextBytes: 100})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	over := make(chan error, 1)
	go func() { over <- swarm.Run(ctx) }()
	t.Cleanup(func() {
		cancel()
		if err := <-over; err != nil {
			t.Error(err)
		}
		swarm.Close()
	})
	joining, done := context.WithTimeout(ctx, 20*time.Second)
	defer done()
	if err := swarm.Grow(joining, n); err != nil {
		t.Fatalf("%v; the server said:\n%s", err, server.Output())
	}
	return swarm
}

// TellsWhyItCannotStart has the daemon start at a port that is taken; words are some of
// what it says then.
func TellsWhyItCannotStart(t *testing.T, p target.Peer, run start, words string) {
	NeedInstalled(t, p)
	l, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	host, port, err := net.SplitHostPort(l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	server, err := run(t.Context(), target.DaemonSite{Host: host, Port: port, Dir: t.TempDir()})
	if err == nil {
		server.Kill()
		t.Fatal("it runs on a port that is taken")
	}
	if !strings.Contains(err.Error(), words) {
		t.Errorf("want an error with %q, got: %v", words, err)
	}
}
