package redisstore

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/VictoriaMetrics/metrics"

	"uproar/core/chat"
	"uproar/core/store"
	"uproar/core/store/redistest"
)

// topology is one way to run the servers.
type topology struct {
	name  string
	mode  Mode
	start func(t testing.TB) []*redistest.Server
}

var topologies = []topology{
	{"single", ModeSingle, func(t testing.TB) []*redistest.Server { return redistest.StartMany(t, 1) }},
	{"sharded", ModeSharded, func(t testing.TB) []*redistest.Server { return redistest.StartMany(t, 3) }},
	{"cluster", ModeCluster, func(t testing.TB) []*redistest.Server { return redistest.StartCluster(t, 3) }},
}

// onEach runs the test on every topology, in a fresh environment.
func onEach(t *testing.T, test func(t *testing.T, servers []*redistest.Server, s *Store)) {
	for _, top := range topologies {
		t.Run(top.name, func(t *testing.T) {
			servers := top.start(t)
			s := open(t, Config{Addrs: redistest.Addrs(servers)})
			if s.Mode() != top.mode {
				t.Fatalf("mode auto found %q", s.Mode())
			}
			test(t, servers, s)
		})
	}
}

func open(t testing.TB, c Config) *Store {
	t.Helper()
	s, err := Open(t.Context(), c)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Close)
	return s
}

// within is a context for one call.
func within(t testing.TB, d time.Duration) context.Context {
	ctx, cancel := context.WithTimeout(context.Background(), d)
	t.Cleanup(cancel)
	return ctx
}

func change(t *testing.T, s *Store, k store.Key, c store.Change) {
	t.Helper()
	if err := s.Change(within(t, 2*time.Second), k, c); err != nil {
		t.Fatal(err)
	}
}

func read(t *testing.T, s *Store, k store.Key) store.Read {
	t.Helper()
	b := store.Batch{Reads: []store.Read{{Key: k}}}
	s.Fetch(within(t, 2*time.Second), &b)
	if err := b.Reads[0].Err; err != nil {
		t.Fatal(err)
	}
	return b.Reads[0]
}

func draw(t *testing.T, s *Store, spoken []store.Spoken, d store.Draw) store.Draw {
	t.Helper()
	b := store.Batch{Spoken: spoken, Draws: []store.Draw{d}}
	s.Fetch(within(t, 2*time.Second), &b)
	if err := b.Draws[0].Err; err != nil {
		t.Fatal(err)
	}
	return b.Draws[0]
}

func roomKey(room string) store.Key { return store.Key{Kind: store.KindRoom, Room: room} }
func memberKey(room, login string) store.Key {
	return store.Key{Kind: store.KindMember, Room: room, Login: login}
}

func TestServersWithoutAMatchingModeAreRefused(t *testing.T) {
	s := redistest.Start(t)
	if _, err := Open(t.Context(), Config{Addrs: []string{s.Addr}, Mode: ModeCluster}); err == nil {
		t.Error("a plain server passed for a cluster")
	}
	for _, c := range []Config{
		{},
		{Addrs: []string{"nowhere"}},
		{Addrs: []string{s.Addr, s.Addr}},
		{Addrs: []string{s.Addr}, Mode: "other"},
		{Addrs: []string{s.Addr}, Env: "a:b"},
		{Addrs: []string{s.Addr, "127.0.0.1:1"}, Mode: ModeSingle},
	} {
		if _, err := Open(t.Context(), c); err == nil {
			t.Errorf("%+v passed", c)
		}
	}
}

