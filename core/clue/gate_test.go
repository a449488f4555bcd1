package clue

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/VictoriaMetrics/metrics"
)

// As on an edge whose clue is another process.
func TestGateAloneHoldsAccountsToTheirLimits(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		cfg := Config{
			AuthLimit: Rate{1, 10 * time.Second}, JoinLimit: Rate{2, 10 * time.Second},
			JoinLimitVerified: Rate{9, 10 * time.Second}, Metrics: metrics.NewSet(),
		}
		g := NewGate(cfg)
		for i, want := range []bool{true, true, false} {
			if got := g.MayJoin("ann"); got != want {
				t.Fatalf("join %d: %v", i, got)
			}
		}
		if !g.MayLogin("ann") || g.MayLogin("ann") || !g.MayLogin("bob") {
			t.Fatal("an account has one login")
		}
		time.Sleep(10 * time.Second)
		if !g.MayLogin("ann") || !g.MayJoin("ann") {
			t.Fatal("refused in the next window")
		}
		if names := cfg.Metrics.ListMetricNames(); len(names) != 1 {
			t.Fatalf("a gate counts %v", names)
		}
	})
}

func TestGateForgetsAccountsAtItsBound(t *testing.T) {
	set := metrics.NewSet()
	g := NewGate(Config{JoinLimit: Rate{1, time.Hour}, AccountsMax: 2 * bucketStripes, Metrics: set})
	for _, u := range crowd(100 * bucketStripes) {
		if !g.MayJoin(u.Login) {
			t.Fatalf("%s is refused its first room", u.Login)
		}
	}
	if forgotAccounts(set).Get() == 0 {
		t.Fatal("not counted")
	}
}
