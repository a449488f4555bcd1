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

func TestScenariosRunInSmokeSize(t *testing.T) {
	if testing.Short() {
		t.Skip("drives other programs, which the race detector cannot see into")
	}
	w := edgeWorkshop(t)
	for _, s := range All {
		t.Run(s.Name, func(t *testing.T) {
			w.Log = t.Logf
			config := s.New().Smoke()
			result, err := config.Run(t.Context(), w)
			if err != nil {
				t.Fatal(err)
			}
			for _, row := range result.Cells() {
				t.Log(row)
				if len(row) != len(result.Header()) {
					t.Errorf("a row of %d cells under a header of %d", len(row), len(result.Header()))
				}
			}
			if len(result.Cells()) == 0 {
				t.Error("an empty table")
			}
			if c, ok := result.(Checker); ok && c.Check() != nil {
				t.Error(c.Check())
			}
			plausible(t, config, result)
		})
	}
}

// plausible judges figures that a Check cannot, because it does not know the Config.
func plausible(t *testing.T, config Config, result Result) {
	t.Helper()
	switch r := result.(type) {
	case FanoutResult:
		c := config.(*FanoutConfig)
		for _, row := range r.Rows {
			checkFanout(t, row, *c)
		}
		if bare := r.Rows[2]; bare.Ratio != 1 || r.Rows[3].P50 < bare.P50 {
			t.Errorf("want the bare loop as ruler, and batches of 5 ms that are slower than none: %v", r.Cells()[2:])
		}
	case IdleResult:
		if r.Pings < 600 || len(r.Steps) != 2 || r.JoinMicros <= 0 {
			t.Errorf("want 300 members that answer PING: %+v", r)
		}
	case SlowResult:
		if r.P99Alike <= 0 || r.P99Others <= 0 {
			t.Errorf("want latencies of both kinds of run: %+v", r)
		}
	}
}

func checkFanout(t *testing.T, r FanoutRow, c FanoutConfig) {
	t.Helper()
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

func TestCheckFindsWhatMustNotBe(t *testing.T) {
	bad := []Checker{
		FanoutResult{Rows: []FanoutRow{{Target: "uproar", Lost: 2, Told: 1}}},
		IdleResult{Ended: 1},
		SlowResult{LostOthers: 1},
		SlowResult{Slow: load.Fate{Ready: true, Lost: 9}},
		DrainResult{Members: 2, Reconnects: 1, EOF: 2},
		DrainResult{Members: 1, Reconnects: 1, EOF: 1, Reordered: 1},
	}
	for _, c := range bad {
		if c.Check() == nil {
			t.Errorf("%+v passed", c)
		}
	}
	good := []Checker{
		FanoutResult{Rows: []FanoutRow{{Target: "uproar", Lost: 2, Told: 2}, {Target: "bare", Lost: 1}}},
		SlowResult{Slow: load.Fate{Ended: true, Lost: 9}},
		DrainResult{Members: 1, Reconnects: 1, EOF: 1},
	}
	for _, c := range good {
		if err := c.Check(); err != nil {
			t.Errorf("%+v: %v", c, err)
		}
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

func TestParseRow(t *testing.T) {
	got, err := ParseRow("1000x86.5")
	if err != nil || got != (Row{Members: 1000, Rate: 86.5}) || got.String() != "1000x86.5" {
		t.Errorf("got %+v, %v", got, err)
	}
	for _, bad := range []string{"", "1000", "x5", "0x5", "5x0", "5x", "axb", "5xNaN"} {
		if _, err := ParseRow(bad); err == nil {
			t.Errorf("%q was taken for a row", bad)
		}
	}
}

func TestParseSize(t *testing.T) {
	for text, want := range map[string]Size{"64MB": 64 << 20, "500KB": 500 << 10, "7": 7} {
		if got, err := ParseSize(text); err != nil || got != want {
			t.Errorf("%q is %d, %v; want %d", text, got, err, want)
		}
	}
	for _, bad := range []string{"", "MB", "0", "-1KB", "1.5MB", "1GB"} {
		if _, err := ParseSize(bad); err == nil {
			t.Errorf("%q was taken for a size", bad)
		}
	}
}
