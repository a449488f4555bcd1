package chat

import (
	"context"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/VictoriaMetrics/metrics"

	"uproar/core/exchange/exchangetest"
	"uproar/core/presence"
	"uproar/edge/engine"
)

// board is a Presence of which a test says what others tell.
type board struct {
	hall    *hall
	rooms   map[string]presence.Others
	version uint64
	touched map[string]int
}

func (b *board) Touch(room string) { b.touched[room]++ }

func (b *board) Count(room string) int { return 10 * len(b.rooms[room].Names) }

func (b *board) Others(room string, known uint64) (presence.Others, bool) {
	o, ok := b.rooms[room]
	if !ok {
		o.Whole = true
	}
	return o, o.Version != known
}

// tell says who is in #room on other edges.
func (b *board) tell(o presence.Others) {
	b.version++
	o.Version = b.version
	slices.Sort(o.Names)
	b.rooms["room"] = o
	b.hall.hub.OthersChanged("room")
}

func (b *board) names(names ...string) { b.tell(presence.Others{Whole: true, Names: names}) }

func newSharedHall(t testing.TB) (*hall, *board) {
	b := &board{rooms: map[string]presence.Others{}, touched: map[string]int{}}
	b.hall = newHallWith(t, engine.Config{}, func(c *Config) { c.Presence = b })
	return b.hall, b
}

// listed is whom a client is sent when it sits down with the membership capability.
func (h *hall) listed(nick string) string {
	h.t.Helper()
	g := h.guest(WireTCP, withMembership+"NICK "+nick+"\r\nJOIN #room\r\n")
	var names []string
	for _, line := range strings.Split(string(g.read()), "\r\n") {
		if head, list, ok := strings.Cut(line, " = #room :"); ok && strings.Contains(head, " 353 ") {
			names = append(names, strings.Fields(list)...)
		}
	}
	h.loop.Turn(func() { g.conn.Abort(engine.ReasonQuit) })
	return strings.Join(names, " ")
}

// told is the JOINs and PARTs of others that a member was sent.
func (g *guest) told() string {
	var all []string
	for _, line := range strings.Split(string(g.read()), "\r\n") {
		if f := strings.Fields(line); len(f) == 3 {
			all = append(all, map[string]string{"JOIN": "+", "PART": "-"}[f[1]]+f[0][1:strings.Index(f[0], "!")])
		}
	}
	return strings.Join(all, " ")
}

func crowd(n int) (names []string) {
	for i := range n {
		names = append(names, fmt.Sprintf("far%04d", i))
	}
	return names
}

func TestNamesOnOtherEdgesAreListedOnce(t *testing.T) {
	h, b := newSharedHall(t)
	h.member(WireTCP, "", "ann")
	b.names("bob", "ann", "cid")
	if got := h.listed("justinfan1"); got != "ann bob cid justinfan1" {
		t.Errorf("listed %q", got)
	}
	b.names()
	if got := h.listed("justinfan1"); got != "ann justinfan1" {
		t.Errorf("listed %q", got)
	}
	b.names("justinfan1")
	if got := h.listed("justinfan1"); got != "ann justinfan1" {
		t.Errorf("who joins is listed by others too: %q", got)
	}
}

func TestMembersOfOtherEdgesComeAndGoOncePerWindow(t *testing.T) {
	h, b := newSharedHall(t)
	watcher := h.member(WireTCP, withMembership, "watcher")
	deaf := h.member(WireTCP, "", "deaf")
	h.publishNow()
	watcher.read()
	expect := func(what, want string) {
		t.Helper()
		h.publishNow()
		if got := watcher.told(); got != want {
			t.Errorf("%s: told %q, want %q", what, got, want)
		}
		if got := deaf.told(); got != "" {
			t.Errorf("%s: a member without the capability was told %q", what, got)
		}
	}
	b.names("bob", "cid")
	expect("they came there", "+bob +cid")
	b.names("bob", "dan")
	b.names("bob", "eve")
	expect("some are brief", "+eve -cid")
	bob := h.member(WireTCP, "", "bob")
	expect("he came here too", "")
	b.names("eve")
	expect("he left there", "")
	b.names("bob", "eve")
	bob.do("PART #room\r\n")
	expect("he moved", "")
	b.names("eve")
	expect("he left", "-bob")
	ann := h.member(WireTCP, "", "ann")
	b.names("ann", "eve")
	expect("she came to both", "+ann")
	ann.do("PART #room\r\n")
	b.names()
	expect("an edge died", "-ann -eve")
	expect("nothing", "")
}