// One batch with something of everything is one round trip per server, however large.
func TestBatchIsOneRoundTripPerServer(t *testing.T) {
	onEach(t, func(t *testing.T, servers []*redistest.Server, s *Store) {
		batch := func() store.Batch {
			var b store.Batch
			for i := range 1000 {
				room, login := fmt.Sprintf("room%d", i%10), fmt.Sprintf("user%d", i)
				b.Reads = append(b.Reads, store.Read{Key: memberKey(room, login)})
				b.Draws = append(b.Draws, store.Draw{Room: room, Login: login, Limits: []store.Limit{{Name: "lines", N: 5, Per: time.Minute}}, Text: 1, Unique: true})
				b.Spoken = append(b.Spoken, store.Spoken{Room: room, Login: login, Text: 2, Unique: true, Mark: true})
			}
			return b
		}
		b := batch()
		s.Fetch(within(t, 5*time.Second), &b) // the servers learn the scripts
		for i := range b.Reads {
			if err := errors.Join(b.Reads[i].Err, b.Draws[i].Err); err != nil {
				t.Fatal(err)
			}
		}
		before := roundTrips(s)
		b = batch()
		s.Fetch(within(t, 5*time.Second), &b)
		if got := roundTrips(s) - before; got != uint64(len(servers)) {
			t.Errorf("%d round trips for %d servers", got, len(servers))
			for _, one := range s.layout.Load().shards {
				t.Logf("%s: %d round trips, %d errors", one.name, one.meters.roundTrips.Get(), one.meters.failed.Get())
			}
		}
		for i := range b.Reads {
			if b.Reads[i].Err != nil || b.Reads[i].Member.First.IsZero() {
				t.Fatalf("read %d: %+v", i, b.Reads[i])
			}
			if d := b.Draws[i]; d.Err != nil || !d.Left || d.Same || d.Since < 0 || d.Seen {
				t.Fatalf("draw %d: %+v", i, d)
			}
		}
	})
}

func roundTrips(s *Store) (n uint64) {
	for _, one := range s.layout.Load().shards {
		n += one.meters.roundTrips.Get()
	}
	return n
}

// A line that its sender waited for, and that another batch carried late, counts from
// when it was said.
func TestLineCountsFromWhenItWasSaid(t *testing.T) {
	s := open(t, Config{Addrs: redistest.Addrs(redistest.StartMany(t, 1))})
	said := store.Spoken{Room: "room", Login: "bob", Text: 7, Ago: 90 * time.Second}
	d := draw(t, s, []store.Spoken{said}, store.Draw{Room: "room", Login: "bob", Text: 7})
	if d.Since < 90*time.Second || d.Since > 100*time.Second || !d.Same {
		t.Errorf("got %+v, want a line of 90 s ago", d)
	}
	said.Ago = store.SpokenFor
	d = draw(t, s, []store.Spoken{{Room: "room", Login: "eve", Text: 7, Ago: said.Ago}}, store.Draw{Room: "room", Login: "eve", Text: 7})
	if d.Since >= 0 || d.Same {
		t.Errorf("got %+v, want nothing of a line that old", d)
	}
}

func TestLimitsAreAllOrNothing(t *testing.T) {
	onEach(t, func(t *testing.T, servers []*redistest.Server, s *Store) {
		two := store.Limit{Name: "two", N: 2, Per: time.Minute}
		three := store.Limit{Name: "three", N: 3, Per: time.Minute}
		ask := func(limits ...store.Limit) bool {
			return draw(t, s, nil, store.Draw{Room: "room", Login: "bob", Limits: limits}).Left
		}
		got := []bool{ask(two, three), ask(two, three), ask(two, three), ask(three), ask(three), ask(two)}
		if want := []bool{true, true, false, true, false, false}; !slices.Equal(got, want) {
			t.Errorf("got %v, want %v", got, want)
		}
	})
}

// Everything that comes and goes has an expiry.
func TestVolatileKeysExpire(t *testing.T) {
	servers := redistest.StartMany(t, 1)
	s := open(t, Config{Addrs: redistest.Addrs(servers), Env: "test"})
	draw(t, s, []store.Spoken{{Room: "room", Login: "bob", Text: 7, Unique: true}},
		store.Draw{Room: "room", Login: "bob", Text: 7, Unique: true, Limits: []store.Limit{{Name: "lines", N: 2, Per: time.Minute}}})
	listed := strings.Fields(servers[0].CLI("KEYS", "*"))
	slices.Sort(listed)
	if want := []string{"up:test:{r:room}:last:bob", "up:test:{r:room}:said:7", "up:test:{u:bob}:rate:lines"}; !slices.Equal(listed, want) {
		t.Fatalf("keys are %q, want %q", listed, want)
	}
	for _, key := range listed {
		if ttl := servers[0].Do("TTL", key); strings.HasPrefix(ttl, ":-") {
			t.Errorf("%s has no expiry: TTL answered %s", key, ttl)
		}
	}
}

