package scenario

import (
	"context"
	"errors"
	"fmt"
	"time"

	"uproar/bench/load"
	"uproar/bench/meter"
	"uproar/bench/target"
	"uproar/bench/worker"
)

// Million is as many members as one machine of today can hold.
var Million = Scenario{"million", "1,000,000 members of one room over many edges: memory of each, all answer PING, one line to all.",
	func() Config { return defaults(&MillionConfig{}) }}

// MillionConfig says how many members there are.
type MillionConfig struct {
	Members      int           `json:"members" default:"1000000" help:"Members of the room."`
	Edges        int           `json:"edges" default:"0" help:"Edge processes; 0 is as few as hold the members, made up to the same number on each core."`
	PingInterval time.Duration `json:"ping_interval" default:"1m" help:"Silence after which the server sends PING."`
	Lines        int           `json:"lines" default:"3" help:"Lines that are said, one after the other, each when all have got the last one."`
	Wire         string        `json:"wire" default:"ws" enum:"ws,tcp" help:"ws or tcp."`
}

// Smoke is a room that fits beside other tests.
func (c MillionConfig) Smoke() Config {
	s := c
	s.Members, s.Edges, s.PingInterval, s.Lines = 300, 2, time.Second, 2
	return &s
}

// MillionResult is what they cost.
type MillionResult struct {
	Members    int       `json:"members"`
	Edges      int       `json:"edges"`
	JoinTook   float64   `json:"join_s"`
	JoinEdge   float64   `json:"join_edge_cpu_us"`   // for each member
	JoinClient float64   `json:"join_client_cpu_us"` // for each member
	Parted     int64     `json:"parted"`             // members that the servers had leave, for want of an answer in time, and that joined again
	Pinged     int64     `json:"pinged"`             // members that were sent PING, and answered: should be all
	PingTook   float64   `json:"ping_s"`             // from the last to join until all were
	BeatMicros float64   `json:"beat_cpu_us"`        // of the edges, for each PING answered
	Lines      []float64 `json:"lines_s"`            // from when each was said until all had it
	LineEdge   float64   `json:"line_edge_cpu_us"`   // for each delivery
	Latency    []float64 `json:"latency_ms"`         // p50, p99, max over members, of all lines
	Faults     Faults    `json:"faults"`
	Footprint  Footprint `json:"footprint"`
	Remark     string    `json:"remark,omitempty"`
}

// Run measures Uproar.
func (c *MillionConfig) Run(ctx context.Context, shop *Workshop) (Result, error) {
	const each, fixed, ofEdge = 12 << 10, 1 << 30, 40 << 20
	if err := enough(c.Members, each, fixed+int64(c.Members/worker.MembersMax)*ofEdge); err != nil {
		return nil, err
	}
	if err := room(2 * c.Members); err != nil {
		return nil, err
	}
	wire := map[string]load.Wire{"ws": load.WebSocket, "tcp": load.TCP}[c.Wire]
	m, err := shop.multitude(ctx, target.EdgeConfig{Wire: wire, PingInterval: c.PingInterval}, load.SwarmConfig{TextBytes: 100}, c.Members, c.Edges)
	if err != nil {
		return nil, err
	}
	defer m.disperse()
	r := &MillionResult{Members: c.Members, Edges: len(m.edges)}
	if err = r.join(ctx, shop, m); err == nil {
		err = r.beat(ctx, shop, m, c)
	}
	if err == nil {
		err = r.say(ctx, shop, m, c)
	}
	return r, errors.Join(err, m.fleet.Check())
}

// room fails when the machine does not let n sockets be open.
func room(n int) error {
	files, err := meter.FilesMax()
	if err == nil && int64(n) > files {
		err = fmt.Errorf("cannot open %d sockets: the machine allows %d open files (sysctl fs.file-max)", n, files)
	}
	return err
}

// join has all members join.
func (r *MillionResult) join(ctx context.Context, shop *Workshop, m *multitude) error {
	before, err := m.holding()
	if err != nil {
		return err
	}
	began, err := m.spent()
	if err != nil {
		return err
	}
	took, err := m.grow(ctx, shop, r.Members)
	if err != nil {
		return err
	}
	ended, err := m.spent()
	if err != nil {
		return err
	}
	r.JoinTook = took.Seconds()
	r.JoinEdge, r.JoinClient = micros(ended.edges-began.edges, r.Members), micros(ended.clients-began.clients, r.Members)
	if r.Footprint, err = m.holding(); err != nil {
		return err
	}
	r.Footprint.since(before, r.Members)
	return nil
}

func micros(d time.Duration, n int) float64 {
	return float64(d.Nanoseconds()) / 1e3 / float64(max(n, 1))
}