func TestWhoHasTheListIsNotToldOfItAgain(t *testing.T) {
	h, b := newSharedHall(t)
	b.names("bob", "cid")
	first := h.guest(WireTCP, withMembership+"PASS oauth:x\r\nNICK first\r\nJOIN #room\r\n")
	if got := string(first.read()); !strings.Contains(got, " :bob cid\r\n") {
		t.Fatalf("read %q", got)
	}
	h.publishNow()
	if got := first.told(); got != "" {
		t.Errorf("the first who wanted to know was told %q", got)
	}
	late := h.member(WireTCP, "", "late")
	b.names("bob")
	late.do(withMembership)
	h.publishNow()
	if got := first.told(); got != "+late -cid" {
		t.Errorf("told %q", got)
	}
}

func TestCrowdOverEdgesIsNotListed(t *testing.T) {
	h, b := newSharedHall(t)
	watcher := h.member(WireTCP, withMembership, "watcher")
	names := func(n int) {
		b.names(crowd(n)...)
		h.publishNow()
	}
	names(namesMax - 1)
	if got := watcher.told(); strings.Count(got, "+") != namesMax-1 {
		t.Fatalf("told of %d", strings.Count(got, "+"))
	}
	h.member(WireTCP, "", "far0001") // one more seat, no name more
	if got := h.listed("justinfan1"); strings.Count(got, " ") != namesMax {
		t.Fatalf("%d names listed", strings.Count(got, " "))
	}
	h.publishNow()
	watcher.read()
	onemore := h.member(WireTCP, "", "onemore")
	if got := h.listed("justinfan1"); got != "justinfan1" {
		t.Fatalf("of a crowd %q is listed", got)
	}
	names(namesMax - 200)
	if got := watcher.told(); got != "" {
		t.Fatalf("of a crowd %q was told", got)
	}
	onemore.do("PART #room\r\n")
	names(namesResume - 10)
	if got := watcher.told(); got != "" {
		t.Fatalf("what was a crowd was told as %q", got)
	}
	if got := h.listed("justinfan1"); strings.Count(got, " ") != namesResume-10+1 {
		t.Fatalf("listed %q", got)
	}
	names(namesResume - 9)
	if got := watcher.told(); got != fmt.Sprintf("+far%04d", namesResume-10) {
		t.Fatalf("told %q", got)
	}
}

func TestCrowdIsListedAgainWhenThoseHereLeave(t *testing.T) {
	h, b := newSharedHall(t)
	watcher := h.member(WireTCP, withMembership, "watcher")
	b.names(crowd(10)...)
	h.publishNow()
	var guests []*guest
	for i := range namesMax {
		guests = append(guests, h.member(WireTCP, "", fmt.Sprintf("user%04d", i)))
	}
	h.publishNow()
	if got := h.listed("justinfan1"); got != "justinfan1" {
		t.Fatalf("of a crowd %q is listed", got)
	}
	for _, g := range guests[100:] {
		g.do("PART #room\r\n")
	}
	h.publishNow() // the window that they have begun
	watcher.read()
	guests[0].do("PART #room\r\n")
	h.publishNow()
	if got := watcher.told(); got != "-user0000" {
		t.Errorf("told %q", got)
	}
	if got := h.listed("justinfan1"); strings.Count(got, " ") != 1+99+10 {
		t.Errorf("listed %q", got)
	}
}

func TestRoomThatAnotherEdgeDoesNotListIsACrowd(t *testing.T) {
	h, b := newSharedHall(t)
	h.member(WireTCP, "", "ann")
	b.tell(presence.Others{})
	if got := h.listed("justinfan1"); got != "justinfan1" {
		t.Errorf("listed %q", got)
	}
	b.tell(presence.Others{Host: true})
	if got := h.listed("justinfan1"); got != "room justinfan1" {
		t.Errorf("with the broadcaster %q is listed", got)
	}
}

func TestOtherEdgesAreToldOfFirstSeatAndLast(t *testing.T) {
	h, b := newSharedHall(t)
	ann := h.member(WireTCP, "", "ann")
	bob := h.member(WireTCP, "", "bob")
	if b.touched["room"] != 1 {
		t.Errorf("touched %d times", b.touched["room"])
	}
	ann.do("PART #room\r\n")
	if b.touched["room"] != 1 {
		t.Errorf("touched %d times", b.touched["room"])
	}
	bob.do("PART #room\r\n")
	if b.touched["room"] != 2 {
		t.Errorf("touched %d times", b.touched["room"])
	}
}

func TestWhoIsHereIsReported(t *testing.T) {
	h, b := newSharedHall(t)
	h.member(WireTCP, "", "ann")
	h.member(WireTCP, "", "ann")
	h.member(WireTCP, "", "room")
	h.member(WireTCP, withMembership, "justinfan1")
	b.names("bob")
	for most, names := range map[int]string{2: "[ann room]", 1: "[]", -1: "[]"} {
		got := h.hub.Here("room", most, nil)
		slices.Sort(got.Names)
		if fmt.Sprint(got.Names) != names || got.Seats != 4 || got.Named != 2 || !got.Host {
			t.Errorf("at most %d: %+v", most, got)
		}
	}
	if got := h.hub.Here("empty", 10, nil); got.Seats != 0 || got.Named != 0 || got.Names != nil {
		t.Errorf("an empty room: %+v", got)
	}
	if n := h.hub.Viewers("room"); n != 4+10 {
		t.Errorf("%d viewers", n)
	}
}

