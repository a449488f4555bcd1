package battery

import (
	"fmt"
	"slices"
	"testing"

	"uproar/edge/edgetest"
)

// battery is one numbered case.
type battery struct {
	name string // number and subject, "28-join-order"
	over []transport
	run  func(*testing.T, world)

	// alone keeps the case from running beside others: it loads the machine or
	// measures time.
	alone bool
}

var (
	both    = []transport{overTCP, overWS}
	tcpOnly = []transport{overTCP}
	wsOnly  = []transport{overWS}
)

// sharedArgs are the flags of the server that most cases share: the defaults,
// with room for many clients from one address and a short membership window.
var sharedArgs = []string{"--max-conns-per-ip=10000", "--membership-window=500ms"}

func allCases() []battery {
	return slices.Concat(regCases, capCases, pingCases, channelCases, membershipCases, msgCases, wireCases, abuseCases, floodCases, slowCases, wsCases, deflateCases, moderationCases, resumeCases)
}

func TestBattery(t *testing.T) {
	shared := edgetest.Start(t, sharedArgs...)
	for _, c := range allCases() {
		t.Run(c.name, func(t *testing.T) {
			if !c.alone {
				t.Parallel()
			}
			for _, over := range c.over {
				t.Run(over.String(), func(t *testing.T) { c.run(t, world{srv: shared, over: over}) })
			}
		})
	}
}

func TestBatteryHasEveryCaseFrom01To80(t *testing.T) {
	count := map[string]int{}
	for _, c := range allCases() {
		count[c.name[:2]]++
	}
	for n := 1; n <= 80; n++ {
		if key := fmt.Sprintf("%02d", n); count[key] == 0 {
			t.Errorf("case %s is missing", key)
		}
	}
}
