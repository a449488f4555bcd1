package redisstore

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"sync"
	"testing"
	"time"

	"uproar/core/store"
	"uproar/core/store/redistest"
)

// fetchDeadline is clue's default for one Fetch.
const fetchDeadline = 100 * time.Millisecond

// readRooms reads many rooms, so that every server has some, and returns how long that
// took.
func readRooms(s *Store) (*store.Batch, time.Duration) {
	b := &store.Batch{}
	for i := range 60 {
		b.Reads = append(b.Reads, store.Read{Key: roomKey(fmt.Sprintf("room%d", i))})
		b.Draws = append(b.Draws, store.Draw{Room: fmt.Sprintf("room%d", i), Login: "bob"})
	}
	ctx, cancel := context.WithTimeout(context.Background(), fetchDeadline)
	defer cancel()
	began := time.Now()
	s.Fetch(ctx, b)
	return b, time.Since(began)
}

// failed lists the rooms without an answer, and holds that all of b's errors are of an
// unavailable store.
func failed(t *testing.T, b *store.Batch) (rooms []string) {
	t.Helper()
	for i := range b.Reads {
		r, d := &b.Reads[i], &b.Draws[i]
		if (r.Err == nil) != (r.Room != nil) || (r.Err == nil) != (d.Err == nil) {
			t.Fatalf("room %d: %+v, %+v", i, r, d)
		}
		if r.Err == nil {
			continue
		}
		rooms = append(rooms, r.Key.Room)
		if !errors.Is(r.Err, store.ErrUnavailable) || !errors.Is(d.Err, store.ErrUnavailable) {
			t.Fatalf("errors are %v and %v", r.Err, d.Err)
		}
	}
	return rooms
}

// roomsAt lists which rooms of readRooms live on a server.
func roomsAt(s *Store, addr string) (rooms []string) {
	for i := range 60 {
		if room := fmt.Sprintf("room%d", i); s.at(roomTag(room)).name == addr {
			rooms = append(rooms, room)
		}
	}
	return rooms
}

// share holds that what lives on a lost server fails in every Fetch, in time, and that
// the rest fails in few: this machine may be too busy for a deadline.
type share struct {
	lost          []string
	fetches, more int
}

func (f *share) fetch(t *testing.T, s *Store) {
	t.Helper()
	b, took := readRooms(s)
	inTime(t, took)
	rooms := failed(t, b)
	for _, room := range f.lost {
		if !slices.Contains(rooms, room) {
			t.Fatalf("%s is on a lost server and was fetched", room)
		}
	}
	f.fetches++
	if len(rooms) > len(f.lost) {
		f.more++
	}
}

func (f *share) end(t *testing.T) {
	t.Helper()
	if len(f.lost) == 0 || f.more > f.fetches/10 {
		t.Errorf("%d of %d fetches failed for more than the %d rooms of the lost server", f.more, f.fetches, len(f.lost))
	}
}

// recovers fails the test unless a Fetch without errors comes within a second.
func recovers(t *testing.T, s *Store) {
	t.Helper()
	began := time.Now()
	for {
		b, _ := readRooms(s)
		if len(failed(t, b)) == 0 {
			t.Logf("recovered after %v", time.Since(began))
			return
		}
		if time.Since(began) > time.Second {
			t.Fatalf("still failing after %v: %v", time.Since(began), firstError(b))
		}
		time.Sleep(5 * time.Millisecond)
	}
}

func firstError(b *store.Batch) error {
	for i := range b.Reads {
		if b.Reads[i].Err != nil {
			return b.Reads[i].Err
		}
	}
	return nil
}

// inTime fails the test when a Fetch has overrun its deadline.
func inTime(t *testing.T, took time.Duration) {
	t.Helper()
	if took > fetchDeadline+50*time.Millisecond {
		t.Fatalf("a fetch took %v, its deadline is %v", took, fetchDeadline)
	}
}

// A frozen server costs each Fetch its deadline, and only what lives there; others
// answer. It stays frozen for longer than connections are trusted.
func TestFrozenServerFailsItsOwnShare(t *testing.T) {
	onEach(t, func(t *testing.T, servers []*redistest.Server, s *Store) {
		recovers(t, s)
		f := share{lost: roomsAt(s, servers[0].Addr)}
		servers[0].Stop()
		defer servers[0].Continue()
		for began := time.Now(); time.Since(began) < 4*time.Second; {
			f.fetch(t, s)
			for _, one := range s.layout.Load().shards {
				if held := len(one.places); held > 60 {
					t.Fatalf("%d calls are under way at %s", held, one.name)
				}
			}
		}
		f.end(t)
		servers[0].Continue()
		recovers(t, s)
	})
}

