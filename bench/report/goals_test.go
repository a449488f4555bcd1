package report

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"uproar/bench/scenario"
)

// made is an entry of a scenario with that result, at a commit.
func made(t *testing.T, name, commit string, minute int, result scenario.Result) Entry {
	t.Helper()
	e := entry(t, commit, minute, 6, 5)
	e.Scenario, e.Command = name, "go run ./bench run "+name
	e.Header, e.Cells, e.Charts = result.Header(), result.Cells(), nil
	var err error
	if e.Result, err = json.Marshal(result); err != nil {
		t.Fatal(err)
	}
	return e
}

// judged are the goals with a figure, by name.
func judged(t *testing.T, all ...runs) map[string]goal {
	t.Helper()
	found, err := goals(all)
	if err != nil {
		t.Fatal(err)
	}
	byName := map[string]goal{}
	for _, g := range found {
		if g.got != "" {
			byName[g.what] = g
		}
	}
	return byName
}

func TestFanoutIsJudgedByTheBareLoop(t *testing.T) {
	got := judged(t, current([]Entry{entry(t, "aaa", 0, 6, 5), entry(t, "bbb", 1, 7, 5)}, nil)...)
	g := got["fan-out, 5,000 members, 20 lines/s: CPU"]
	if len(got) != 1 || g.met || g.got != "1.40 times the bare loop's" || g.want != "at most 1.25 times the bare loop's" {
		t.Errorf("a ratio of 1.4 at 5,000 members: %+v", got)
	}
}

func TestRulerThatDidNotKeepUpIsNamed(t *testing.T) {
	e := entry(t, "aaa", 0, 6, 5)
	e.Result = []byte(strings.Replace(string(e.Result), `"target":"bare","sent":0,"unsent":0`, `"target":"bare","sent":0,"unsent":9`, 1))
	g := judged(t, runs{e})["fan-out, 5,000 members, 20 lines/s: CPU"]
	if !g.met || g.got != "1.20 times the bare loop's, which did not take all lines" {
		t.Errorf("%+v", g)
	}
}

func TestGoalThatNobodyMeasuredIsNamed(t *testing.T) {
	all, err := goals(nil)
	if err != nil {
		t.Fatal(err)
	}
	table := goalTable(all)
	for _, want := range []string{
		"| fan-out, 1,000 members, 50 lines/s: CPU | at most 1.25 times the bare loop's | not measured |",
		"| fan-out, 1,000 members, 1,000 lines/s: p99 | at most 60 ms | not measured |",
		"| process memory of an idle member | at most 1,536 bytes | not measured |",
		"| server CPU to connect, register and join, ws | at most 60 µs | not measured |",
		"| a million members: joined, and answer PING | at least 1,000,000 members | not measured |",
		"| the Pokémon room: p99, burst | at most 1,000 ms | not measured |",
		"| a slow member: memory of its own while 64 MB pass by | at most 4 KB | not measured |",
		"| clue: decisions a second of a core, warm cache, no sockets | at least 100,000 a second | not measured |",
		"| Redis is stopped for 30 s: from SIGCONT until no sender is refused | at most 1,000 ms | not measured |",
	} {
		if !strings.Contains(table, want) {
			t.Errorf("the goals lack %q:\n%s", want, table)
		}
	}
}

func TestSmallRoomIsNotJudged(t *testing.T) {
	for members, want := range map[int]int{1000: 0, 121000: 3} {
		r := &scenario.PokemonResult{Members: members, Phases: []scenario.Phase{{Name: "calm", P99: 200}, {Name: "burst", P99: 2000}}, Faults: scenario.Faults{Orders: 1}}
		got := judged(t, runs{made(t, "pokemon", "aaa", 0, r)})
		if len(got) != want {
			t.Errorf("%d members: %+v, want %d goals", members, got, want)
		}
		calm, burst := got["the Pokémon room: p99, calm"], got["the Pokémon room: p99, burst"]
		if want > 0 && (!calm.met || !calm.reached || burst.met || !got["the Pokémon room: lines"].met) {
			t.Errorf("want p99 missed in bursts alone: %+v", got)
		}
	}
}

