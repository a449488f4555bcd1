package scenario

import (
	"context"
	"fmt"
	"time"

	"uproar/bench/load"
	"uproar/bench/meter"
	"uproar/bench/target"
)

// Idle is the scenario.
var Idle = Scenario{
	Name: "idle",
	Help: "Memory of members that only answer PING.",
	New:  func() Config { return defaults(new(IdleConfig)) },
}

// IdleConfig says how many members sit in a room and say nothing. The default is what
// one generator process can hold.
type IdleConfig struct {
	Steps        []int         `json:"steps" name:"members" default:"2000,6000,10000" help:"Numbers of members at which memory is read, growing; comma-separated."`
	PingInterval time.Duration `json:"ping_interval" default:"5s" help:"How often the server sends PING; every one is answered."`
	Settle       time.Duration `json:"settle" default:"30s" help:"How long to wait, at most, until memory stands still."`
	Targets      []string      `json:"targets,omitempty" name:"target" help:"Who is measured, comma-separated: see fanout. When absent: uproar; of the command peers, all. Peers send PING as they like."`
}

// Choose is Contest's.
func (c *IdleConfig) Choose(all bool) {
	if len(c.Targets) == 0 {
		c.Targets = contestants([]string{"uproar"}, all)
	}
}

// Smoke is Config's.
func (c IdleConfig) Smoke() Config {
	return &IdleConfig{Steps: []int{100, 300}, PingInterval: 500 * time.Millisecond, Settle: 2 * time.Second}
}

// IdleStep is the server's memory with so many members.
type IdleStep struct {
	Members int          `json:"members"`
	Memory  meter.Memory `json:"memory"`
}

// IdleResult is what idle members cost.
type IdleResult struct {
	Target         string       `json:"target,omitempty"`
	Empty          meter.Memory `json:"empty"` // before the first member
	Steps          []IdleStep   `json:"steps"`
	BytesPerMember float64      `json:"bytes_per_member"` // slope of RSS over the steps
	JoinMicros     float64      `json:"join_cpu_us"`      // server CPU per connect, register and join
	BeatMicros     float64      `json:"beat_cpu_us"`      // server CPU per PING answered, while idle
	Pings          int64        `json:"pings"`            // answered
	Ended          int64        `json:"ended"`            // members that did not stay: must be 0
	Oddities       []string     `json:"oddities,omitempty"`

	Beside   []IdleResult `json:"beside,omitempty"`   // the other targets, when there are several
	Company  []Peer       `json:"company,omitempty"`  // the peers among the targets
	Failures []string     `json:"failures,omitempty"` // of peers, that stand in no row
}

// Run measures one target after the other.
func (c IdleConfig) Run(ctx context.Context, w *Workshop) (Result, error) {
	c.Choose(false)
	targets, company, err := w.muster(ctx, c.Targets)
	if err != nil {
		return nil, err
	}
	var all []IdleResult
	var failures []string
	for i, name := range targets {
		others := time.Duration((len(targets)-i-1)*len(c.Steps)) * c.stepTime()
		r, err := idle(ctx, w, c, name, others)
		switch {
		case err == nil:
			all = append(all, r)
		case ctx.Err() == nil && isOf(company, name):
			failures = append(failures, failure(name, err))
		default:
			return nil, err
		}
	}
	if len(all) == 0 {
		return nil, fmt.Errorf("cannot measure any of %q: %q", c.Targets, append(roll(company), failures...))
	}
	r := all[0]
	r.Beside, r.Company, r.Failures = all[1:], company, failures
	return r, nil
}

// stepTime is about how long a step takes.
func (c IdleConfig) stepTime() time.Duration { return 2*c.PingInterval + 3*time.Second }

// start runs the server of that name.
func (c IdleConfig) start(ctx context.Context, w *Workshop, name string) (*target.Server, error) {
	if wire, ok := map[string]load.Wire{"uproar": load.WebSocket, "uproar-tcp": load.TCP}[name]; ok {
		return w.EdgeServer(ctx, target.EdgeConfig{Wire: wire, PingInterval: c.PingInterval})
	}
	return w.Start(ctx, name)
}

// idle measures one target; others is how long those after it will take.
func idle(ctx context.Context, w *Workshop, c IdleConfig, name string, others time.Duration) (IdleResult, error) {
	r := IdleResult{Target: name}
	server, err := c.start(ctx, w, name)
	if err != nil {
		return r, err
	}
	g, err := gather(ctx, server, load.SwarmConfig{TextBytes: load.TextBytesMin}, 0)
	if err != nil {
		return r, err
	}
	defer g.disperse()
	if r.Empty, err = settledMemory(ctx, g, min(time.Second, c.PingInterval), 2*time.Second); err != nil {
		return r, err
	}
	var joining, beating time.Duration
	var beats int64
	for i, n := range c.Steps {
		w.Expect(time.Duration(len(c.Steps)-i)*c.stepTime() + others)
		w.Log("idle: %s, %d members", name, n)
		cpu, err := g.cpuOf(func() error { return g.grow(ctx, n) })
		if err != nil {
			return r, err
		}
		joining += cpu
		before := g.swarm.Tally().Pings
		step := IdleStep{Members: n}
		cpu, err = g.cpuOf(func() error {
			step.Memory, err = settledMemory(ctx, g, 2*c.PingInterval+time.Second, c.Settle)
			return err
		})
		if err != nil {
			return r, err
		}
		beating += cpu
		beats += g.swarm.Tally().Pings - before
		r.Steps = append(r.Steps, step)
	}
	r.sum(g.swarm.Tally(), joining, beating, beats)
	return r, nil
}

