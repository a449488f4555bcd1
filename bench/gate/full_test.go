package gate

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// The gate over real processes takes an hour and wants a machine to itself:
//
//	UPROAR_GATE=full go test -count=1 -v -timeout 3h -run Real ./bench/gate
//
// The noise that the other tests draw from is recorded with
//
//	UPROAR_GATE=record go test -count=1 -v -run Record ./bench/gate
func only(t *testing.T, mode string) {
	t.Helper()
	if os.Getenv("UPROAR_GATE") != mode {
		t.Skip("takes minutes to an hour; set UPROAR_GATE to " + mode)
	}
}

// check runs the gate and returns what it said, and whether it is shut.
func check(t *testing.T, c Config) (said string, shut bool) {
	t.Helper()
	var out strings.Builder
	began := time.Now()
	err := c.Check(t.Context(), &out)
	t.Logf("after %.0f s: %v\n%s", time.Since(began).Seconds(), err, out.String())
	if err != nil && !errors.Is(err, ErrShut) {
		t.Fatal(err)
	}
	return out.String(), err != nil
}

func TestRealRunsOfHEADAgainstItselfPass(t *testing.T) {
	only(t, "full")
	for n := range 20 {
		if _, shut := check(t, Config{Level: "time", Base: "HEAD", Head: "HEAD", Anyway: true}); shut {
			t.Errorf("run %d: the gate is shut", n+1)
		}
	}
}

// plant makes an overlay in which a flush of a room to its members begins with stmt.
func plant(t *testing.T, stmt, more string) string {
	t.Helper()
	root, err := moduleRoot(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	target, dir := filepath.Join(root, "edge/chat/fanout.go"), t.TempDir()
	source, err := os.ReadFile(target)
	if err != nil {
		t.Fatal(err)
	}
	const flush = "\nfunc (r *room) flush() {\n"
	if strings.Count(string(source), flush) != 1 {
		t.Fatalf("cannot find %q in %s", flush, target)
	}
	files := map[string]string{
		target: strings.Replace(string(source), flush, flush+"\t"+stmt+"\n", 1),
		filepath.Join(root, "edge/chat/planted.go"): "package chat\n\n" + more,
	}
	replace := map[string]string{}
	for path, text := range files {
		replace[path] = filepath.Join(dir, filepath.Base(path))
		if err := os.WriteFile(replace[path], []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	overlay := filepath.Join(dir, "overlay.json")
	text, err := json.Marshal(map[string]any{"Replace": replace})
	if err == nil {
		err = os.WriteFile(overlay, text, 0o600)
	}
	if err != nil {
		t.Fatal(err)
	}
	return overlay
}

// slowdown works for another tenth of the time that the thread has worked since began.
const slowdown = `import "golang.org/x/sys/unix"

func plantedNow() int64 {
	var ts unix.Timespec
	_ = unix.ClockGettime(unix.CLOCK_THREAD_CPUTIME_ID, &ts)
	return ts.Nano()
}

func plantedSlowdown(began int64) {
	now := plantedNow()
	for end := now + min(max((now-began)/10, 0), 10_000_000); plantedNow() < end; {
	}
}
`

func TestRealSlowdownOfATenthInFanoutShutsTheGate(t *testing.T) {
	only(t, "full")
	overlay := plant(t, "defer plantedSlowdown(plantedNow())", slowdown)
	said, shut := check(t, Config{Level: "time", Base: "HEAD", Overlay: overlay, Only: []string{"fanout"}, Profiles: t.TempDir()})
	for _, want := range []string{"FAIL fanout: ", "slower, as 3 of 3 repeats say", "profiles:  go tool pprof", "reproduce: go run ./bench gate --level time --base "} {
		if !shut || !strings.Contains(said, want) {
			t.Errorf("shut %v, and never said %q", shut, want)
		}
	}
}

func TestRealAllocationInFanoutShutsTheGate(t *testing.T) {
	only(t, "full")
	overlay := plant(t, "planted = make([]byte, 64)", "var planted []byte\n")
	said, shut := check(t, Config{Level: "exact", Overlay: overlay})
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
