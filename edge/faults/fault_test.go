package faults

import (
	"fmt"
	"os"
	"strconv"
	"strings"
	"testing"
	"time"
)

// How long things last.
const (
	faultLasts    = 2 * time.Second
	frozenLasts   = 4 * time.Second // longer than connections are trusted
	calm          = 300 * time.Millisecond
	recoveryMax   = time.Second
	strangerEvery = 150 * time.Millisecond
	pokeEvery     = 50 * time.Millisecond
	cachedFor     = 20 * time.Second // at least, of what the server knows
	lastsVariable = "UPROAR_FAULT_SECONDS"
)

// A round trip to the store takes up to tripTakes, and is given up after storeTimeout. An
// open breaker keeps others away for less than breakerMemory.
const (
	storeTimeout  = 100 * time.Millisecond
	tripTakes     = 10 * time.Millisecond
	breakerMemory = 500 * time.Millisecond
)

// fate is what becomes of the lines of strangers while a fault lasts.
type fate int

const (
	refused  fate = iota // all: msg_unavailable, for nobody knows whether they are banned
	accepted             // the store still answers reads
	either               // the store comes and goes
)

// fault is one thing that happens to Redis. In the worlds of several servers it happens
// to the first.
type fault struct {
	name    string
	servers int // redis-server processes; 1 if 0
	cluster bool
	options []string // of redis-server
	proxied bool
	lasts   time.Duration // faultLasts if 0

	begin func(w *world)
	poke  func(w *world) // every pokeEvery while it lasts; nil: nothing
	end   func(w *world)

	felt    func(w *world) float64 // a count that grows because of the fault
	feltMin float64                // by how much at least; 1 if 0
	away    time.Duration          // what a round trip to the store takes at least

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

// run takes a world through a fault. What it checks holds for every one of them: the
// fault is felt; members' lines are accepted and delivered; every sender is answered
// within clue's deadline; the banned stay banned; loops do not stall; memory stays; and
// soon after the end a stranger can talk, and what is changed in Redis is heard of.
func (f *fault) run(t *testing.T) {
	w := newWorld(t, f)
	crowds := []*crowd{gather(w, mainRoom, 3)}
	if w.other != "" {
		crowds = append(crowds, gather(w, w.other, 2))
	}
	watched := watchOver(w)
	for _, c := range crowds {
		c.talk()
	}
	time.Sleep(calm)                  // of ordinary chat
	w.refused(w.banned, "msg_banned") // and is known, now that the notice of the ban has come
	felt, stale := f.felt(w), staleUsed(w)

	lasts := f.duration(t)
	f.begin(w)
	f.endure(w, lasts)
	f.end(w)
	ended := time.Now()
	w.recovers(ended)
	w.hears(ended)
	time.Sleep(calm)
	if !f.forgets {
		w.refused(w.banned, "msg_banned")
	}

	for _, c := range crowds {
		c.end()
		if told := c.told(); (told > 0) != f.forgets {
			t.Errorf("members of %q were told %d times of lines missed, want that only of a Redis that forgets them", c.room, told)
		}
	}
	watched.end()
	f.judge(w, f.felt(w)-felt, staleUsed(w)-stale)
	w.judgeElsewhere()
}

// judge holds that the fault was one.
func (f *fault) judge(w *world, felt, stale float64) {
	w.t.Helper()
	w.t.Logf("felt %.3g times; %.0f records past their time used; strangers: %d times accepted, %d times refused", felt, stale, w.let, w.turnedAway)
	if felt < max(1, f.feltMin) {
		w.t.Errorf("the fault was felt %.3g times, want at least %v", felt, max(1, f.feltMin))
	}
	if open := sum(w.t, w.srv, "uproar_store_breaker_open", ""); open > 0 {
		w.t.Errorf("%v breakers are open long after the end", open)
	}
	if f.stale && stale == 0 {
		w.t.Error("no record past its time was used")
	}
	if w.quickest < f.away {
		w.t.Errorf("a stranger was answered after %v, and the store is %v away", w.quickest, f.away)
	}
	if f.strangers == accepted && w.let < w.turnedAway {
		w.t.Error("the machine was too late for most strangers to say anything")
	}
}

// endure has others than members try their luck until the fault is to end.
func (f *fault) endure(w *world, lasts time.Duration) {
	w.t.Helper()
	began := time.Now()
	poked := began
	for n := 0; time.Since(began) < lasts; n++ {
		if !f.forgets || time.Since(began) < cachedFor {
			w.refused(w.banned, "msg_banned")
		}
		f.pokeIf(w, &poked)
		f.stranger(w)
		f.pokeIf(w, &poked)
		if n%4 == 0 {
			w.command(fmt.Sprintf("/ban rude%d", n), f.moderates...)
		}
		if w.other != "" {
			w.visitElsewhere()
		}
		for until := time.Now().Add(strangerEvery); time.Now().Before(until); {
			f.pokeIf(w, &poked)
			time.Sleep(min(pokeEvery, time.Until(until)))
		}
	}
}

// pokeIf pokes when it is time to.
func (f *fault) pokeIf(w *world, poked *time.Time) {
	if f.poke != nil && time.Since(*poked) >= pokeEvery {
		f.poke(w)
		*poked = time.Now()
	}
}

// stranger is somebody new who talks, and then wants to enter.
func (f *fault) stranger(w *world) {
	w.t.Helper()
	c := w.stranger()
	said := c.say(mainRoom, "hello")
	w.quickest = min(w.quickest, said.took)
	f.expect(w, "line of "+c.nick, said, said.accepted())
	told, entered := c.join(mainRoom)
	f.expect(w, "entry of "+c.nick, told, entered)
}

// expect holds what a stranger was told against what the fault lets him expect.
func (f *fault) expect(w *world, what string, a asked, yes bool) {
	w.t.Helper()
	w.inTime(what, a, lineDeadline)
	if yes {
		w.let++
	} else {
		w.turnedAway++
	}
	switch {
	case yes && f.strangers == refused, !yes && a.msgID != "msg_unavailable":
		w.t.Errorf("%s: %v", what, a)
	case !yes && f.strangers == accepted && !w.outOfTime(a) && !w.missedStore(a, f.away):
		w.t.Errorf("%s: %v, and the machine was not late", what, a)
	}
}

// recovers holds that somebody new soon can talk and enter, and a command works.
func (w *world) recovers(ended time.Time) {
	w.t.Helper()
	c := w.stranger()
	w.soon("a line", ended, func() (asked, bool) {
		a := c.say(mainRoom, "am I the first?")
		return a, a.accepted()
	})
	w.soon("an entry", ended, func() (asked, bool) { return c.join(mainRoom) })
	w.soon("a ban", ended, func() (asked, bool) {
		a := w.broadcaster.say(mainRoom, "/ban afterwards")
		return a, a.msgID == "ban_success" || a.msgID == "already_banned"
	})
}

// hears holds that the server soon hears again of what others change.
func (w *world) hears(ended time.Time) {
	w.t.Helper()
	c := w.stranger()
	if a := c.say(mainRoom, "now you know me"); !a.accepted() {
		w.t.Errorf("the second stranger after the end is told %v", a)
	}
	w.redis[0].Do("HSET", keyPrefix+"{r:"+mainRoom+"}:m:"+c.nick, "banned", "1")
	w.soon("hearing of a ban", ended, func() (asked, bool) {
		w.redis[0].Do("PUBLISH", keyPrefix+"stale", "m:"+mainRoom+":"+c.nick)
		a := c.say(mainRoom, "am I banned yet?")
		return a, a.msgID == "msg_banned"
	})
}

// soon tries until it works, which must be within recoveryMax of the end.
func (w *world) soon(what string, ended time.Time, try func() (asked, bool)) {
	w.t.Helper()
	for {
		a, ok := try()
		took := time.Since(ended)
		if ok {
			w.t.Logf("%s works after %v", what, took.Round(time.Millisecond))
			w.judge(what+" after the end", ended, took, recoveryMax)
			return
		}
		if took > 5*recoveryMax {
			w.t.Fatalf("%s: %v after the end the answer is %v", what, took, a)
		}
		time.Sleep(5 * time.Millisecond)
	}
}

// visitElsewhere has a stranger talk in the room whose Redis is well.
func (w *world) visitElsewhere() {
	w.t.Helper()
	c := w.stranger()
	said := c.say(w.other, "hello")
	w.inTime("line elsewhere of "+c.nick, said, lineDeadline)
	w.elsewhere = append(w.elsewhere, visit{c, said, w.outOfTime(said) || w.missedStore(said, 0)})
}

// judgeElsewhere holds that the strangers were refused whose own account is on the Redis
// that failed, and no others.
func (w *world) judgeElsewhere() {
	w.t.Helper()
	if w.other == "" {
		return
	}
	for _, v := range w.elsewhere {
		if a := v.say(w.other, "hello again"); !a.accepted() { // which leaves a key where the account lives
			w.t.Errorf("%q is told %v elsewhere long after the end", v.nick, a)
		}
	}
	keys := map[string]bool{}
	for _, key := range w.holds(w.redis[0], "{u:stranger*") {
		_, tag, _ := strings.Cut(key, "{u:")
		nick, _, _ := strings.Cut(tag, "}")
		keys[nick] = true
	}
	well := 0
	for _, v := range w.elsewhere {
		switch {
		case keys[v.nick] && v.said.accepted():
			w.t.Errorf("a line elsewhere of %q was accepted, whom nobody could know", v.nick)
		case !keys[v.nick]:
			well++
			if !v.said.accepted() && !v.excused {
				w.t.Errorf("line elsewhere of %q, whose Redis is well: %v", v.nick, v.said)
			}
		}
	}
	w.t.Logf("%d strangers elsewhere, %d of them with a Redis that was well", len(w.elsewhere), well)
	if well == 0 {
		w.t.Error("no stranger elsewhere had a Redis that was well")
	}
}