func (r *IdleResult) sum(t load.Tally, joining, beating time.Duration, beats int64) {
	var x, y []float64
	for _, s := range r.Steps {
		x, y = append(x, float64(s.Members)), append(y, float64(s.Memory.RSS))
	}
	if len(x) == 1 {
		x, y = append(x, 0), append(y, float64(r.Empty.RSS))
	}
	r.BytesPerMember = meter.Slope(x, y)
	r.Pings, r.Ended, r.Oddities = t.Pings, t.EOF+t.Broken, t.Oddities
	if t.Ready > 0 {
		r.JoinMicros = float64(joining.Nanoseconds()) / 1e3 / float64(t.Ready)
	}
	if beats > 0 {
		r.BeatMicros = float64(beating.Nanoseconds()) / 1e3 / float64(beats)
	}
}

// cpuOf returns the CPU time that process pid used while f ran.
func cpuOf(pid int, f func() error) (time.Duration, error) {
	before, err := meter.CPU(pid)
	if err != nil {
		return 0, err
	}
	if err := f(); err != nil {
		return 0, err
	}
	after, err := meter.CPU(pid)
	return after - before, err
}

// settledMemory waits at least the time least, then until three readings, half a
// second apart, differ by less than 1 %, and returns the last. After limit it
// takes what there is.
func settledMemory(ctx context.Context, g *crowd, least, limit time.Duration) (meter.Memory, error) {
	if err := pause(ctx, least); err != nil {
		return meter.Memory{}, err
	}
	end := time.Now().Add(limit)
	var last meter.Memory
	for steady := 0; ; {
		m, err := g.memory()
		if err != nil {
			return m, err
		}
		if diff := m.RSS - last.RSS; diff*100 < m.RSS && -diff*100 < m.RSS {
			steady++
		} else {
			steady = 0
		}
		last = m
		if steady >= 2 || time.Now().After(end) {
			return m, nil
		}
		if err := pause(ctx, 500*time.Millisecond); err != nil {
			return m, err
		}
	}
}

// Check fails when a member of Uproar did not stay.
func (r IdleResult) Check() error {
	for _, one := range r.all() {
		if one.Ended != 0 && !isOf(r.Company, one.Target) {
			return fmt.Errorf("%d members did not stay: %q", one.Ended, one.Oddities)
		}
	}
	return nil
}

// all is r and those beside it.
func (r IdleResult) all() []IdleResult { return append([]IdleResult{r}, r.Beside...) }

// Peers is Accompanied's.
func (r IdleResult) Peers() []Peer { return r.Company }

// Header is Result's.
func (r IdleResult) Header() []string {
	if len(r.Beside) > 0 {
		return []string{"target", "members", "bytes/member", "join CPU us", "RSS MB", "private MB", "pings", "ended"}
	}
	return []string{"members", "RSS MB", "private MB", "bytes/member", "join CPU us", "CPU us/PING", "pings", "ended"}
}

// Cells is Result's: a row for each step, and the slope over them; or, of several targets,
// one row for each.
func (r IdleResult) Cells() [][]string {
	var rows [][]string
	if len(r.Beside) > 0 {
		for _, one := range r.all() {
			last := one.Steps[len(one.Steps)-1]
			rows = append(rows, []string{one.Target, fmt.Sprint(last.Members), fmt.Sprintf("%.0f", one.BytesPerMember), fmt.Sprintf("%.1f", one.JoinMicros),
				megabytes(last.Memory.RSS), megabytes(last.Memory.Private), fmt.Sprint(one.Pings), fmt.Sprint(one.Ended)})
		}
		return rows
	}
	rows = append(rows, []string{"0", megabytes(r.Empty.RSS), megabytes(r.Empty.Private), "", "", "", "", ""})
	for _, s := range r.Steps {
		rows = append(rows, []string{fmt.Sprint(s.Members), megabytes(s.Memory.RSS), megabytes(s.Memory.Private), "", "", "", "", ""})
	}
	return append(rows, []string{"slope", "", "", fmt.Sprintf("%.0f", r.BytesPerMember), fmt.Sprintf("%.1f", r.JoinMicros),
		fmt.Sprintf("%.1f", r.BeatMicros), fmt.Sprint(r.Pings), fmt.Sprint(r.Ended)})
}

// Remarks is Result's.
func (r IdleResult) Remarks() []string {
	remarks := append(roll(r.Company), r.Failures...)
	for _, one := range r.all() {
		remarks = append(remarks, one.Oddities...)
	}
	return remarks
}

func megabytes(n int64) string { return fmt.Sprintf("%.1f", float64(n)/(1<<20)) }
