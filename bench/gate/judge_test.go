package gate

import (
	"context"
	"encoding/json"
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"
)

// recorded is noise from testdata/noise.json, which holds, by series, the figures of one
// program run three times in each of many rounds, on two cores with a load of ten to
// fourteen, in slices six times as long as today's. Share is how much of it to take:
// half of it is about what there is with a load of four.
func recorded(t *testing.T, name string, share float64) [][sides]float64 {
	t.Helper()
	data, err := os.ReadFile("testdata/noise.json")
	if err != nil {
		t.Fatal(err)
	}
	var all map[string][][sides]float64
	if err := json.Unmarshal(data, &all); err != nil {
		t.Fatal(err)
	}
	if len(all[name]) < 10 {
		t.Fatalf("%d rounds of %q", len(all[name]), name)
	}
	for i := range all[name] {
		f := &all[name][i]
		mean := math.Cbrt(f[base] * f[again] * f[head])
		for side := range f {
			f[side] = mean * math.Pow(f[side]/mean, share)
		}
	}
	return all[name]
}

// noisy is a workload whose figures are recorded noise, and what head costs beyond.
type noisy struct {
	of     series
	noise  [][sides]float64
	slower float64 // head takes so many times as long
	random *rand.Rand
	row    [sides]float64
	opened int
}

func (n *noisy) series() []series { return []series{n.of} }
func (n *noisy) slices() int      { return 5 }

func (n *noisy) build(_ context.Context, b *build) (string, error) {
	path := filepath.Join(b.out, b.name)
	return path, os.WriteFile(path, []byte(b.name), 0o600)
}

// open draws a round when its first side opens: which side has which figure is chance.
func (n *noisy) open(_ context.Context, program string) (session, error) {
	if n.opened%sides == 0 {
		n.row = n.noise[n.random.IntN(len(n.noise))]
		n.random.Shuffle(sides, func(i, k int) { n.row[i], n.row[k] = n.row[k], n.row[i] })
	}
	figure := n.row[n.opened%sides]
	n.opened++
	if filepath.Base(program) == "head" {
		figure *= n.slower
	}
	return figureSession(figure), nil
}

func (n *noisy) profile(_ context.Context, program, path string) error {
	return os.WriteFile(path, []byte(program), 0o600)
}

type figureSession float64

func (f figureSession) slice(context.Context) ([]float64, error) { return []float64{float64(f)}, nil }
func (f figureSession) close()                                   {}

// sentence runs the whole of level time over recorded noise. It returns what the gate
// said, and whether it is shut.
func sentence(t *testing.T, s series, share, slower float64, seed uint64) (said string, shut bool) {
	t.Helper()
	var out strings.Builder
	dir := t.TempDir()
	g := &gate{Config: Config{Rounds: roundsMin, Most: 2 * roundsMin, Profiles: filepath.Join(dir, "profiles")}, out: &out, dir: dir}
	w := &noisy{of: s, noise: recorded(t, s.name, share), slower: slower, random: rand.New(rand.NewPCG(seed, 5))}
	if err := g.compare(t.Context(), w, &build{name: "base", commit: "abc1234", out: dir}, &build{name: "head", out: dir}); err != nil {
		t.Fatal(err)
	}
	return out.String(), len(g.failures) > 0
}

func everySeries() (all []series) {
	for _, w := range workloads() {
		all = append(all, w.series()...)
	}
	return all
}

func TestTwentyOfTwentyRunsOfAProgramAgainstItselfPass(t *testing.T) {
	for _, s := range everySeries() {
		for seed := range uint64(20) {
			for _, share := range []float64{1, 0.5} {
				if said, shut := sentence(t, s, share, 1, seed); shut {
					t.Errorf("%s, seed %d: the gate is shut:\n%s", s.name, seed, said)
				}
			}
		}
	}
}

func TestPlantedSlowdownOfATenthShutsTheGate(t *testing.T) {
	fanout := everySeries()[0]
	for seed := range uint64(20) {
		said, shut := sentence(t, fanout, 0.5, 1.1, seed)
		want := regexp.MustCompile(`(?s)FAIL fanout: \d+\.\d+ µs of server CPU per line and member, base \d+\.\d+: \+\d+\.\d % \(p = 0\.0\d+, threshold \d+\.\d %, \d+ rounds\): slower, as 3 of 3 repeats say` +
			`.*go tool pprof -top -diff_base \S+fanout-base.pprof \S+fanout-head.pprof.*go run ./bench gate --level time --base abc1234 --only fanout\n`)
		if !shut || !want.MatchString(said) {
			t.Errorf("seed %d: shut %v, said:\n%s", seed, shut, said)
		}
	}
}

// The busier the machine, the larger what the gate can see.
func TestPlantedSlowdownShutsTheGateOnABusyMachine(t *testing.T) {
	for seed := range uint64(20) {
		if said, shut := sentence(t, everySeries()[0], 1, 1.2, seed); !shut {
			t.Errorf("seed %d: open:\n%s", seed, said)
		}
	}
}

