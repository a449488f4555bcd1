package gate

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"strings"
	"testing"
	"time"
)

// The whole of the gate over real processes takes a quarter of an hour and wants a
// machine to itself:
//
//	UPROAR_GATE=full go test -count=1 -v -timeout 1h -run Whole ./bench/gate
//
// The noise that other tests draw from is recorded with
//
//	UPROAR_GATE=record go test -count=1 -v -run Record ./bench/gate
func only(t *testing.T, mode string) {
	t.Helper()
	if os.Getenv("UPROAR_GATE") != mode {
		t.Skip("takes a quarter of an hour; set UPROAR_GATE to " + mode)
	}
}

// check runs the gate as the command does, and returns what it said, and whether it is shut.
func check(t *testing.T, c Config) (said string, shut bool) {
	t.Helper()
	var out strings.Builder
	began := time.Now()
	c.Log = func(format string, args ...any) {
		fmt.Fprintf(os.Stderr, "    %s: "+format+"\n", append([]any{t.Name()}, args...)...)
	}
	err := c.Check(t.Context(), &out)
	t.Logf("after %.0f s: %v\n%s", time.Since(began).Seconds(), err, out.String())
	if err != nil && !errors.Is(err, ErrShut) {
		t.Fatal(err)
	}
	return out.String(), err != nil
}

func TestWholeGateLetsHEADPassTwentyTimesOfTwenty(t *testing.T) {
	only(t, "full")
	const runs = 20
	began := time.Now()
	for n := range runs {
		if _, shut := check(t, Config{Level: "time", Base: "HEAD", Head: "HEAD", Anyway: true, Most: roundsMin}); shut {
			t.Errorf("run %d: the gate is shut", n+1)
		}
		took := time.Since(began)
		fmt.Fprintf(os.Stderr, "%d of %d runs of HEAD against itself, about %.0f s left\n", n+1, runs, (took / time.Duration(n+1) * time.Duration(runs-n-1)).Seconds())
	}
}

func TestWholeGateShutsOnATenthMoreInFanout(t *testing.T) {
	only(t, "full")
	said, shut := check(t, Config{Level: "time", Base: "HEAD", Overlay: plant(t, slowed, slowdown), Only: []string{"fanout"}, Profiles: t.TempDir()})
	isShut(t, said, shut)
}

func TestWholeGateShutsOnAnAllocationInFanout(t *testing.T) {
	only(t, "full")
	said, shut := check(t, Config{Level: "exact", Overlay: plant(t, allocated, allocation)})
	for _, members := range []int{1, 100, 1000} {
		if want := fmt.Sprintf("FAIL edge/chat Fanout/members=%d: ", members); !shut || !strings.Contains(said, want) {
			t.Errorf("shut %v, and never said %q", shut, want)
		}
	}
	if strings.Count(said, "FAIL") != 3 {
		t.Errorf("other budgets fail too")
	}
}

func TestRecordNoise(t *testing.T) {
	only(t, "record")
	root, err := moduleRoot(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	b := build{name: "head", source: root, out: t.TempDir()}
	noise := map[string][][sides]float64{}
	for _, w := range workloads() {
		program, err := w.build(t.Context(), &b)
		if err != nil {
			t.Fatal(err)
		}
		began := time.Now()
		for n := range 10 {
			r, err := runRound(t.Context(), w, [2]string{program, program}, n)
			if err != nil {
				t.Fatal(err)
			}
			for i, s := range w.series() {
				noise[s.name] = append(noise[s.name], r[i])
			}
		}
		for _, s := range w.series() {
			t.Logf("%v; %.0f s", judge(s, noise[s.name]), time.Since(began).Seconds())
		}
	}
	text, err := json.Marshal(noise)
	if err == nil {
		err = os.WriteFile("testdata/recorded.json", text, 0o644)
	}
	if err != nil {
		t.Fatal(err)
	}
}