// TestWatcherKnowsWhoIsThere has people come and go here and elsewhere at random, and
// holds what a member was told against who is there.
func TestWatcherKnowsWhoIsThere(t *testing.T) {
	h, b := newSharedHall(t)
	watcher := h.member(WireTCP, withMembership, "watcher")
	random := rand.New(rand.NewPCG(5, 6))
	name := func() string { return fmt.Sprintf("user%d", random.IntN(30)) }
	here, there := map[string]*guest{}, map[string]bool{}
	known := map[string]bool{"watcher": true}
	for step := range 3000 {
		who := name()
		switch random.IntN(8) {
		case 0, 1:
			if here[who] == nil {
				here[who] = h.member(WireTCP, "", who)
			}
		case 2, 3:
			if g := here[who]; g != nil {
				h.loop.Turn(func() { g.conn.Abort(engine.ReasonQuit) })
				delete(here, who)
			}
		case 4, 5:
			if there[who] = !there[who]; !there[who] {
				delete(there, who)
			}
			b.names(slices.Collect(maps.Keys(there))...)
		case 6:
			h.listed(fmt.Sprintf("justinfan%d", random.IntN(9)))
		case 7:
			h.publishNow()
			for _, move := range strings.Fields(watcher.told()) {
				if came := move[0] == '+'; known[move[1:]] == came {
					t.Fatalf("step %d: told %s, who was known so", step, move)
				} else if known[move[1:]] = came; !came {
					delete(known, move[1:])
				}
			}
			want := map[string]bool{"watcher": true}
			maps.Copy(want, there)
			for login := range here {
				want[login] = true
			}
			if !maps.Equal(known, want) {
				t.Fatalf("step %d: known are %v, there are %v", step, known, want)
			}
		}
		if err := loopOf(h.loop.Loop).check(); err != nil {
			t.Fatalf("step %d: %v", step, err)
		}
		sh, both := h.hub.index.stripe("room").mu.rooms["room"], 0
		for login := range sh.away.names {
			if sh.names[login] > 0 {
				both++
			}
		}
		if both != sh.away.both {
			t.Fatalf("step %d: %d are here and there, counted %d", step, both, sh.away.both)
		}
	}
}

// edgeOf is a Hub on a Board and a Feed of memory.
func edgeOf(t *testing.T, memory *exchangetest.Memory, id uint64) (h *hall, stop func()) {
	feed := memory.Feed()
	board := presence.NewBoard(presence.Config{Edge: id, Partitions: 1, Tell: feed.Tell, Metrics: metrics.NewSet()})
	h = newHallWith(t, engine.Config{}, func(c *Config) { c.EdgeID, c.Presence = id, board })
	board.Attach(h.hub)
	feed.Want(0, true)
	ctx, cancel := context.WithCancel(context.Background())
	telling, end := context.WithCancel(ctx)
	var feeding, told sync.WaitGroup
	feeding.Go(func() { _ = feed.Run(ctx, asides{board}) })
	told.Go(func() { _ = board.Run(telling) })
	stop = sync.OnceFunc(func() {
		end()
		told.Wait()
		cancel()
		feeding.Wait()
	})
	t.Cleanup(stop)
	return h, stop
}

// asides is a Sink of asides alone.
type asides struct{ *presence.Board }

func (a asides) Payload(partition int, payload []byte) { a.Hear(partition, payload[1:]) }
func (a asides) Subscribed(int)                        {}

func TestEdgesKnowEachOthersMembers(t *testing.T) {
	memory := exchangetest.NewMemory(1)
	one, _ := edgeOf(t, memory, 1)
	two, stop := edgeOf(t, memory, 2)
	watcher := one.member(WireTCP, withMembership, "watcher")
	two.member(WireTCP, "", "ann")
	two.guest(WireTCP, "NICK justinfan1\r\nJOIN #room\r\n")
	one.until("both count three", func() bool { return one.hub.Viewers("room") == 3 && two.hub.Viewers("room") == 3 })
	one.publishNow()
	if got := watcher.told(); got != "+ann" {
		t.Errorf("told %q", got)
	}
	if got := one.listed("justinfan2"); got != "ann watcher justinfan2" {
		t.Errorf("listed %q", got)
	}
	two.member(WireTCP, "", "bob")
	two.member(WireTCP, "", "watcher")
	one.until("the second report came", func() bool { return one.hub.Viewers("room") == 5 })
	one.publishNow()
	if got := watcher.told(); got != "+bob" {
		t.Errorf("told %q", got)
	}
	stop()
	one.until("the edge is gone", func() bool { return one.hub.Viewers("room") == 1 })
	one.publishNow()
	if got := watcher.told(); got != "-ann -bob" {
		t.Errorf("told %q", got)
	}
}