func TestEnvironmentsAreApart(t *testing.T) {
	addrs := redistest.Addrs(redistest.StartMany(t, 1))
	prod, test := open(t, Config{Addrs: addrs}), open(t, Config{Addrs: addrs, Env: "test"})
	heard := listen(t, test)
	yes := true
	change(t, prod, roomKey("room"), store.Change{Created: &yes})
	if read(t, test, roomKey("room")).Room.Created {
		t.Error("a room of prod exists in test")
	}
	change(t, test, roomKey("other"), store.Change{Created: &yes})
	if k := next(t, heard); k != roomKey("other") {
		t.Errorf("test heard of %v", k)
	}
}

// listen watches s, and returns when all servers are subscribed. The channel holds what
// came since.
func listen(t *testing.T, s *Store) <-chan store.Key {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	heard := make(chan store.Key, 1000)
	var wait sync.WaitGroup
	wait.Go(func() {
		if err := s.Watch(ctx, func(k store.Key) { heard <- k }); err != nil {
			t.Error(err)
		}
	})
	t.Cleanup(func() { cancel(); wait.Wait() })
	servers := len(s.layout.Load().shards)
	if s.Mode() == ModeCluster {
		servers-- // the whole
	}
	for range servers {
		if k := next(t, heard); k != (store.Key{}) {
			t.Fatalf("the first key is %v", k)
		}
	}
	return heard
}

func next(t *testing.T, heard <-chan store.Key) store.Key {
	t.Helper()
	select {
	case k := <-heard:
		return k
	case <-time.After(5 * time.Second):
		t.Fatal("nothing heard")
		return store.Key{}
	}
}

// Two processes share the servers: what one changes, the other hears within 100 ms, and
// reads.
func TestChangeIsHeardByOtherProcesses(t *testing.T) {
	onEach(t, func(t *testing.T, servers []*redistest.Server, s *Store) {
		other := open(t, Config{Addrs: redistest.Addrs(servers)})
		heard := listen(t, other)
		made := map[store.Key]bool{}
		for i := range 20 {
			k := memberKey(fmt.Sprintf("room%d", i), "bob")
			began := time.Now()
			change(t, s, k, store.Change{Ban: &store.Ban{Reason: "spam"}})
			for got := next(t, heard); got != k; got = next(t, heard) {
				if !made[got] { // a cluster tells once for each node
					t.Fatalf("heard of %v, want %v", got, k)
				}
			}
			made[k] = true
			if took := time.Since(began); took > 100*time.Millisecond {
				t.Errorf("heard of %v after %v", k, took)
			}
			if m := read(t, other, k).Member; !m.Banned || m.BannedFor != "spam" {
				t.Errorf("the other process reads %+v", m)
			}
		}
	})
}

func TestRosterFollowsRoles(t *testing.T) {
	onEach(t, func(t *testing.T, servers []*redistest.Server, s *Store) {
		for _, login := range []string{"carol", "alice", "bob"} {
			change(t, s, memberKey("room", login), store.Change{Grant: chat.Moderator})
		}
		change(t, s, memberKey("room", "bob"), store.Change{Grant: chat.VIP})
		change(t, s, memberKey("room", "alice"), store.Change{Revoke: chat.Moderator})
		change(t, s, memberKey("room", "alice"), store.Change{Grant: chat.VIP})
		for _, c := range []struct {
			roles chat.Roles
			want  []string
		}{
			{chat.Moderator, []string{"bob", "carol"}},
			{chat.VIP, []string{"alice", "bob"}},
			{chat.VIP | chat.Moderator, []string{"bob"}},
			{chat.Subscriber, nil},
			{chat.Broadcaster, nil},
			{0, nil},
		} {
			got, err := s.Roster(within(t, time.Second), "room", c.roles)
			if err != nil || !slices.Equal(got, c.want) {
				t.Errorf("roles %v: %q, %v; want %q", c.roles, got, err, c.want)
			}
		}
	})
}