// Those who need others do not wait for a frozen server again and again.
func TestFrozenServerIsWaitedForSeldom(t *testing.T) {
	servers := redistest.StartMany(t, 3)
	s := open(t, Config{Addrs: redistest.Addrs(servers)})
	recovers(t, s)
	servers[0].Stop()
	defer servers[0].Continue()
	for range openAfter {
		readRooms(s)
	}
	waited, began := 0, time.Now()
	for time.Since(began) < 3*time.Second/2 {
		if _, took := readRooms(s); took >= fetchDeadline {
			waited++
		}
	}
	if most := int(time.Since(began)/openPause) + 2; waited == 0 || waited > most {
		t.Errorf("%d fetches waited for the frozen server, want 1 to %d", waited, most)
	}
	servers[0].Continue()
	recovers(t, s)
}

func TestKilledServerFailsItsOwnShareAndComesBack(t *testing.T) {
	onEach(t, func(t *testing.T, servers []*redistest.Server, s *Store) {
		if s.Mode() == ModeCluster {
			t.Skip("a node that keeps nothing comes back outside its cluster")
		}
		heard := listen(t, s)
		f := share{lost: roomsAt(s, servers[0].Addr)}
		servers[0].Kill()
		for range 20 {
			f.fetch(t, s)
		}
		f.end(t)
		servers[0].Restart()
		recovers(t, s)
		for k := next(t, heard); k != (store.Key{}); k = next(t, heard) {
		}
	})
}

// Scripts and records are gone, subscriptions are not.
func TestFlushedServerLearnsItsScriptsAgain(t *testing.T) {
	onEach(t, func(t *testing.T, servers []*redistest.Server, s *Store) {
		heard := listen(t, s)
		yes := true
		change(t, s, roomKey("room"), store.Change{Created: &yes})
		for k := next(t, heard); k != roomKey("room"); k = next(t, heard) {
		}
		for _, server := range servers {
			server.Do("FLUSHALL")
			server.Do("SCRIPT", "FLUSH")
		}
		if read(t, s, roomKey("room")).Room.Created {
			t.Fatal("nothing was flushed")
		}
		one := store.Limit{Name: "lines", N: 1, Per: time.Minute}
		for _, want := range []bool{true, false} {
			if got := draw(t, s, nil, store.Draw{Room: "room", Login: "bob", Limits: []store.Limit{one}}).Left; got != want {
				t.Errorf("left is %v, want %v", got, want)
			}
		}
		change(t, s, roomKey("other"), store.Change{Created: &yes})
		for k := next(t, heard); k != roomKey("other"); k = next(t, heard) {
			if k != roomKey("room") {
				t.Fatalf("heard of %v", k)
			}
		}
		if !read(t, s, roomKey("other")).Room.Created {
			t.Error("the change was not made")
		}
	})
}

// A subscription that was lost is made again, and everything is stale then.
func TestWatchOutlivesItsConnection(t *testing.T) {
	onEach(t, func(t *testing.T, servers []*redistest.Server, s *Store) {
		heard := listen(t, s)
		for _, server := range servers {
			server.Do("CLIENT", "KILL", "TYPE", "pubsub")
		}
		for range servers {
			if k := next(t, heard); k != (store.Key{}) {
				t.Fatalf("heard of %v", k)
			}
		}
		yes := true
		change(t, s, roomKey("room"), store.Change{Created: &yes})
		if k := next(t, heard); k != roomKey("room") {
			t.Errorf("heard of %v", k)
		}
	})
}

