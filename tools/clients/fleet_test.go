package clients

import (
	"bufio"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"uproar/edge/edgetest"
)

// shapes of fleets whose first two edges the tests use.
var shapes = []struct {
	name string
	edgetest.Shape
}{
	{"two processes on one Redis", edgetest.Shape{Edges: 2}},
	{"a process for each role", edgetest.Shape{Clues: 2, Relays: 2, Edges: 2}},
}

// presenceMax is how long another edge may not know who is in a room.
const presenceMax = 10 * time.Second

func TestClientsOnDifferentEdgesShareARoom(t *testing.T) {
	for _, s := range shapes {
		t.Run(s.name, func(t *testing.T) {
			needDrivers(t)
			s.Args = []string{"--rate-limit=0", "--rate-limit-mod=0", "--join-limit=0"}
			fleet := edgetest.StartFleet(t, s.Shape)
			a, b := fleet.Edges[0].Server, fleet.Edges[1].Server
			broadcaster := joinAs(t, a, owner) // tmi.js
			guest := joinAll(t, b, []library{{name: "go-twitch-irc", start: startGoTwitch}})[0]
			talk([]*client{broadcaster, guest}, "across edges")
			for i, edge := range []*edgetest.Server{a, b} {
				namesReach(t, edge, fmt.Sprintf("onlooker%d", i), owner, login(guest.library))
			}
			whisperReaches(broadcaster, guest)
			banReaches(broadcaster, guest)
		})
	}
}

// namesReach holds that who joins the room is soon told that these are in it.
func namesReach(t *testing.T, edge *edgetest.Server, nick string, want ...string) {
	t.Helper()
	c := dialIRC(t, edge.IRC, nick, "twitch.tv/tags twitch.tv/commands twitch.tv/membership")
	for began := time.Now(); ; {
		names := c.names()
		if !slices.ContainsFunc(want, func(name string) bool { return !slices.Contains(names, name) }) {
			return
		}
		if time.Since(began) > presenceMax {
			t.Fatalf("after %v NAMES on %s are %q, want %q among them", presenceMax, edge.IRC, names, want)
		}
		time.Sleep(50 * time.Millisecond)
	}
}

// names joins the room, leaves it again and returns whom it was told to be there.
func (c *ircClient) names() (names []string) {
	c.t.Helper()
	c.send("JOIN #" + room)
	for in := bufio.NewScanner(c.conn); in.Scan(); {
		fields := strings.Fields(in.Text())
		if len(fields) > 5 && fields[1] == "353" {
			fields[5] = strings.TrimPrefix(fields[5], ":")
			names = append(names, fields[5:]...)
		}
		if len(fields) > 2 && slices.Contains(fields[:3], "ROOMSTATE") {
			break
		}
	}
	c.send("PART #" + room)
	return names
}

func whisperReaches(from, to *client) {
	from.t.Helper()
	from.do(command{Do: "command", Call: 1, Name: "whisper", Args: []any{login(to.library), "over there"}})
	to.await("whisper", lineMax, func(e event) bool {
		return e.Event == "whispered" && e.User == login(from.library) && e.Text == "over there"
	})
}

// banReaches holds that a ban parts its target, who is on another edge, from the room, and
// keeps it from speaking there.
func banReaches(from, target *client) {
	from.t.Helper()
	from.do(command{Do: "command", Call: 2, Name: "ban", Args: []any{room, login(target.library), ""}})
	target.awaitEvent("parted", lineMax)
	target.do(command{Do: "say", Room: room, Text: "let me in"})
	target.await("refusal", lineMax, func(e event) bool { return e.Event == "notice" && e.ID == "msg_banned" })
}

// The drain of a process, in the middle of a talk.
const (
	returners  = 10
	talkEvery  = 50 * time.Millisecond
	talkAround = time.Second // before and after
)

func TestDrainOfAnEdgeLosesNoLine(t *testing.T) {
	for _, s := range shapes {
		t.Run(s.name, func(t *testing.T) {
			needDrivers(t)
			s.Args = []string{"--rate-limit=0", "--rate-limit-mod=0", "--join-limit=0"}
			s.OneHTTPPort = true // tmi.js knows one address
			fleet := edgetest.StartFleet(t, s.Shape)
			a, b := fleet.Edges[0], fleet.Edges[1]
			b.Terminate() // so that who comes to the shared port comes to a
			endedWell(t, b.Server)
			moved := joinAs(t, a.Server, "mover")
			b.Start()
			witness := startReturner(t, "witness", b.IRC)
			crowd := make([]*returner, returners)
			for i := range crowd {
				crowd[i] = startReturner(t, fmt.Sprintf("returner%d", i), a.IRC, b.IRC)
			}
			speaker := startSpeaker(t, b.IRC)
			time.Sleep(talkAround)
			a.Terminate()
			moved.awaitEvent("asked", lineMax)
			moved.awaitEvent("reconnected", returnMax)
			moved.awaitEvent("joined", lineMax)
			endedWell(t, a.Server)
			time.Sleep(talkAround)
			said := speaker.end()
			moved.awaitLine(said[len(said)-1], lineMax)
			heard := witness.until(said[len(said)-1])
			if !slices.Equal(heard, said) {
				t.Errorf("the witness on the other edge heard %d lines, %d were accepted: %q", len(heard), len(said), difference(said, heard))
			}
			for _, r := range crowd {
				got := r.until(said[len(said)-1])
				if !slices.Equal(got, heard) {
					t.Errorf("%s heard %d lines, the witness %d; missing or otherwise ordered: %q", r.nick, len(got), len(heard), difference(heard, got))
				}
				if n := r.connections(); n < 2 {
					t.Errorf("%s had %d connections: the drain did not reach it", r.nick, n)
				}
				if n := r.gaps(); n > 0 {
					t.Errorf("%s was told of %d gaps", r.nick, n)
				}
			}
			t.Logf("%d lines, %d clients moved", len(said), len(crowd))
		})
	}
}

// difference is what of want is not in got, or the first of got that is out of place.
func difference(want, got []string) (missing []string) {
	for _, line := range want {
		if !slices.Contains(got, line) {
			missing = append(missing, line)
		}
	}
	for i := range min(len(want), len(got)) {
		if len(missing) == 0 && want[i] != got[i] {
			return got[i : i+1]
		}
	}
	return missing
}
