package faults

import (
	"fmt"
	"path/filepath"
	"testing"

	"uproar/edge/edgetest"
)

// Kills, in chains that run at the same time: each server of a chain inherits its file
// from one that was killed.
const (
	killChains   = 4
	killsOfChain = 25
)

// A broadcaster who has read ban_success need not think of it again, whatever happens
// to the server: 100 kills.
func TestAcknowledgedBanSurvivesSIGKILL(t *testing.T) {
	for chain := range killChains {
		t.Run(fmt.Sprint(chain), func(t *testing.T) {
			t.Parallel()
			path := filepath.Join(t.TempDir(), "chain.db")
			for i := range killsOfChain {
				banAndKill(t, path, i)
			}
		})
	}
}

// banAndKill holds that the ban before the last kill stands, bans somebody else, and
// kills the server.
func banAndKill(t *testing.T, path string, i int) {
	srv := edgetest.Start(t, "--data="+path)
	if i > 0 {
		name := fmt.Sprintf("rude%d", i-1)
		if a := dial(t, srv, name, nil).say("room", "hello"); a.msgID != "msg_banned" {
			t.Fatalf("%s was banned before the kill and is told %v", name, a)
		}
	}
	broadcaster := dial(t, srv, "room", nil)
	a := acknowledged(broadcaster, fmt.Sprintf("/ban rude%d", i))
	srv.Kill()
	if a.msgID != "ban_success" && a.msgID != "already_banned" {
		t.Fatalf("/ban is answered %v", a)
	}
}

// acknowledged asks again, five times at most, when told that nobody knows whether it
// was done: four chains that sync one disk beside other tests are slow at times.
func acknowledged(c *client, command string) (a asked) {
	for range 5 {
		if a = c.say("room", command); a.answered && a.msgID != "msg_unavailable" {
			break
		}
	}
	return a
}
