package redisstore

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/VictoriaMetrics/metrics"

	"uproar/core/chat"
	"uproar/core/store"
	"uproar/core/store/redistest"
)

// roomOn is a room that lives on a server.
func roomOn(t *testing.T, s *Store, addr string) string {
	t.Helper()
	rooms := roomsAt(s, addr)
	if len(rooms) == 0 {
		t.Fatalf("no room lives on %s", addr)
	}
	return rooms[0]
}

// grant makes a change that has only as long as clue gives it.
func grant(s *Store, room string) error {
	ctx, cancel := context.WithTimeout(context.Background(), fetchDeadline)
	defer cancel()
	return s.Change(ctx, memberKey(room, "bob"), store.Change{Grant: chat.VIP})
}

func openGauge(s *Store, room string) float64 { return s.at(roomTag(room)).meters.open.Get() }

// With traffic for the frozen server alone, its breaker opens and no other.
func TestBreakerIsOfOneServer(t *testing.T) {
	servers := redistest.StartMany(t, 2)
	s := open(t, Config{Addrs: redistest.Addrs(servers)})
	recovers(t, s)
	frozen, well := roomOn(t, s, servers[0].Addr), roomOn(t, s, servers[1].Addr)
	servers[0].Stop()
	defer servers[0].Continue()
	for i := range openAfter { // changes, lists and what is only told count as fetches do
		switch i {
		case 0:
			if err := grant(s, frozen); !errors.Is(err, store.ErrUnavailable) || errors.Is(err, store.ErrNotDone) {
				t.Fatalf("a change that may have been made: %v", err)
			}
		case 1:
			if _, err := s.Roster(within(t, fetchDeadline), frozen, chat.VIP); !errors.Is(err, store.ErrUnavailable) {
				t.Fatalf("a list: %v", err)
			}
		default:
			b := store.Batch{Spoken: []store.Spoken{{Room: frozen, Login: "bob"}}}
			s.Fetch(within(t, fetchDeadline), &b)
			if !errors.Is(b.Spoken[0].Err, store.ErrUnavailable) {
				t.Fatalf("what nobody was told has the error %v", b.Spoken[0].Err)
			}
		}
	}
	began := time.Now()
	err := grant(s, frozen)
	if took := time.Since(began); took < openPause && (!errors.Is(err, store.ErrOpen) || !errors.Is(err, store.ErrNotDone) || !errors.Is(err, store.ErrUnavailable)) {
		t.Errorf("after %d calls in vain: %v", openAfter, err)
	}
	if got := openGauge(s, frozen); got != 1 {
		t.Errorf("the breaker of the frozen server is open: %v", got)
	}
	if got := openGauge(s, well); got != 0 {
		t.Errorf("the breaker of the other server is open: %v", got)
	}
	if err := s.Change(within(t, time.Second), memberKey(well, "bob"), store.Change{Grant: chat.VIP}); err != nil {
		t.Errorf("the other server: %v", err)
	}
	servers[0].Continue()
	recovers(t, s)
	if got := openGauge(s, frozen); got != 0 {
		t.Errorf("the server is back and its breaker is open: %v", got)
	}
}

// A configured time that is shorter than hastyMax is no haste.
func TestBreakerOpensHoweverLittleTimeIsGiven(t *testing.T) {
	server := redistest.Start(t)
	s := open(t, Config{Addrs: []string{server.Addr}})
	server.Stop()
	defer server.Continue()
	try := func(d time.Duration) error {
		_, err := s.Roster(within(t, d), "room", chat.VIP)
		return err
	}
	for range openAfter {
		if err := try(20 * time.Millisecond); err == nil || errors.Is(err, store.ErrOpen) {
			t.Fatalf("got %v", err)
		}
	}
	if got := openGauge(s, "room"); got != 1 {
		t.Fatalf("after %d calls in vain the breaker is open: %v", openAfter, got)
	}
}

func TestHasteIsMeasuredByWhatOthersGive(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		lost := errors.New("no answer")
		b := newBreaker(metrics.NewSet().NewGauge("open", nil))
		wants := func(given, waited time.Duration, want error) {
			t.Helper()
			ctx, cancel := context.WithTimeout(t.Context(), given)
			defer cancel()
			if _, err := b.allow(ctx); err != nil {
				t.Fatal(err)
			}
			began := time.Now()
			time.Sleep(waited)
			if got := b.verdict(began, lost); got != want {
				t.Errorf("given %v, waited %v: %v", given, waited, got)
			}
		}
		wants(20*time.Millisecond, 20*time.Millisecond, lost)
		wants(5*time.Millisecond, 5*time.Millisecond, errHasty)
		wants(time.Second, hastyMax, lost)
		wants(20*time.Millisecond, 20*time.Millisecond, errHasty)
	})
}

// state is one call of Config.OnState.
type state struct {
	server string
	away   bool
	cause  error
}

func TestOutageIsToldOnceWithItsEnd(t *testing.T) {
	server := redistest.Start(t)
	told := make(chan state, 100)
	s := open(t, Config{Addrs: []string{server.Addr}, OnState: func(server string, away bool, cause error) {
		told <- state{server, away, cause}
	}})
	for _, outage := range []struct {
		what       string
		begin, end func()
	}{
		{"frozen", server.Stop, server.Continue},
		{"killed", server.Kill, server.Restart},
		{"read-only", func() { server.Do("REPLICAOF", "127.0.0.1", "1") }, func() { server.Do("REPLICAOF", "NO", "ONE") }},
	} {
		outage.begin()
		got := awaitState(t, s, told)
		if !got.away || got.server != server.Addr || got.cause == nil {
			t.Fatalf("%s: told %+v", outage.what, got)
		}
		t.Logf("%s: %v", outage.what, got.cause)
		outage.end()
		if got := awaitState(t, s, told); got.away || got.server != server.Addr {
			t.Fatalf("%s, and back: told %+v", outage.what, got)
		}
	}
	if len(told) > 0 {
		t.Errorf("told again: %+v", <-told)
	}
}

// awaitState makes changes until the store tells of its server.
func awaitState(t *testing.T, s *Store, told <-chan state) state {
	t.Helper()
	for began := time.Now(); time.Since(began) < 10*time.Second; {
		select {
		case got := <-told:
			return got
		case <-time.After(5 * time.Millisecond):
			_ = grant(s, "room")
		}
	}
	t.Fatal("nothing is told")
	return state{}
}

// What is refused before it began is told apart from what may have been done.
func TestRefusedChangeIsNotDone(t *testing.T) {
	server := redistest.Start(t)
	s := open(t, Config{Addrs: []string{server.Addr}})
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	if err := s.Change(ended, memberKey("room", "bob"), store.Change{Grant: chat.VIP}); !errors.Is(err, store.ErrNotDone) {
		t.Errorf("a caller without time: %v", err)
	}
	refuses := func(what string) {
		t.Helper()
		// The connection may be lost with the first call, which may then have been made.
		for began := time.Now(); ; {
			err := grant(s, "room")
			if errors.Is(err, store.ErrNotDone) && errors.Is(err, store.ErrUnavailable) && !errors.Is(err, store.ErrOpen) {
				return
			}
			if err == nil || time.Since(began) > 5*time.Second {
				t.Fatalf("%s: %v", what, err)
			}
		}
	}
	server.Do("REPLICAOF", "127.0.0.1", "1")
	refuses("read-only")
	server.Do("REPLICAOF", "NO", "ONE")
	server.Do("CONFIG", "SET", "maxmemory", "1")
	refuses("out of memory")
	server.Kill()
	refuses("killed")
}
