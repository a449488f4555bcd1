package faults

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"uproar/core/store/redistest"
	"uproar/edge/edgetest"
)

// main is the room whose Redis fails. Where there are others, one other room lives on
// one that does not.
const mainRoom = "main"

// world is one server on Redis servers of its own.
type world struct {
	t     testing.TB
	redis []*redistest.Server // the first one is that which fails, and holds mainRoom
	proxy *redistest.Proxy    // before the first, or nil
	srv   *edgetest.Server
	other string // a room on another Redis, or ""

	broadcaster, banned, bystander *client
	strangers, turnedAway          int // made so far; answers to them that were msg_unavailable
}

func newWorld(t testing.TB, f *fault) *world {
	t.Helper()
	w := &world{t: t, redis: redistest.StartMany(t, max(1, f.servers), f.options...)}
	addrs := redistest.Addrs(w.redis)
	if f.proxied {
		w.proxy = redistest.StartProxy(t, w.redis[0], 0)
		addrs[0] = w.proxy.Addr
	}
	w.srv = edgetest.Start(t, "--redis="+strings.Join(addrs, ","), "--env=test", "--rate-limit=1000000/30s",
		"--rate-limit-mod=1000000/30s", "--duplicate-window=0s", "--flood-limit=0", "--join-limit=0", "--max-conns-per-ip=0")
	w.bystander = dial(t, w.srv, "bystander", nil)
	w.broadcaster = dial(t, w.srv, mainRoom, nil)
	w.banned = dial(t, w.srv, "banned", nil)
	w.locate()
	w.command("/ban banned", "ban_success")
	return w
}

// locate puts the Redis of mainRoom first, and finds a room on another one.
func (w *world) locate() {
	w.t.Helper()
	w.settle(mainRoom)
	if len(w.redis) == 1 {
		return
	}
	for i, s := range w.redis {
		if w.holds(s, mainRoom) {
			w.redis[0], w.redis[i] = s, w.redis[0]
			break
		}
	}
	for i := range 40 {
		room := fmt.Sprintf("other%d", i)
		w.settle(room)
		if !w.holds(w.redis[0], room) {
			w.other = room
			return
		}
	}
	w.t.Fatal("no room lives on another Redis")
}

// settle makes a room have keys.
func (w *world) settle(room string) {
	w.t.Helper()
	if a, _, ok := w.broadcaster.say(room, "hello"); !ok || !a.accepted() {
		w.t.Fatalf("the first line in %q: %v", room, a)
	}
	for began := time.Now(); time.Since(began) < 5*time.Second; time.Sleep(5 * time.Millisecond) {
		for _, s := range w.redis {
			if w.holds(s, room) {
				return
			}
		}
	}
	w.t.Fatalf("no Redis has a key of room %q", room)
}

func (w *world) holds(s *redistest.Server, room string) bool {
	return strings.Contains(s.CLI("KEYS", "up:test:{r:"+room+"}:*"), room)
}

// command is given by the broadcaster, and answered with one of these ids.
func (w *world) command(text string, ids ...string) {
	w.t.Helper()
	a, took, ok := w.broadcaster.say(mainRoom, text)
	for _, id := range ids {
		if ok && a.msgID == id {
			return
		}
	}
	w.t.Errorf("%s: %v after %v, answered %v; want %q", text, a, took, ok, ids)
}

// refused holds that a line is, with this id.
func (w *world) refused(c *client, id string) {
	w.t.Helper()
	if a, took, ok := c.say(mainRoom, "let me in"); !ok || a.msgID != id {
		w.t.Errorf("a line of %q: %v after %v, answered %v; want %s", c.nick, a, took, ok, id)
	}
}

// stranger is a client that nobody has heard of.
func (w *world) stranger() *client {
	w.t.Helper()
	w.strangers++
	return dial(w.t, w.srv, fmt.Sprintf("stranger%d", w.strangers), nil)
}
