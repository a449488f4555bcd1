package fleet

import (
	"net"
	"strings"
	"testing"
	"time"

	"uproar/edge/edgetest"
)

// Two relays that have each other above them would send lines round for ever.
func TestRelaysInALoopAreRefused(t *testing.T) {
	addrs := [2]string{}
	for i := range addrs {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		addrs[i] = l.Addr().String()
		l.Close()
	}
	secret := secretFile(t)
	var relays [2]*edgetest.Server
	for i := range relays {
		relays[i] = edgetest.Start(t, "--roles=exchange", "--link-addr="+addrs[i], "--link-secret-file="+secret, "--upstream="+addrs[1-i], "--env="+edgetest.Env)
	}
	for began := time.Now(); ; time.Sleep(10 * time.Millisecond) {
		if strings.Contains(relays[0].Log()+relays[1].Log(), "loop") {
			return
		}
		if time.Since(began) > 3*patience {
			t.Fatalf("no relay speaks of a loop:\n%s\n%s", relays[0].Log(), relays[1].Log())
		}
	}
}
