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
	Empty          meter.Memory `json:"empty"` // before the first member
	Steps          []IdleStep   `json:"steps"`
	BytesPerMember float64      `json:"bytes_per_member"` // slope of RSS over the steps
	JoinMicros     float64      `json:"join_cpu_us"`      // server CPU per connect, register and join
	BeatMicros     float64      `json:"beat_cpu_us"`      // server CPU per PING answered, while idle
	Pings          int64        `json:"pings"`            // answered
	Ended          int64        `json:"ended"`            // members that did not stay: must be 0
	Oddities       []string     `json:"oddities,omitempty"`
}

// Run measures Uproar over WebSocket.
func (c IdleConfig) Run(ctx context.Context, w *Workshop) (Result, error) {
	r, err := idle(ctx, w, c)
	if err != nil {
		return nil, err
	}
	return r, nil
}

func idle(ctx context.Context, w *Workshop, c IdleConfig) (IdleResult, error) {
	var r IdleResult
	server, err := w.EdgeServer(ctx, target.EdgeConfig{Wire: load.WebSocket, PingInterval: c.PingInterval})
	if err != nil {
		return r, err
	}
	g, err := gather(ctx, server, load.SwarmConfig{TextBytes: load.TextBytesMin}, 0)
	if err != nil {
		return r, err
	}
	defer g.disperse()
	if r.Empty, err = settledMemory(ctx, server.Pid, time.Second, 2*time.Second); err != nil {
		return r, err
	}
	var joining, beating time.Duration
	var beats int64
	for i, n := range c.Steps {
		w.Expect(time.Duration(len(c.Steps)-i) * (2*c.PingInterval + 3*time.Second))
		w.Log("idle: %d members", n)
		cpu, err := cpuOf(server.Pid, func() error { return g.grow(ctx, n) })
		if err != nil {
			return r, err
		}
		joining += cpu
		before := g.swarm.Tally().Pings
		step := IdleStep{Members: n}
		cpu, err = cpuOf(server.Pid, func() error {
			step.Memory, err = settledMemory(ctx, server.Pid, 2*c.PingInterval+time.Second, c.Settle)
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
func settledMemory(ctx context.Context, pid int, least, limit time.Duration) (meter.Memory, error) {
	if err := pause(ctx, least); err != nil {
		return meter.Memory{}, err
	}
	end := time.Now().Add(limit)
	var last meter.Memory
	for steady := 0; ; {
		m, err := meter.ReadMemory(pid)
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

// Check fails when a member did not stay.
func (r IdleResult) Check() error {
	if r.Ended != 0 {
		return fmt.Errorf("%d members did not stay: %q", r.Ended, r.Oddities)
	}
	return nil
}

// Header is Result's.
func (r IdleResult) Header() []string {
	return []string{"members", "RSS MB", "private MB", "bytes/member", "join CPU us", "CPU us/PING", "pings", "ended"}
}

// Cells is Result's: a row for each step, and the slope over them.
func (r IdleResult) Cells() [][]string {
	rows := [][]string{{"0", megabytes(r.Empty.RSS), megabytes(r.Empty.Private), "", "", "", "", ""}}
	for _, s := range r.Steps {
		rows = append(rows, []string{fmt.Sprint(s.Members), megabytes(s.Memory.RSS), megabytes(s.Memory.Private), "", "", "", "", ""})
	}
	return append(rows, []string{"slope", "", "", fmt.Sprintf("%.0f", r.BytesPerMember), fmt.Sprintf("%.1f", r.JoinMicros),
		fmt.Sprintf("%.1f", r.BeatMicros), fmt.Sprint(r.Pings), fmt.Sprint(r.Ended)})
}

// Remarks is Result's.
func (r IdleResult) Remarks() []string { return r.Oddities }

func megabytes(n int64) string { return fmt.Sprintf("%.1f", float64(n)/(1<<20)) }
