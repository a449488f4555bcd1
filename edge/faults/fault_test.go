package faults

import (
	"fmt"
	"os"
	"strconv"
	"testing"
	"time"
)

// How long things last.
const (
	faultLasts    = 3 * time.Second
	frozenLasts   = 5 * time.Second // longer than connections are trusted
	calm          = 300 * time.Millisecond
	recoveryMax   = time.Second
	strangerEvery = 150 * time.Millisecond
	pokeEvery     = 50 * time.Millisecond
	elsewhereMin  = 4
	lastsVariable = "UPROAR_FAULT_SECONDS"
)

// fate is what becomes of the lines of strangers while a fault lasts.
type fate int

const (
	refused  fate = iota // all: msg_unavailable, for nobody knows whether they are banned
	accepted             // the store still answers reads; a busy machine may cost one in five
	either               // the store comes and goes
)

// fault is one thing that happens to Redis. In the worlds of several servers it happens
// to the first.
type fault struct {
	name    string
	servers int      // redis-server processes; 1 if 0
	options []string // of redis-server
	proxied bool
	lasts   time.Duration // faultLasts if 0

	begin func(w *world)
	poke  func(w *world) // every pokeEvery while it lasts; nil: nothing
	end   func(w *world)

	strangers fate     // in the room whose Redis fails
	moderates []string // ids that /ban may be answered with meanwhile
	forgets   bool     // bans are gone afterwards: Redis was told to forget them
	stale     bool     // state past its time must have served
}

func (f *fault) duration(t testing.TB) time.Duration {
	t.Helper()
	if text := os.Getenv(lastsVariable); text != "" {
		seconds, err := strconv.Atoi(text)
		if err != nil || seconds < 1 {
			t.Fatalf("%s: %q is no number of seconds", lastsVariable, text)
		}
		return time.Duration(seconds) * time.Second
	}
	if f.lasts > 0 {
		return f.lasts
	}
	return faultLasts
}

// run takes a world through a fault. What it checks holds for every one of them:
// members' lines are accepted and delivered, every sender is answered within patience,
// the banned stay banned, loops do not stall, memory stays, and soon after the end a
// stranger can talk.
func (f *fault) run(t *testing.T) {
	machine()
	w := newWorld(t, f)
	crowds := []*crowd{gather(w, mainRoom, 3)}
	if w.other != "" {
		crowds = append(crowds, gather(w, w.other, 2))
	}
	watched := watchOver(t, w.srv, w.bystander)
	for _, c := range crowds {
		c.talk()
	}
	time.Sleep(calm)                  // of ordinary chat
	w.refused(w.banned, "msg_banned") // and is known, now that the notice of the ban has come
	before := highest(t, w.srv, "uproar_clue_cache_stale_total")

	lasts := f.duration(t)
	f.begin(w)
	f.endure(w, time.Now().Add(lasts))
	f.end(w)
	w.recovers(recoveryMax)
	time.Sleep(calm)
	if !f.forgets {
		w.refused(w.banned, "msg_banned")
	}
	w.command("/ban afterwards", "ban_success", "already_banned")

	for _, c := range crowds {
		c.end()
	}
	watched.end()
	if used := highest(t, w.srv, "uproar_clue_cache_stale_total") - before; f.stale && used == 0 {
		t.Error("no record past its time was used")
	}
}

// endure has others than members try their luck until the fault is to end.
func (f *fault) endure(w *world, until time.Time) {
	w.t.Helper()
	poked, tried, elsewhere, n := time.Now(), 0, 0, 0
	for ; time.Now().Before(until); n++ {
		if f.poke != nil {
			for ; time.Since(poked) > pokeEvery; poked = time.Now() {
				f.poke(w)
			}
		}
		w.refused(w.banned, "msg_banned")
		f.stranger(w)
		if n%4 == 0 {
			w.command(fmt.Sprintf("/ban rude%d", n), f.moderates...)
		}
		if w.other != "" {
			tried++
			if a, took, ok := w.stranger().say(w.other, "hello"); !ok {
				w.t.Errorf("a stranger's line elsewhere had no answer after %v", took)
			} else if a.accepted() {
				elsewhere++
			}
		}
		f.wait(w, &poked)
	}
	if f.strangers == accepted && w.turnedAway*5 > 2*n { // each says a line and enters
		w.t.Errorf("%d lines and entries of %d strangers were refused", w.turnedAway, n)
	}
	if w.other != "" {
		w.t.Logf("%d of %d strangers were accepted where Redis is well", elsewhere, tried)
		if elsewhere*elsewhereMin < tried { // one account of three is on the server that is not
			w.t.Errorf("want at least 1 of %d", elsewhereMin)
		}
	}
}

// wait pokes until it is time for the next round.
func (f *fault) wait(w *world, poked *time.Time) {
	for until := time.Now().Add(strangerEvery); time.Now().Before(until); {
		time.Sleep(min(pokeEvery, time.Until(until)))
		if f.poke != nil {
			f.poke(w)
			*poked = time.Now()
		}
	}
}

// stranger is somebody new who talks, and then wants to enter.
func (f *fault) stranger(w *world) {
	w.t.Helper()
	c := w.stranger()
	said, took, answered := c.say(mainRoom, "hello")
	f.judge(w, c, "line", said, said.accepted(), answered)
	told, entered, answered := c.join(mainRoom)
	f.judge(w, c, "entry", told, entered, answered)
	if took > patience {
		w.t.Errorf("%q waited %v", c.nick, took)
	}
}

// judge holds what a stranger was told against what the fault lets him expect.
func (f *fault) judge(w *world, c *client, what string, a answer, yes, answered bool) {
	w.t.Helper()
	switch {
	case !answered:
		w.t.Errorf("%s of %q was not answered within %v", what, c.nick, patience)
	case yes && f.strangers == refused, !yes && a.msgID != "msg_unavailable":
		w.t.Errorf("%s of %q was answered %v", what, c.nick, a)
	case !yes:
		w.turnedAway++
	}
}

// recovers holds that a line of somebody new is accepted soon.
func (w *world) recovers(limit time.Duration) {
	w.t.Helper()
	c, began := w.stranger(), time.Now()
	for {
		a, _, ok := c.say(mainRoom, "am I the first?")
		took := time.Since(began)
		if ok && a.accepted() && took <= limit {
			w.t.Logf("recovered after %v", took.Round(time.Millisecond))
			return
		}
		if took > limit {
			w.t.Errorf("%v after the end somebody new is told %v", took, a)
			return
		}
		time.Sleep(5 * time.Millisecond)
	}
}
