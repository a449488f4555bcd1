package faults

import (
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"uproar/core/store/redistest"
	"uproar/edge/edgetest"
)

// mainRoom is the room whose Redis fails. Where there are others, one other room lives on
// one that does not.
const mainRoom = "main"

// keyPrefix begins the keys of a world.
const keyPrefix = "up:test:"

// world is one server on Redis servers of its own.
type world struct {
	t       testing.TB
	redis   []*redistest.Server // the first one is that which fails, and holds mainRoom
	proxy   *redistest.Proxy    // before the first, or nil
	addr    string              // of the first, as the server knows it
	srv     *edgetest.Server
	machine *machine
	other   string // a room on another Redis, or ""

	broadcaster, banned *client
	bystanders          []*client // one on each loop

	strangers       int
	let, turnedAway int     // strangers' lines and entries in mainRoom
	elsewhere       []visit // lines of strangers in the other room
	quickest        time.Duration
}

// visit is a stranger's line, and whether the machine was to blame for a refusal.
type visit struct {
	*client
	said    asked
	excused bool
}

func newWorld(t testing.TB, f *fault) *world {
	t.Helper()
	w := &world{t: t, quickest: time.Hour}
	if f.cluster {
		w.redis = redistest.StartCluster(t, f.servers, f.options...)
	} else {
		w.redis = redistest.StartMany(t, max(1, f.servers), f.options...)
	}
	addrs := redistest.Addrs(w.redis)
	if f.proxied {
		w.proxy = redistest.StartProxy(t, w.redis[0], 0)
		addrs[0] = w.proxy.Addr
	}
	w.srv = edgetest.Start(t, "--redis="+strings.Join(addrs, ","), "--env=test", "--rate-limit=1000000/30s",
		"--rate-limit-mod=1000000/30s", "--duplicate-window=0s", "--flood-limit=0", "--join-limit=0", "--max-conns-per-ip=0")
	w.machine = control(t, w.srv.Pid, w.redis[0].PID(), os.Getpid())
	w.stand()
	w.broadcaster = dial(t, w.srv, mainRoom, nil)
	w.banned = dial(t, w.srv, "banned", nil)
	w.locate()
	w.addr = w.redis[0].Addr
	if w.proxy != nil {
		w.addr = w.proxy.Addr
	}
	w.command("/ban banned", "ban_success")
	return w
}

// stand puts a bystander on each loop.
func (w *world) stand() {
	w.t.Helper()
	const connections = "uproar_loop_connections"
	taken := map[string]bool{}
	before := samples(w.t, w.srv, connections)
	for i := 0; len(taken) < len(before); i++ {
		if i == 40*len(before) {
			w.t.Fatalf("%d connections reached loops %v of %d alone", i, taken, len(before))
		}
		c := dial(w.t, w.srv, fmt.Sprintf("bystander%d", i), nil)
		now := samples(w.t, w.srv, connections)
		for series := range now {
			if now[series] > before[series] && !taken[series] {
				taken[series] = true
				w.bystanders = append(w.bystanders, c)
			}
		}
		before = now
	}
}

// locate puts the Redis of mainRoom first, and finds a room on another one.
func (w *world) locate() {
	w.t.Helper()
	w.settle(mainRoom)
	if len(w.redis) == 1 {
		return
	}
	for i, s := range w.redis {
		if len(w.holds(s, "{r:"+mainRoom+"}*")) > 0 {
			w.redis[0], w.redis[i] = s, w.redis[0]
			break
		}
	}
	for i := range 40 {
		room := fmt.Sprintf("other%d", i)
		w.settle(room)
		if len(w.holds(w.redis[0], "{r:"+room+"}*")) == 0 {
			w.other = room
			return
		}
	}
	w.t.Fatal("no room lives on another Redis")
}

// settle makes a room have keys.
func (w *world) settle(room string) {
	w.t.Helper()
	if a := w.broadcaster.say(room, "hello"); !a.accepted() {
		w.t.Fatalf("the first line in %q: %v", room, a)
	}
	for began := time.Now(); time.Since(began) < 5*time.Second; time.Sleep(5 * time.Millisecond) {
		for _, s := range w.redis {
			if len(w.holds(s, "{r:"+room+"}*")) > 0 {
				return
			}
		}
	}
	w.t.Fatalf("no Redis has a key of room %q", room)
}

// holds lists the keys of a server that match a pattern behind the prefix.
func (w *world) holds(s *redistest.Server, pattern string) []string {
	return strings.Fields(s.CLI("KEYS", keyPrefix+pattern))
}

// command is given by the broadcaster, and answered in time with one of these ids.
func (w *world) command(text string, ids ...string) {
	w.t.Helper()
	a := w.broadcaster.say(mainRoom, text)
	w.inTime(text, a, commandDeadline)
	for _, id := range ids {
		if a.msgID == id {
			return
		}
	}
	w.t.Errorf("%s: %v; want %q", text, a, ids)
}

// refused holds that a line is, in time and with this id.
func (w *world) refused(c *client, id string) {
	w.t.Helper()
	a := c.say(mainRoom, "let me in")
	w.inTime("line of "+c.nick, a, lineDeadline)
	if a.msgID != id && !w.outOfTime(a) {
		w.t.Errorf("line of %q: %v; want %s", c.nick, a, id)
	}
}

// inTime holds that an answer came within a deadline.
func (w *world) inTime(what string, a asked, deadline time.Duration) {
	w.t.Helper()
	if !a.answered {
		w.t.Errorf("%s: no answer within %v", what, patience)
		return
	}
	w.judge("answer to "+what, a.sent, a.took, deadline)
}

// outOfTime reports whether a line was refused for its time was over, and the machine was
// to blame: a line may wait for the round trip of the batch before it, and for its own.
func (w *world) outOfTime(a asked) bool {
	return a.msgID == "msg_unavailable" && a.took > clueDeadline &&
		w.machine.late(a.sent, wholeWay) >= clueDeadline-2*storeTimeout-tripTakes
}

// missedStore reports whether a line was refused for the store did not answer, and the
// machine was to blame: it was late by what was left of storeTimeout with a store that is
// so far away, now or before, which made a breaker open.
func (w *world) missedStore(a asked, away time.Duration) bool {
	return a.msgID == "msg_unavailable" && w.machine.late(a.sent.Add(-breakerMemory), wholeWay) >= storeTimeout-away-tripTakes
}

// stranger is a client that nobody has heard of.
func (w *world) stranger() *client {
	w.t.Helper()
	w.strangers++
	return dial(w.t, w.srv, fmt.Sprintf("stranger%d", w.strangers), nil)
}
