package scenario

import (
	"context"
	"fmt"
	"sync"
	"time"

	"uproar/bench/load"
	"uproar/bench/meter"
	"uproar/bench/target"
)

// Flood is clients that say far more than anybody may.
var Flood = Scenario{"flood", "Clients that write as fast as the server reads: what the others notice.",
	func() Config { return defaults(&FloodConfig{}) }}

// FloodConfig says who floods, and who is in the room.
type FloodConfig struct {
	Members  int           `json:"members" default:"1000" help:"Members of the room."`
	Rate     float64       `json:"rate" default:"50" help:"Lines a second that its broadcaster says."`
	Flooders int           `json:"flooders" default:"20" help:"Clients that flood, and come back when they are thrown out."`
	Duration time.Duration `json:"duration" default:"20s" help:"Measured without flooders, then with them."`
	Limit    string        `json:"limit" default:"3000/10s" help:"The server's --flood-limit."`
}

// Smoke is a flood that fits beside other tests.
func (c FloodConfig) Smoke() Config {
	s := c
	s.Members, s.Flooders, s.Duration, s.Limit = 50, 3, 500*time.Millisecond, "300/10s"
	return &s
}

// Spell is one half of the run.
type Spell struct {
	Flooders   int     `json:"flooders"`
	Deliveries int64   `json:"deliveries"`
	P50        float64 `json:"p50_ms"`
	P99        float64 `json:"p99_ms"`
	Max        float64 `json:"max_ms"`
	Cores      float64 `json:"server_cores"` // busy
	Flooded    int64   `json:"flooded"`      // lines that flooders have written
	Closed     int64   `json:"closed"`       // connections of theirs that the server ended
}

// FloodResult compares the room with flooders and without.
type FloodResult struct {
	Spells []Spell `json:"spells"`
	Growth int64   `json:"growth"` // of the server's RSS, bytes, during the flood
	Faults Faults  `json:"faults"`
	Remark string  `json:"remark,omitempty"`
}

// Run measures Uproar over WebSocket, with the limits that it has by default for those who
// flood. The broadcaster, who says what is measured, has none.
func (c *FloodConfig) Run(ctx context.Context, shop *Workshop) (Result, error) {
	server, err := shop.EdgeServer(ctx, target.EdgeConfig{Wire: load.WebSocket, Args: []string{"--flood-limit=" + c.Limit, "--rate-limit=20/30s"}})
	if err != nil {
		return nil, err
	}
	broadcaster := []string{load.DefaultRoom[1:]}
	g, err := gather(ctx, server, load.SwarmConfig{Nicks: broadcaster, TextBytes: 100}, c.Members)
	if err != nil {
		return nil, err
	}
	defer g.disperse()
	p, err := g.publisher(ctx, load.PublisherConfig{Nicks: broadcaster, Rate: c.Rate, TextBytes: 100})
	if err != nil {
		return nil, err
	}
	defer p.Close()
	r := &FloodResult{}
	for _, flooders := range []int{0, c.Flooders} {
		shop.Log("flood: %d members, %d flooders", c.Members, flooders)
		if err := r.spell(ctx, g, p, c, flooders); err != nil {
			return r, err
		}
	}
	t := g.swarm.Tally()
	said := int64(len(r.Spells)) * int64(c.Rate*c.Duration.Seconds())
	r.Faults = Faults{Lost: g.swarm.Lost(p.Sent()) + (said-p.SentTotal())*int64(c.Members), Told: t.Told, Reordered: t.Reordered, Duplicated: t.Duplicated, Ended: t.EOF + t.Broken, Orders: 1}
	r.Remark = r.Faults.refused(p, c.Members)
	return r, nil
}

// spell has the broadcaster speak, with so many flooders.
func (r *FloodResult) spell(ctx context.Context, g *crowd, p *load.Publisher, c *FloodConfig, flooders int) error {
	flooding, stop := context.WithCancel(ctx)
	defer stop()
	var all sync.WaitGroup
	fs := make([]*load.Flooder, flooders)
	for i := range fs {
		fs[i] = &load.Flooder{Addr: g.server.Publishers, Nick: fmt.Sprintf("flooder%d", i+1)}
		all.Go(func() { fs[i].Run(flooding) })
	}
	memory, err := meter.ReadMemory(g.server.Pid)
	if err != nil {
		return err
	}
	start := load.Now()
	if err := g.swarm.Measure(start); err != nil {
		return err
	}
	cpu, err := cpuOf(g.server.Pid, func() error { return p.Run(ctx, start, int64(c.Rate*c.Duration.Seconds())) })
	if err != nil {
		return fmt.Errorf("%w; the server said:\n%s", err, g.server.Output())
	}
	stop()
	all.Wait()
	s := Spell{Flooders: flooders, Cores: cpu.Seconds() / c.Duration.Seconds()}
	for _, f := range fs {
		s.Flooded, s.Closed = s.Flooded+f.Lines(), s.Closed+f.Closed()
	}
	after, err := meter.ReadMemory(g.server.Pid)
	if err != nil {
		return err
	}
	r.Growth = after.RSS - memory.RSS
	if err := g.quiet(ctx, p); err != nil {
		return err
	}
	t := g.swarm.Tally()
	s.Deliveries = t.Latency.Count()
	s.P50, s.P99, s.Max = meter.Milliseconds(t.Latency.Quantile(0.5)), meter.Milliseconds(t.Latency.Quantile(0.99)), meter.Milliseconds(t.Latency.Quantile(1))
	r.Spells = append(r.Spells, s)
	return nil
}

// quiet waits until all lines of p have come, or long enough.
func (g *crowd) quiet(ctx context.Context, p *load.Publisher) error {
	for end := time.Now().Add(5 * time.Second); g.swarm.Lost(p.Sent()) > 0 && time.Now().Before(end); {
		if err := pause(ctx, 20*time.Millisecond); err != nil {
			return err
		}
	}
	return nil
}

// Check fails when the others lost a line.
func (r *FloodResult) Check() error { return r.Faults.Check() }

// Header names the columns of Cells.
func (r *FloodResult) Header() []string {
	return []string{"flooders", "deliveries", "p50 ms", "p99 ms", "max ms", "server cores", "lines flooded", "thrown out", "lost by others", "growth KB"}
}

// Cells is a row without flooders, and one with them.
func (r *FloodResult) Cells() [][]string {
	var rows [][]string
	for i, s := range r.Spells {
		growth := "-"
		if i > 0 {
			growth = fmt.Sprint(r.Growth >> 10)
		}
		rows = append(rows, []string{fmt.Sprint(s.Flooders), fmt.Sprint(s.Deliveries), fmt.Sprintf("%.1f", s.P50), fmt.Sprintf("%.1f", s.P99), fmt.Sprintf("%.1f", s.Max),
			fmt.Sprintf("%.2f", s.Cores), fmt.Sprint(s.Flooded), fmt.Sprint(s.Closed), fmt.Sprint(r.Faults.Lost), growth})
	}
	return rows
}

// Remarks tells the first odd thing, if there was one.
func (r *FloodResult) Remarks() []string {
	if r.Remark == "" {
		return nil
	}
	return []string{r.Remark}
}
