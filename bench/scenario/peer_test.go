package scenario

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"uproar/bench/peers"
	"uproar/bench/target"
)

// withPeers has peers.All be others during a test.
func withPeers(t *testing.T, others ...target.Peer) {
	all := peers.All
	peers.All = others
	t.Cleanup(func() { peers.All = all })
}

func TestPeersRunInSmokeSize(t *testing.T) {
	if testing.Short() {
		t.Skip("drives other programs, which the race detector cannot see into")
	}
	w := workshop(t)
	for _, p := range peers.All {
		t.Run(p.Name, func(t *testing.T) {
			w.Log = t.Logf
			if _, err := p.Version(t.Context()); err != nil {
				t.Skipf("%s is not installed; to have it: %s", p.Name, p.Install)
			}
			c := Fanout.New().Smoke().(*FanoutConfig)
			c.Targets = []string{p.Name}
			got, err := c.Run(t.Context(), w)
			if err != nil {
				t.Fatal(err)
			}
			r := got.(FanoutResult)
			if len(r.Rows) != 1 || len(r.Failures) != 0 || len(r.Peers()) != 1 || r.Peers()[0].Version == "" {
				t.Fatalf("want one row of the peer, and its version: %+v", r)
			}
			row := r.Rows[0]
			if row.Lost > 0 && row.Deliveries > 0 && row.Reordered+row.Duplicated+row.Wrong == 0 {
				t.Logf("it lost %d lines, as the table would say", row.Lost)
				return // some brokers do while the machine has other work
			}
			checkFanout(t, row, *c)
		})
	}
}

func TestPeerThatIsNotInstalledIsToldNotLeftOutInSilence(t *testing.T) {
	withPeers(t, target.Peer{
		Name: "absent", Install: "apt-get install -y absent", Tuned: "bench/peers/absent",
		Version: func(context.Context) (string, error) { return "", errors.New("no such program") },
	})
	c := Fanout.New().Smoke().(*FanoutConfig)
	c.Targets, c.Duration = []string{"bare", "absent"}, 100*time.Millisecond
	got, err := c.Run(t.Context(), workshop(t))
	if err != nil {
		t.Fatal(err)
	}
	r := got.(FanoutResult)
	if len(r.Rows) != 1 || r.Rows[0].Target != "bare" {
		t.Errorf("rows %v", r.Cells())
	}
	if want := (Peer{Name: "absent", Install: "apt-get install -y absent", Tuned: "bench/peers/absent"}); !slices.Equal(r.Peers(), []Peer{want}) {
		t.Errorf("peers %+v, want %+v", r.Peers(), want)
	}
	if all := strings.Join(r.Remarks(), "\n"); !strings.Contains(all, "absent is not installed") || !strings.Contains(all, "apt-get install -y absent") {
		t.Errorf("remarks %q", all)
	}
}

func TestPeerThatFailsIsToldAndTheOthersAreMeasured(t *testing.T) {
	withPeers(t, target.Peer{
		Name: "broken", Version: func(context.Context) (string, error) { return "1.0", nil },
		Start: func(context.Context, string) (*target.Server, error) {
			return nil, errors.New("out of order; the server said:\nspam")
		},
	})
	c := Fanout.New().Smoke().(*FanoutConfig)
	c.Targets, c.Duration = []string{"broken", "bare"}, 100*time.Millisecond
	got, err := c.Run(t.Context(), workshop(t))
	if err != nil {
		t.Fatal(err)
	}
	r := got.(FanoutResult)
	if len(r.Rows) != 1 || r.Rows[0].Target != "bare" || r.Rows[0].Ratio != 1 {
		t.Errorf("rows %v", r.Cells())
	}
	if all := strings.Join(r.Remarks(), "\n"); !strings.Contains(all, "broken is 1.0") || strings.Count(all, "out of order") != 1 || strings.Contains(all, "spam") {
		t.Errorf("remarks %q", all)
	}
}

func TestTargetsAreChosenUnlessNamed(t *testing.T) {
	var few, all, named FanoutConfig
	few.Choose(false)
	if !slices.Equal(few.Targets, []string{"uproar", "bare", "goroutine"}) {
		t.Errorf("of run: %q", few.Targets)
	}
	all.Choose(true)
	for _, want := range append(peers.Names(), "uproar", "uproar-tcp", "bare", "bare-20ms") {
		if !slices.Contains(all.Targets, want) {
			t.Errorf("of peers: %q lacks %s", all.Targets, want)
		}
	}
	named.Targets = []string{"bare"}
	named.Choose(true)
	if !slices.Equal(named.Targets, []string{"bare"}) {
		t.Errorf("named: %q", named.Targets)
	}
}

func TestIdleMembersOfSeveralTargetsAreARowEach(t *testing.T) {
	withPeers(t, target.Peer{
		Name: "absent", Install: "apt-get install -y absent",
		Version: func(context.Context) (string, error) { return "", errors.New("no such program") },
	})
	c := Idle.New().Smoke().(*IdleConfig)
	c.Targets, c.Steps, c.PingInterval, c.Settle = []string{"bare", "bare-5ms", "absent"}, []int{50}, 10*time.Millisecond, 0
	got, err := c.Run(t.Context(), workshop(t))
	if err != nil {
		t.Fatal(err)
	}
	r := got.(IdleResult)
	rows := r.Cells()
	if len(rows) != 2 || rows[0][0] != "bare" || rows[1][0] != "bare-5ms" || rows[1][1] != "50" || len(rows[0]) != len(r.Header()) {
		t.Errorf("rows %q", rows)
	}
	if all := strings.Join(r.Remarks(), "\n"); !strings.Contains(all, "absent is not installed") {
		t.Errorf("remarks %q", all)
	}
	r.Beside[0].Ended, r.Company = 1, []Peer{{Name: "bare-5ms"}}
	if err := r.Check(); err != nil {
		t.Errorf("members of a peer that did not stay are its affair: %v", err)
	}
	if r.Company = nil; r.Check() == nil {
		t.Error("members that did not stay passed")
	}
}
