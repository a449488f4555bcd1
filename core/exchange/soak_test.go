package exchange_test

import (
	"math/rand/v2"
	"strconv"
	"strings"
	"testing"
	"time"
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
