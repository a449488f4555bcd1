package scenario

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"uproar/bench/load"
)

func workshop(t *testing.T) *Workshop {
	return &Workshop{Dir: t.TempDir(), Log: t.Logf}
}

// edgeWorkshop is for tests that need the server of this module.
func edgeWorkshop(t *testing.T) *Workshop {
	t.Helper()
	if _, err := os.Stat("../../edge/main.go"); errors.Is(err, fs.ErrNotExist) {
		t.Skip("edge/main.go does not exist yet")
	}
	return workshop(t)
}

func smokeFanout(targets ...string) FanoutConfig {
	c := DefaultFanout()
	c.Rows, c.Targets = []Row{{50, 100}}, targets
	c.Duration, c.Warmup, c.Publishers = 600*time.Millisecond, 100*time.Millisecond, 2
	return c
}

func checkFanout(t *testing.T, r FanoutResult, c FanoutConfig) {
	t.Helper()
	t.Logf("%+v", r)
	measured := int64(c.Duration.Seconds() * r.Rate * float64(r.Members))
	if r.Lost+r.Reordered+r.Duplicated+r.Wrong+r.Unsent != 0 {
		t.Errorf("%s: faults in a smoke run", r.Target)
	}
	if r.Deliveries < measured*9/10 || r.latency.Count() != measured {
		t.Errorf("%s: %d deliveries, %d latencies, want %d", r.Target, r.Deliveries, r.latency.Count(), measured)
	}
	if r.CPUMicros <= 0 || r.CPUMicros > 1000 || r.P99 <= 0 || r.RSS <= 0 {
		t.Errorf("%s: implausible figures", r.Target)
	}
}

func TestFanoutOfBareLoopsLosesNothing(t *testing.T) {
	c := smokeFanout("bare", "bare-5ms")
	results, err := RunFanout(t.Context(), workshop(t), c)
	if err != nil {
		t.Fatal(err)
	}
	if len(results) != 2 || results[0].Ratio != 1 {
		t.Fatalf("want two results, the first the ruler: %+v", results)
	}
	for _, r := range results {
		checkFanout(t, r, c)
	}
	if results[1].P50 < results[0].P50 {
		t.Errorf("batches of 5 ms are faster (%v ms) than none (%v ms)", results[1].P50, results[0].P50)
	}
}

func TestFanoutOfUproarLosesNothing(t *testing.T) {
	w := edgeWorkshop(t)
	c := smokeFanout("uproar", "uproar-tcp")
	results, err := RunFanout(t.Context(), w, c)
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range results {
		checkFanout(t, r, c)
	}
}

func TestCancelLeavesNoServerBehind(t *testing.T) {
	w := workshop(t)
	ctx, cancel := context.WithCancel(t.Context())
	server, err := w.Start(ctx, "bare")
	if err != nil {
		t.Fatal(err)
	}
	g, err := gather(ctx, server, load.SwarmConfig{TextBytes: 100}, 5)
	if err != nil {
		t.Fatal(err)
	}
	cancel()
	if err := g.settle(ctx, 1, time.Minute, time.Minute); !errors.Is(err, context.Canceled) {
		t.Errorf("settle after cancel: %v", err)
	}
	g.disperse()
	if err := unix.Kill(server.Pid, 0); err != unix.ESRCH {
		t.Errorf("server %d is still there: %v", server.Pid, err)
	}
}

func TestIdleMembersOfUproarStay(t *testing.T) {
	w := edgeWorkshop(t)
	c := IdleConfig{Steps: []int{100, 300}, PingInterval: time.Second, Settle: 3 * time.Second}
	r, err := RunIdle(t.Context(), w, c)
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("%+v", r)
	if r.Ended != 0 || r.Pings < 600 || len(r.Steps) != 2 || r.JoinMicros <= 0 {
		t.Errorf("want 300 members that stay and answer PING: %+v", r)
	}
}

func TestSlowMemberOfUproarIsTold(t *testing.T) {
	w := edgeWorkshop(t)
	r, err := RunSlow(t.Context(), w, SlowConfig{Members: 5, Bytes: 6 << 20, TextBytes: 500, Rate: 6000, Warmup: 1 << 20, Rounds: 1})
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("%+v", r)
	if r.LostOthers != r.ToldOthers || strings.Contains(r.Verdict, "DARK") || r.P99Alike <= 0 || r.P99Others <= 0 {
		t.Errorf("one slow member: %+v", r)
	}
}

func TestDrainOfUproarTellsEveryMember(t *testing.T) {
	w := edgeWorkshop(t)
	c := DrainConfig{Members: 100, Rate: 50, Before: 300 * time.Millisecond, TextBytes: 100, DrainTimeout: time.Second}
	r, err := RunDrain(t.Context(), w, c)
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("%+v", r)
	if r.Reconnects != 100 || r.EOF != 100 || r.Left != 0 || r.ExitCode != 0 {
		t.Errorf("100 members at drain: %+v", r)
	}
}

func TestVerdictNamesSilence(t *testing.T) {
	for want, f := range map[string]load.Fate{
		"DARK":             {Ready: true, Lost: 9},
		"missed nothing":   {Ready: true},
		"told of every":    {Ready: true, Lost: 9, Told: 9},
		"told of 4":        {Ready: true, Lost: 9, Told: 4},
		"without a reason": {Ended: true, Lost: 9},
		"1008 slow":        {Ended: true, Lost: 9, LastWords: "close 1008 slow"},
	} {
		if got := verdict(f); !strings.Contains(got, want) {
			t.Errorf("%+v: %q, want %q", f, got, want)
		}
	}
}

func TestUnknownTargetIsNamed(t *testing.T) {
	for _, name := range []string{"nginx", "bare-", "bare-xms", "bare--1ms", "bare-5"} {
		if _, err := workshop(t).Start(t.Context(), name); err == nil || !strings.Contains(err.Error(), name) {
			t.Errorf("%q: %v", name, err)
		}
	}
}