// beat waits until each member has been sent PING once.
func (r *MillionResult) beat(ctx context.Context, shop *Workshop, m *multitude, c *MillionConfig) error {
	began := time.Now()
	before, err := m.spent()
	if err != nil {
		return err
	}
	for limit := 3*c.PingInterval + time.Minute; ; {
		t, err := m.crew.Tally()
		if err != nil {
			return err
		}
		r.Pinged = t.Pinged
		shop.Log("%d of %d members have answered PING", t.Pinged, r.Members)
		if t.Pinged >= int64(r.Members) || time.Since(began) > limit {
			r.PingTook = time.Since(began).Seconds()
			after, err := m.spent()
			r.BeatMicros = micros(after.edges-before.edges, int(t.Pings))
			return err
		}
		if err := pause(ctx, min(5*time.Second, c.PingInterval)); err != nil {
			return err
		}
	}
}

// say has one line after the other said to all.
func (r *MillionResult) say(ctx context.Context, shop *Workshop, m *multitude, c *MillionConfig) error {
	p, err := load.NewPublisher(load.PublisherConfig{Addr: m.fleet.Desk.Publishers, Rate: 1, TextBytes: 100})
	if err != nil {
		return err
	}
	defer p.Close()
	if err := p.Connect(ctx); err != nil {
		return err
	}
	if err := m.crew.Measure(load.Now()); err != nil {
		return err
	}
	before, err := m.spent()
	if err != nil {
		return err
	}
	for i := range c.Lines {
		said := time.Now()
		if err := p.Run(ctx, load.Now(), 1); err != nil {
			return err
		}
		last, err := m.settle(ctx, int64(i+1)*int64(r.Members), 5*time.Second, time.Minute)
		if err != nil {
			return err
		}
		r.Lines = append(r.Lines, last.Sub(said).Seconds())
		shop.Log("line %d reached all that it did after %.2f s", i+1, last.Sub(said).Seconds())
	}
	after, err := m.spent()
	if err != nil {
		return err
	}
	r.LineEdge = micros(after.edges-before.edges, c.Lines*r.Members)
	return r.count(m, p)
}

func (r *MillionResult) count(m *multitude, p *load.Publisher) error {
	t, err := m.crew.Tally()
	if err != nil {
		return err
	}
	r.Parted = t.Parted
	for _, q := range []float64{0.5, 0.99, 1} {
		r.Latency = append(r.Latency, meter.Milliseconds(t.Latency.Quantile(q)))
	}
	r.Remark, err = r.Faults.count(m, p, t)
	return err
}

// Check fails when a member was not there, or a line not delivered.
func (r *MillionResult) Check() error {
	if r.Pinged != int64(r.Members) {
		return fmt.Errorf("%d of %d members were sent PING and answered", r.Pinged, r.Members)
	}
	return r.Faults.Check()
}

// Header names the columns of Cells.
func (r *MillionResult) Header() []string {
	return []string{"members", "edges", "joined in s", "join edge CPU us", "join client CPU us", "answered PING", "CPU us/PING", "worst line s", "p50 ms", "p99 ms", "CPU us/delivery",
		"edge B/member", "kernel B/member", "client B/member", "lost", "out of order", "ended"}
}

// Cells is one row.
func (r *MillionResult) Cells() [][]string {
	worst, latency := 0.0, append(append([]float64(nil), r.Latency...), 0, 0)
	for _, l := range r.Lines {
		worst = max(worst, l)
	}
	f := &r.Footprint
	return [][]string{{fmt.Sprint(r.Members), fmt.Sprint(r.Edges), fmt.Sprintf("%.1f", r.JoinTook), fmt.Sprintf("%.1f", r.JoinEdge), fmt.Sprintf("%.1f", r.JoinClient),
		fmt.Sprint(r.Pinged), fmt.Sprintf("%.1f", r.BeatMicros), fmt.Sprintf("%.2f", worst), fmt.Sprintf("%.0f", latency[0]), fmt.Sprintf("%.0f", latency[1]), fmt.Sprintf("%.2f", r.LineEdge),
		fmt.Sprintf("%.0f", f.EdgeEach), fmt.Sprintf("%.0f", f.KernelEach), fmt.Sprintf("%.0f", f.WorkerEach),
		fmt.Sprint(r.Faults.Lost), fmt.Sprint(r.Faults.Reordered), fmt.Sprint(r.Faults.Ended)}}
}

// Remarks says what the columns do not.
func (r *MillionResult) Remarks() []string {
	f := &r.Footprint
	remarks := []string{fmt.Sprintf("%.0f B of the machine's memory for each member, the client included; %d TCP sockets open; all PINGed %.0f s after the last had joined",
		f.MachineEach, f.Machine.Sockets, r.PingTook)}
	if r.Parted > 0 {
		remarks = append(remarks, fmt.Sprintf("%d members were had leave, for want of an answer in time, and joined again", r.Parted))
	}
	if r.Remark != "" {
		remarks = append(remarks, r.Remark)
	}
	return remarks
}