func TestProfilesOfBothSidesAreKept(t *testing.T) {
	said, _ := sentence(t, everySeries()[0], 1, 2, 1)
	for _, path := range regexp.MustCompile(`\S+\.pprof`).FindAllString(said, -1) {
		data, err := os.ReadFile(path)
		if side := strings.TrimSuffix(path[strings.LastIndex(path, "-")+1:], ".pprof"); err != nil || filepath.Base(string(data)) != side {
			t.Errorf("%s holds the profile of %q, %v", path, data, err)
		}
	}
	if n := strings.Count(said, ".pprof"); n != 2 {
		t.Errorf("%d profiles:\n%s", n, said)
	}
}

func TestFasterHeadPasses(t *testing.T) {
	if said, shut := sentence(t, everySeries()[0], 1, 0.7, 3); shut || !strings.Contains(said, ": faster") {
		t.Errorf("shut %v:\n%s", shut, said)
	}
}

func TestTheSameProgramIsNotMeasured(t *testing.T) {
	path := filepath.Join(t.TempDir(), "program")
	if err := os.WriteFile(path, []byte("x"), 0o600); err != nil {
		t.Fatal(err)
	}
	for anyway, want := range map[bool]bool{false: true, true: false} {
		g := &gate{Config: Config{Anyway: anyway}}
		if same, err := g.same([2]string{path, path}); same != want || err != nil {
			t.Errorf("anyway %v: same %v, %v", anyway, same, err)
		}
	}
}

func TestGateThatRanOutOfTimeSaysWhatItLeftOut(t *testing.T) {
	var out strings.Builder
	dir := t.TempDir()
	g := &gate{Config: Config{Rounds: roundsMin, Most: 2 * roundsMin, Within: time.Nanosecond}, out: &out, dir: dir, began: time.Now()}
	w := &noisy{of: everySeries()[0], noise: recorded(t, "fanout", 0.5), slower: 2, random: rand.New(rand.NewPCG(1, 5))}
	if err := g.compare(t.Context(), w, &build{name: "base", out: dir}, &build{name: "head", out: dir}); err != nil {
		t.Fatal(err)
	}
	if len(g.failures) > 0 || !strings.Contains(out.String(), "fanout: looks slower, but 1ns are over before 3 repeats could agree") {
		t.Errorf("%v:\n%s", g.failures, out.String())
	}
}

func TestRepeatsMustAgree(t *testing.T) {
	var out strings.Builder
	g := &gate{out: &out}
	s := series{name: "fanout", unit: "µs", floor: 0.03, blind: 0.05}
	slow, fine := verdict{series: s, delta: 0.2, p: 0.001, threshold: 0.03}, verdict{series: s, delta: 0.01, p: 0.6, threshold: 0.03}
	still, _ := g.suspects([]series{s}, []verdict{slow}, 1)
	if len(still) != 1 {
		t.Fatal("a slow repeat was let go")
	}
	if still, _ = g.suspects(still, []verdict{fine}, 2); len(still) != 0 || !strings.Contains(out.String(), "repeat 2 does not agree") {
		t.Errorf("%v are still suspects:\n%s", still, out.String())
	}
}

// What is sure but small, or large but unsure, is no regression.
func TestVerdictNeedsBothRanksAndSize(t *testing.T) {
	s := series{name: "fanout", unit: "µs", floor: 0.03, blind: 0.05}
	steady := make([][sides]float64, 10)
	for i := range steady {
		x := float64(i) / 1000
		steady[i] = [sides]float64{base: 5 + x, again: 5 + 2*x, head: 5.1 + x}
	}
	if v := judge(s, steady); v.p >= alpha || v.slower() {
		t.Errorf("2 %%, surely: %v", v)
	}
	wild := make([][sides]float64, 10)
	for i := range wild {
		wild[i] = [sides]float64{base: 5, again: 5 + float64(i%3-1), head: 5 + float64(i%4-1)}
	}
	if v := judge(s, wild); v.slower() {
		t.Errorf("noise: %v", v)
	}
	if v := judge(s, [][sides]float64{{1, 1, 1}, {1, 1, 1}}); v.p != 1 || v.slower() {
		t.Errorf("all alike: %v", v)
	}
}

func TestCentreLeavesOutWhatTheMachineDid(t *testing.T) {
	if got := centre([]float64{900, 5, 4, 5, 6, 5, 5, 5, 5, 0}); got != 5 {
		t.Errorf("centre is %v, want 5", got)
	}
}

func TestRoundGivesEachSideItsTurn(t *testing.T) {
	var first, last [sides]int
	for _, o := range orders {
		first[o[0]]++
		last[o[sides-1]]++
		if o[0] == o[1] || o[1] == o[2] || o[0] == o[2] {
			t.Errorf("order %v leaves a side out", o)
		}
	}
	if fmt.Sprint(first, last) != "[2 2 2] [2 2 2]" {
		t.Errorf("first %v, last %v", first, last)
	}
	n := &noisy{of: series{name: "x"}, noise: [][sides]float64{{1, 1, 1}}, slower: 3, random: rand.New(rand.NewPCG(1, 1))}
	r, err := runRound(t.Context(), n, [2]string{"base", "head"}, 4)
	if err != nil || fmt.Sprintf("%.3f", r) != "[[1.000 1.000 3.000]]" {
		t.Errorf("a round gave %.3f, %v", r, err)
	}
}
