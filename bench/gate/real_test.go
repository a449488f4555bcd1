package gate

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"
)

// These tests build the server of the working tree, once as it is and once with something
// planted into the flush of a room (a change of its source, as of go build -overlay), and
// have the gate compare the real processes.

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

// What is planted: a statement, and what it needs.
const (
	allocated  = "planted = make([]byte, 64)"
	allocation = "var planted []byte\n"
	slowed     = "defer plantedSlowdown(plantedNow())"
)

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

// quick is the workload in a size for every day: with two thirds of the work in a round,
// ten rounds saw the planted tenth in each of 200 draws from 20 rounds of 24 slices, under a
// threshold of 3.7 % (5.0 % at most); with a third of it in 78 of 100.
var quick = room{parts: 12, watched: 2 * time.Second}

// compared has the gate compare the working tree with itself, or with what is planted.
func compared(t *testing.T, overlay string) (said string, shut bool) {
	t.Helper()
	if testing.Short() {
		t.Skip("drives other programs for a minute")
	}
	root, err := moduleRoot(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	var out strings.Builder
	dir := t.TempDir()
	g := &gate{Config: Config{Rounds: roundsMin, Most: 2 * roundsMin, Anyway: overlay == "", Overlay: overlay, Profiles: filepath.Join(dir, "profiles")}, out: &out, root: root, dir: dir, began: time.Now()}
	old := &build{name: "base", commit: "HEAD", source: root, out: filepath.Join(dir, "base")}
	now := &build{name: "head", source: root, out: filepath.Join(dir, "head"), overlay: overlay}
	if err := g.compare(t.Context(), quick, old, now); err != nil {
		t.Fatal(err)
	}
	t.Logf("after %.0f s:\n%s", time.Since(g.began).Seconds(), out.String())
	return out.String(), len(g.failures) > 0
}

// canSee skips where the machine was too busy to see a tenth: the gate says so too.
func canSee(t *testing.T, said string) {
	t.Helper()
	const most = 7 // percent: what is planted is 8 to 10 of the whole
	for _, found := range regexp.MustCompile(`fanout: .*threshold (\d+\.\d) %`).FindAllStringSubmatch(said, -1) {
		if x, err := strconv.ParseFloat(found[1], 64); err != nil || x > most {
			t.Skipf("the machine is too busy: the gate could not see less than %s %%", found[1])
		}
	}
}

func TestSameServerPasses(t *testing.T) {
	said, shut := compared(t, "")
	if shut || !strings.Contains(said, "fanout: ") {
		t.Errorf("shut %v", shut)
	}
}

func TestATenthMoreInFanoutShutsTheGate(t *testing.T) {
	overlay := plant(t, slowed, slowdown)
	said, shut := compared(t, overlay)
	for range 2 { // all of 3 repeats agree nine times of ten
		if !shut {
			said, shut = compared(t, overlay)
		}
	}
	if !shut {
		canSee(t, said)
	}
	isShut(t, said, shut)
}

// isShut wants the whole message of a slower fan-out, and profiles that can be compared.
func isShut(t *testing.T, said string, shut bool) {
	t.Helper()
	for _, want := range []string{"FAIL fanout: ", "slower, as 3 of 3 repeats say", "profiles:  go tool pprof", "reproduce: go run ./bench gate --level time --base "} {
		if !shut || !strings.Contains(said, want) {
			t.Errorf("shut %v, and never said %q", shut, want)
		}
	}
	line := regexp.MustCompile(`go tool pprof -top -diff_base \S+ \S+`).FindString(said)
	if line == "" {
		t.Fatal("no line that compares the profiles")
	}
	words := strings.Fields(line)
	top, err := exec.CommandContext(t.Context(), words[0], words[1:]...).CombinedOutput()
	if err != nil {
		t.Fatalf("%s: %v\n%s", line, err, top)
	}
	t.Logf("%s\n%.1500s", line, top)
	if !strings.Contains(string(top), "chat.plantedSlowdown") {
		t.Errorf("the difference of the profiles does not show what was planted:\n%s", top)
	}
}

func TestAllocationInFanoutShutsTheGate(t *testing.T) {
	if testing.Short() {
		t.Skip("builds a test program")
	}
	root, err := moduleRoot(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for overlay, want := range map[string]int{"": 0, plant(t, allocated, allocation): 3} {
		var out strings.Builder
		g := &gate{Config: Config{Overlay: overlay}, out: &out, root: root}
		for _, a := range allocations {
			if a.pack != "./edge/chat" {
				continue
			}
			if err := g.allocationsOf(t.Context(), a); err != nil {
				t.Fatal(err)
			}
		}
		t.Log(out.String())
		if len(g.failures) != want || strings.Count(out.String(), "FAIL edge/chat Fanout/members=") != want {
			t.Errorf("overlay %q: %q fail, want %d", overlay, g.failures, want)
		}
	}
}
