package fleet

import (
	"bytes"
	"os/exec"
	"strconv"
	"strings"
	"testing"
	"time"

	"uproar/edge/edgetest"
)

// tracedLines are said in a quiet fleet; then each hop has counted as many.
const tracedLines = 20

func TestTraceFollowsALineThroughAllProcesses(t *testing.T) {
	fleet := edgetest.StartFleet(t, edgetest.Shape{Clues: 2, Relays: 2, Edges: 3, Args: append([]string{"--trace"}, edgetest.Unlimited...)})
	w := &way{name: "traced"}
	w.sit(t, fleet.Edges[0].IRC, fleet.Edges[1].IRC) // and nobody on the third
	w.round(t, 1)                                    // the first line may have to wait for the room to be known
	before := hopCounts(t, fleet)
	w.round(t, tracedLines)
	id := w.book.lines()[tracedLines/2].id

	followsHops(t, fleet, id)
	toolShowsHops(t, fleet, id)

	want := map[string]float64{
		"accepted": tracedLines, "published": tracedLines,
		"received by edge 0": tracedLines, "received by edge 1": tracedLines, "received by edge 2": 0,
		"delivered by edge 0": tracedLines, // to the speaker, who counts as a member and is answered instead
		"delivered by edge 1": tracedLines * listeners, "delivered by edge 2": 0,
	}
	for began := time.Now(); ; time.Sleep(10 * time.Millisecond) {
		wrong := ""
		now := hopCounts(t, fleet)
		for hop, n := range want {
			if got := now[hop] - before[hop]; got != n {
				wrong += hop + " " + strconv.FormatFloat(got, 'f', 0, 64) + ", want " + strconv.FormatFloat(n, 'f', 0, 64) + "; "
			}
		}
		if wrong == "" {
			break
		}
		if time.Since(began) > patience {
			t.Fatalf("the metrics do not add up: %s", wrong)
		}
	}
}

// hopCounts reads how many lines each hop has counted.
func hopCounts(t *testing.T, fleet *edgetest.Fleet) map[string]float64 {
	t.Helper()
	counts := map[string]float64{}
	for _, n := range fleet.Clues {
		counts["accepted"] += metric(t, n, `uproar_clue_decisions_total{outcome="accepted"}`)
		counts["published"] += metric(t, n, "uproar_exchange_published_total")
	}
	for _, n := range fleet.Edges {
		counts["received by "+n.Name] = metric(t, n, "uproar_exchange_received_total")
		counts["delivered by "+n.Name] = metric(t, n, "uproar_deliveries_total")
	}
	return counts
}

// followsHops holds that each process knows of its part of the way, and no more.
func followsHops(t *testing.T, fleet *edgetest.Fleet, id string) {
	t.Helper()
	decided, relayed := 0, 0
	for _, n := range fleet.Nodes() {
		text := hops(n, id)
		t.Logf("%s: %s", n.Name, text)
		has := func(all ...string) bool {
			for _, hop := range all {
				if !strings.Contains(text, `"`+hop+`"`) {
					return false
				}
			}
			return true
		}
		switch {
		case has("decided", "published"):
			decided++
		case has("relayed"):
			relayed++
		case has("received", "delivered", "written"):
			if n != fleet.Edges[0] && n != fleet.Edges[1] {
				t.Errorf("%s has nobody who would hear the line", n.Name)
			}
		case n == fleet.Edges[1]:
			t.Errorf("%s has not received, delivered and written the line", n.Name)
		}
	}
	if decided != 1 || relayed < 1 {
		t.Errorf("%d processes have decided and published the line and %d relayed it, want 1 and at least 1", decided, relayed)
	}
}

// toolShowsHops runs tools/trace as an operator would.
func toolShowsHops(t *testing.T, fleet *edgetest.Fleet, id string) {
	t.Helper()
	args := []string{"run", "./tools/trace", id}
	for _, n := range fleet.Nodes() {
		args = append(args, n.Admin)
	}
	tool := exec.Command("go", args...)
	tool.Dir = "../.."
	out, err := tool.CombinedOutput()
	t.Logf("go %s\n%s", strings.Join(args, " "), out)
	if err != nil {
		t.Errorf("tools/trace: %v", err)
	}
	if _, first, _ := strings.Cut(string(out), "\n0.000 "); !strings.HasPrefix(strings.TrimSpace(first), "decided") {
		t.Errorf("the first hop that tools/trace shows is not that the line is decided")
	}
	for _, hop := range []string{"published", "relayed", "received", "delivered", "written"} {
		if !bytes.Contains(out, []byte("  "+hop+" ")) {
			t.Errorf("tools/trace shows no %q", hop)
		}
	}
}
