package scenario

import (
	"context"
	"fmt"
	"time"

	"uproar/bench/load"
	"uproar/bench/meter"
	"uproar/bench/target"
)

// Rooms is a site with many channels: a few large ones and very many small ones.
var Rooms = Scenario{"rooms", "10,000 rooms, members and lines spread by Zipf's law.",
	func() Config { return defaults(&RoomsConfig{}) }}

// RoomsConfig says how many rooms there are, and what is said there.
type RoomsConfig struct {
	Rooms      int           `json:"rooms" default:"10000" help:"Rooms; room k has 1/(k+1) as many members and lines as the first."`
	Members    int           `json:"members" default:"15000" help:"Members, each in one room."`
	Rate       float64       `json:"rate" default:"1000" help:"Lines a second, in all rooms together."`
	Duration   time.Duration `json:"duration" default:"30s" help:"Measured."`
	Warmup     time.Duration `json:"warmup" default:"2s" help:"Before that, not measured, but checked."`
	Publishers int           `json:"publishers" default:"20" help:"Connections that the lines come from."`
	TextBytes  int           `json:"text_bytes" default:"100" help:"Size of each line's text, 32 to 500."`
	Wire       string        `json:"wire" default:"ws" enum:"ws,tcp" help:"ws or tcp."`
}

// Smoke is a site that fits beside other tests.
func (c RoomsConfig) Smoke() Config {
	s := c
	s.Rooms, s.Members, s.Rate, s.Publishers = 100, 200, 500, 4
	s.Duration, s.Warmup = 500*time.Millisecond, 100*time.Millisecond
	return &s
}

// RoomsResult is what became of the lines.
type RoomsResult struct {
	Rooms      int     `json:"rooms"`
	Members    int     `json:"members"`
	Rate       float64 `json:"rate"`
	Sent       int64   `json:"sent"`   // warm-up included, as all faults
	Unsent     int64   `json:"unsent"` // that the server did not take in time
	Heard      float64 `json:"heard"`  // members that a line reached, on average
	Deliveries int64   `json:"deliveries"`
	P50        float64 `json:"p50_ms"`
	P99        float64 `json:"p99_ms"`
	Max        float64 `json:"max_ms"`
	LineMicros float64 `json:"cpu_us_per_line"`     // server CPU for each line said, all that it takes
	CPUMicros  float64 `json:"cpu_us_per_delivery"` // the same for each delivery
	RSS        int64   `json:"rss"`                 // of the server, at the end
	Faults     Faults  `json:"faults"`
	Remark     string  `json:"remark,omitempty"`
}

// Run measures Uproar.
func (c *RoomsConfig) Run(ctx context.Context, shop *Workshop) (Result, error) {
	server, err := shop.EdgeServer(ctx, target.EdgeConfig{Wire: map[string]load.Wire{"ws": load.WebSocket, "tcp": load.TCP}[c.Wire]})
	if err != nil {
		return nil, err
	}
	shop.Log("rooms: %d members in %d rooms, %v lines/s", c.Members, c.Rooms, c.Rate)
	g, err := gather(ctx, server, load.SwarmConfig{Rooms: c.Rooms, Publishers: c.Publishers, TextBytes: c.TextBytes}, c.Members)
	if err != nil {
		return nil, err
	}
	defer g.disperse()
	p, err := g.publisher(ctx, load.PublisherConfig{Rooms: c.Rooms, Nicks: nicks(c.Publishers), Rate: c.Rate, TextBytes: c.TextBytes})
	if err != nil {
		return nil, err
	}
	defer p.Close()
	r := &RoomsResult{Rooms: c.Rooms, Members: c.Members, Rate: c.Rate}
	return r, r.measure(ctx, g, p, c)
}

func (r *RoomsResult) measure(ctx context.Context, g *crowd, p *load.Publisher, c *RoomsConfig) error {
	start := load.Now() + int64(20*time.Millisecond)
	if err := g.swarm.Measure(start + int64(c.Warmup)); err != nil {
		return err
	}
	before, _, err := usage(g)
	if err != nil {
		return err
	}
	if err := p.Run(ctx, start, int64(c.Rate*(c.Warmup+c.Duration).Seconds())); err != nil {
		return fmt.Errorf("%w; the server said:\n%s", err, g.server.Output())
	}
	lost := func() int64 { return g.swarm.LostIn(p.SentIn()) }
	for end := time.Now().Add(5 * time.Second); lost() > 0 && time.Now().Before(end); {
		if err := pause(ctx, 20*time.Millisecond); err != nil {
			return err
		}
	}
	after, deliveries, err := usage(g)
	if err != nil {
		return err
	}
	memory, err := meter.ReadMemory(g.server.Pid)
	if err != nil {
		return err
	}
	t := g.swarm.Tally()
	r.RSS, r.Sent, r.Unsent, r.Deliveries = memory.RSS, p.SentTotal(), p.Unsent(), deliveries
	r.P50, r.P99, r.Max = meter.Milliseconds(t.Latency.Quantile(0.5)), meter.Milliseconds(t.Latency.Quantile(0.99)), meter.Milliseconds(t.Latency.Quantile(1))
	cpu := after[0] - before[0]
	r.LineMicros, r.CPUMicros, r.Heard = micros(cpu, int(r.Sent)), micros(cpu, int(deliveries)), float64(deliveries)/float64(max(r.Sent, 1))
	r.Faults = Faults{Lost: lost(), Told: t.Told, Reordered: t.Reordered, Duplicated: t.Duplicated, Wrong: t.Wrong, Ended: t.EOF + t.Broken, Orders: 1}
	r.Faults.Refused, r.Remark = p.Notices()
	if len(t.Oddities) > 0 {
		r.Remark = t.Oddities[0]
	}
	return nil
}

// Check fails when a line was lost, or came otherwise than it was said.
func (r *RoomsResult) Check() error {
	f := r.Faults
	if f.Refused > 0 {
		f.Lost = 0 // nobody knows to which rooms those lines would have gone
	}
	return f.Check()
}

// Header names the columns of Cells.
func (r *RoomsResult) Header() []string {
	return []string{"rooms", "members", "lines/s", "deliveries", "unsent", "lost", "out of order", "duplicated", "wrong", "heard by", "p50 ms", "p99 ms", "max ms",
		"CPU us/line", "CPU us/delivery", "RSS MB"}
}

// Cells is one row.
func (r *RoomsResult) Cells() [][]string {
	f := &r.Faults
	return [][]string{{fmt.Sprint(r.Rooms), fmt.Sprint(r.Members), fmt.Sprint(r.Rate), fmt.Sprint(r.Deliveries), fmt.Sprint(r.Unsent), fmt.Sprint(f.Lost), fmt.Sprint(f.Reordered),
		fmt.Sprint(f.Duplicated), fmt.Sprint(f.Wrong), fmt.Sprintf("%.1f", r.Heard), fmt.Sprintf("%.1f", r.P50), fmt.Sprintf("%.1f", r.P99), fmt.Sprintf("%.1f", r.Max),
		fmt.Sprintf("%.1f", r.LineMicros), fmt.Sprintf("%.2f", r.CPUMicros), megabytes(r.RSS)}}
}

// Remarks tells the first odd thing, if there was one.
func (r *RoomsResult) Remarks() []string {
	if r.Remark == "" {
		return nil
	}
	return []string{r.Remark}
}
