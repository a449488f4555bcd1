package exchange_test

import (
	"math/rand/v2"
	"strconv"
	"strings"
	"testing"
	"time"

	"uproar/core/exchange"
)

// Whatever happens, what a member was sent and told of accounts for every line.
func TestNothingIsLostInSilence(t *testing.T) {
	for seed := range uint64(80) {
		withDesk(t, nil, func(d *desk) {
			t := d.t
			rng := rand.New(rand.NewPCG(seed, 1))
			d.join("ann")
			said := 0
			say := func() {
				said++
				d.say("ann", strconv.Itoa(said))
			}
			say() // of an epoch that ends before anything of it was seen nobody knows
			for range 200 {
				disturb(d, rng)
				for range rng.IntN(4) {
					say()
				}
			}
			d.tap.Lose(false)
			d.tap.Fail(false)
			d.tap.Mix(nil)
			time.Sleep(5 * time.Second)
			say()
			time.Sleep(5 * time.Second)
			account(t, seed, d.logs["ann"], said)
			if c := d.Counts(); c.HeldBytes != 0 || c.Unreadable != 0 {
				t.Errorf("seed %d: %+v", seed, c)
			}
		})
	}
}

// disturb does one of the things that go wrong, or mends it.
func disturb(d *desk, rng *rand.Rand) {
	switch rng.IntN(20) {
	case 0, 1:
		d.tap.Lose(true)
	case 2, 3, 4:
		d.tap.Lose(false)
	case 5:
		d.tap.Fail(true)
	case 6, 7:
		d.tap.Fail(false)
	case 8, 9:
		d.tap.Mix(rand.New(rand.NewPCG(rng.Uint64(), 2)))
	case 10:
		d.tap.Mix(nil)
	case 11:
		d.memory.Interrupt()
	case 12:
		d.memory.Trim("ann")
	case 13:
		if rng.IntN(5) == 0 {
			d.memory.Restart()
		}
	case 14, 15:
		time.Sleep(time.Duration(rng.IntN(4000)) * time.Millisecond)
	}
}

// account checks that the lines of log come in order and once, and that gaps say how many
// are missing between them, or that nobody knows.
func account(t *testing.T, seed uint64, log []string, said int) {
	last, missed, uncounted := 0, 0, false
	for _, entry := range log {
		if gap, ok := strings.CutPrefix(strings.Replace(entry, "announced", "gap", 1), "gap "); ok {
			n, _ := strconv.Atoi(gap)
			missed += n
			uncounted = uncounted || n == 0
			continue
		}
		n, _ := strconv.Atoi(entry)
		if n <= last || !uncounted && n != last+missed+1 {
			t.Fatalf("seed %d: line %d after line %d and a gap of %d (uncounted: %v)\n%.2000q", seed, n, last, missed, uncounted, log)
		}
		last, missed, uncounted = n, 0, false
	}
	if last != said || missed != 0 || uncounted {
		t.Fatalf("seed %d: ends with line %d and a gap of %d, want line %d\n%.2000q", seed, last, missed, said, log)
	}
}

// Whatever the bus does, home has every line once, in order and in time, and others have
// it once and in order, or are told how many are missing.
func TestBusThatComesAndGoesLosesNothingInSilence(t *testing.T) {
	for seed := range uint64(30) {
		small := func(c *exchange.SenderConfig) { c.BacklogLinesMax, c.BacklogAge = 40, 5*time.Second }
		withSite(t, small, func(s *site) {
			rng := rand.New(rand.NewPCG(seed, 3))
			coin := rand.New(rand.NewPCG(seed, 4))
			s.bus.mu.coin = func() bool { return coin.IntN(2) == 0 }
			var mended time.Time
			for range 300 {
				switch rng.IntN(16) {
				case 0:
					s.bus.is(dead)
				case 1:
					s.bus.is(frozen)
				case 2, 3:
					s.bus.is(well)
				case 4:
					s.bus.full(true)
				case 5, 6:
					s.bus.full(false)
				case 7, 8:
					time.Sleep(time.Duration(rng.IntN(2000)) * time.Millisecond)
				case 9:
					s.here.tap.Lose(true)
					mended = time.Now().Add(5 * time.Second)
				case 10:
					s.here.memory.Interrupt()
				default:
					time.Sleep(time.Duration(rng.IntN(3)) * time.Millisecond)
				}
				if time.Now().After(mended) {
					s.here.tap.Lose(false)
					s.here.memory.Interrupt()
				}
				for range rng.IntN(4) {
					s.say([]string{"ann", "bob"}[rng.IntN(2)])
				}
			}
			s.bus.is(well)
			s.bus.full(false)
			s.here.tap.Lose(false)
			s.settled()
			s.say("ann")
			s.say("bob")
			s.settled()
			time.Sleep(5 * time.Second)
			for room, said := range s.said {
				s.here.expect(room, numbers(1, said)...)
				account(s.t, seed, s.there.log(room), said)
			}
			if s.late > 130*time.Millisecond {
				s.t.Errorf("seed %d: a line was done after %v", seed, s.late)
			}
		})
	}
}