// A replica answers reads, and takes no changes.
func TestReadOnlyServerIsUnavailableForChanges(t *testing.T) {
	server := redistest.Start(t)
	s := open(t, Config{Addrs: []string{server.Addr}})
	server.Do("REPLICAOF", "127.0.0.1", "1")
	b := store.Batch{
		Reads: []store.Read{{Key: roomKey("room")}},
		Draws: []store.Draw{{Room: "room", Login: "bob", Limits: []store.Limit{{Name: "lines", N: 1, Per: time.Minute}}}},
	}
	s.Fetch(within(t, time.Second), &b)
	if b.Reads[0].Err != nil {
		t.Errorf("a read failed: %v", b.Reads[0].Err)
	}
	if err := b.Draws[0].Err; !errors.Is(err, store.ErrUnavailable) {
		t.Errorf("the error of a draw is %v", err)
	}
	yes := true
	if err := s.Change(within(t, time.Second), roomKey("room"), store.Change{Created: &yes}); !errors.Is(err, store.ErrUnavailable) {
		t.Errorf("the error of a change is %v", err)
	}
	server.Do("REPLICAOF", "NO", "ONE")
	recovers(t, s)
}

func TestServerOutOfConnectionsIsUnavailableUntilItHasSome(t *testing.T) {
	server := redistest.Start(t)
	s := open(t, Config{Addrs: []string{server.Addr}, Mode: ModeSingle})
	server.Do("CONFIG", "SET", "maxclients", "1")
	other := open(t, Config{Addrs: []string{server.Addr}, Mode: ModeSingle})
	b, took := readRooms(other)
	inTime(t, took)
	if n := len(failed(t, b)); n != 60 {
		t.Errorf("%d of 60 rooms failed", n)
	}
	if b, _ := readRooms(s); len(failed(t, b)) != 0 {
		t.Errorf("the connection that there is fails: %v", firstError(b))
	}
	s.Close()
	recovers(t, other)
}

// A restart of ours does not wait for a server of theirs.
func TestStoreOpensWithoutOneOfItsServers(t *testing.T) {
	servers := redistest.StartMany(t, 3)
	servers[0].Kill()
	s := open(t, Config{Addrs: redistest.Addrs(servers)})
	if s.Mode() != ModeSharded {
		t.Fatalf("mode is %q", s.Mode())
	}
	f := share{lost: roomsAt(s, servers[0].Addr)}
	for range 20 {
		f.fetch(t, s)
	}
	f.end(t)
	servers[0].Restart()
	recovers(t, s)
}

func TestFullShardRefusesAtOnce(t *testing.T) {
	server := redistest.Start(t)
	s := open(t, Config{Addrs: []string{server.Addr}, CallsMax: 3})
	server.Stop()
	defer server.Continue()
	for range 3 {
		readRooms(s)
	}
	b, took := readRooms(s)
	if n := len(failed(t, b)); n != 60 || took > fetchDeadline/2 {
		t.Errorf("%d of 60 rooms failed after %v", n, took)
	}
	if got := s.layout.Load().shards[0].meters.refused.Get(); got == 0 {
		t.Error("no refusal is counted")
	}
}

// A server that is far away is near enough while a round trip fits into the deadline.
func TestDistantServerIsReached(t *testing.T) {
	proxy := redistest.StartProxy(t, redistest.Start(t), 35*time.Millisecond)
	s := open(t, Config{Addrs: []string{proxy.Addr}, Mode: ModeSingle})
	recovers(t, s)
	if _, took := readRooms(s); took < 70*time.Millisecond {
		t.Errorf("a fetch took %v through the proxy", took)
	}
}

// A connection that one caller began to make, and had no time for, serves the others.
func TestHastyCallerDoesNotFailOthers(t *testing.T) {
	server := redistest.Start(t)
	s := open(t, Config{Addrs: []string{redistest.StartProxy(t, server, 20*time.Millisecond).Addr}, Mode: ModeSingle})
	for range 5 {
		server.Do("CLIENT", "KILL", "TYPE", "normal")
		for open := s.config.Metrics.GetOrCreateGauge(`uproar_store_connections`, nil); open.Get() > 0; {
			time.Sleep(time.Millisecond)
		}
		var hasty sync.WaitGroup
		for range 4 {
			ctx := within(t, 5*time.Millisecond)
			hasty.Go(func() { s.Fetch(ctx, &store.Batch{Reads: []store.Read{{Key: roomKey("room")}}}) })
		}
		b := store.Batch{Reads: []store.Read{{Key: roomKey("room")}}}
		// The library learns a moment after us that its connection is closed.
		for again := true; again; again = errors.Is(b.Reads[0].Err, io.EOF) {
			s.Fetch(within(t, 2*time.Second), &b)
		}
		if err := b.Reads[0].Err; err != nil {
			t.Fatal(err)
		}
		hasty.Wait()
	}
}