func TestRecordsComeBackAsSet(t *testing.T) {
	s := open(t, Config{Addrs: redistest.Addrs(redistest.StartMany(t, 1))})
	yes, color, terms := true, "#FF0000", []string{"*bad*", "a \"b\"\nc"}
	until := time.UnixMilli(time.Now().Add(time.Hour).UnixMilli()).UTC()
	change(t, s, roomKey("room"), store.Change{Suspended: &yes, NoLinks: &yes, HoldTerms: &yes, Terms: &terms,
		Mode: &store.ModeValue{Mode: chat.ModeFollowers, Modes: chat.Modes{FollowersOnly: true, FollowersFor: time.Minute, Unique: true}}})
	change(t, s, roomKey("room"), store.Change{Mode: &store.ModeValue{Mode: chat.ModeSlow, Modes: chat.Modes{Slow: 30 * time.Second}}})
	r := read(t, s, roomKey("room")).Room
	if want := (chat.Modes{Slow: 30 * time.Second, FollowersOnly: true, FollowersFor: time.Minute}); r.Modes != want ||
		!r.Suspended || !r.NoLinks || !r.HoldTerms || r.Created || !slices.Equal(r.Terms, terms) {
		t.Errorf("room is %+v", r)
	}
	change(t, s, memberKey("room", "bob"), store.Change{Ban: &store.Ban{Until: until, Reason: "why"}, Follows: &until})
	if m := read(t, s, memberKey("room", "bob")).Member; !m.Banned || !m.Until.Equal(until) || m.BannedFor != "why" || !m.Follows.Equal(until) {
		t.Errorf("member is %+v", m)
	}
	change(t, s, memberKey("room", "bob"), store.Change{Unban: true, Follows: &time.Time{}})
	if m := *read(t, s, memberKey("room", "bob")).Member; m != (store.Member{}) {
		t.Errorf("member is %+v after the unban", m)
	}
	account := store.Key{Kind: store.KindAccount, Login: "bob"}
	change(t, s, account, store.Change{Color: &color, Verified: &yes})
	if a := *read(t, s, account).Account; a != (store.Account{Color: color, Verified: true}) {
		t.Errorf("account is %+v", a)
	}
}

func TestConnectionsAreFewNamedAndCounted(t *testing.T) {
	onEach(t, func(t *testing.T, servers []*redistest.Server, _ *Store) {
		set := metrics.NewSet()
		s := open(t, Config{Addrs: redistest.Addrs(servers), Env: "test", Role: "clue", Metrics: set})
		listen(t, s)
		b := store.Batch{}
		for i := range 100 {
			b.Reads = append(b.Reads, store.Read{Key: roomKey(fmt.Sprintf("room%d", i))})
		}
		s.Fetch(within(t, time.Second), &b)
		named := 0
		for _, server := range servers {
			for line := range strings.Lines(server.CLI("CLIENT", "LIST")) {
				if strings.Contains(line, " name=uproar-clue-") && strings.Contains(line, "-test ") {
					named++
				}
			}
		}
		if counted := int(set.GetOrCreateGauge(`uproar_store_connections`, nil).Get()); named != counted || named != 2*len(servers) {
			t.Errorf("%d connections have our name, %d are counted, want %d", named, counted, 2*len(servers))
		}
	})
}

func TestErrorOfCloseIsUnavailable(t *testing.T) {
	s, err := Open(t.Context(), Config{Addrs: redistest.Addrs(redistest.StartMany(t, 1))})
	if err != nil {
		t.Fatal(err)
	}
	s.Close()
	if err := s.Change(within(t, time.Second), roomKey("room"), store.Change{}); !errors.Is(err, store.ErrUnavailable) {
		t.Errorf("after Close: %v", err)
	}
}