func TestEveryGoalIsJudgedByItsScenario(t *testing.T) {
	million := &scenario.MillionResult{Members: 1e6, Pinged: 1e6, Lines: []float64{3, 6}, Footprint: scenario.Footprint{EdgeEach: 1200, KernelEach: 5000}, Faults: scenario.Faults{Orders: 1}}
	connect := &scenario.ConnectResult{Storms: []scenario.Storm{{Wire: "ws", EachMicros: 70}, {Wire: "tcp", EachMicros: 30}}}
	slow := scenario.SlowResult{GrowthAlike: 400 << 10, Growth: 160 << 10}
	got := judged(t, runs{made(t, "million", "a", 0, million)}, runs{made(t, "connect", "a", 0, connect)}, runs{made(t, "slow", "a", 0, slow)},
		runs{made(t, "idle", "a", 0, scenario.IdleResult{BytesPerMember: 1100})})
	for name, want := range map[string]string{
		"a million members: until all have a line":                                             "6.00 s  false",
		"a million members: memory of each, with the kernel's for both ends of its connection": "6,200 bytes true false",
		"server CPU to connect, register and join, ws":                                         "70.0 µs false false",
		"server CPU to connect, register and join, tcp":                                        "30.0 µs true true",
		"a slow member: memory of its own while 64 MB pass by":                                 "240 KB less than when all read true false",
		"process memory of an idle member":                                                     "1,100 bytes true false",
	} {
		g := got[name]
		row := []string{g.got, map[bool]string{true: "true", false: "false"}[g.met], map[bool]string{true: "true", false: "false"}[g.reached]}
		if g.want == "-" {
			row[1] = ""
		}
		if text := strings.Join(row, " "); text != want {
			t.Errorf("%s: %q, want %q", name, text, want)
		}
	}
}

func TestRunWithFlagsIsJudgedUnderThem(t *testing.T) {
	e := made(t, "idle", "a", 0, scenario.IdleResult{BytesPerMember: 1100})
	e.Command += " --members 100"
	if got := judged(t, runs{e}); got["process memory of an idle member, `--members 100`"].got == "" {
		t.Errorf("%+v", got)
	}
}

// listing is a Result of cells alone.
type listing struct {
	scenario.IdleResult
	header []string
	cells  [][]string
}

func (r listing) Header() []string  { return r.header }
func (r listing) Cells() [][]string { return r.cells }

func TestClueIsJudgedWithSocketsAndWithout(t *testing.T) {
	with := made(t, "clue", "a", 0, listing{header: []string{"store", "offered", "decided per core", "trips/batch"},
		cells: [][]string{{"embedded", "10000 lines/s", "1", "1.000"}, {"embedded", "flat out", "90000", "0.5"}, {"redis", "flat out", "9", "1.200"}}})
	without := made(t, "clue", "a", 0, listing{header: []string{"case", "cores", "decisions or lines/s"}, cells: [][]string{{"one hot room", "1", "500000"}, {"Redis", "2", "7"}}})
	without.Command = "go test -run '^$' -bench Clue ./core/clue/..."
	got := judged(t, current([]Entry{with, without}, nil)...)
	const name = "clue: decisions a second of a core, warm cache, "
	if g := got[name+"with sockets, flat out"]; g.got != "90,000 a second" || g.met {
		t.Errorf("%+v", g)
	}
	if g := got[name+"no sockets: one hot room"]; g.got != "500,000 a second" || !g.met || !g.reached {
		t.Errorf("%+v", g)
	}
	if g := got["clue: round trips to the store"]; g.got != "1.20 a batch" || g.met {
		t.Errorf("%+v", g)
	}
	all, err := goals(current([]Entry{with, without}, nil))
	if err != nil {
		t.Fatal(err)
	}
	for _, g := range all {
		if strings.HasPrefix(g.what, "clue: ") && g.got == "" {
			t.Errorf("measured, and called not measured: %+v", g)
		}
	}
}

func TestStopOfRedisIsJudged(t *testing.T) {
	result := `{"phases":[{"quiet_ms":10,"answer_ms":20,"ping_ms":3},{"quiet_ms":80,"answer_ms":300,"ping_ms":150}],"senders_ms":400,"exchange_ms":%s,
		"faults":{"orders":1},"bounds":{"stop":%s,"answer_max":470000000,"ping_max":100000000}}`
	e := made(t, "clue-stall", "a", 0, listing{header: []string{"Redis stopped"}, cells: [][]string{{"during"}}})
	for _, c := range []struct{ exchange, stop, want string }{
		{"900", "30000000000", "300 ms true, 150 ms false, 80.0 ms true, 400 ms true, 900 ms true, so it is true"},
		{"-1", "30000000000", "300 ms true, 150 ms false, 80.0 ms true, 400 ms true, never false, so it is true"},
		{"900", "1000000000", " true,  true,  true,  true,  true,  true"},
	} {
		e.Result = []byte(fmt.Sprintf(result, c.exchange, c.stop))
		all, err := stallGoals(runs{e})
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, g := range all {
			got = append(got, fmt.Sprint(g.got, " ", g.met))
		}
		if text := strings.Join(got, ", "); text != c.want {
			t.Errorf("%+v: %s", c, text)
		}
	}
}
