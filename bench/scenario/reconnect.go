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

// Reconnect is a planned end of one edge of a fleet, at a busy time.
var Reconnect = Scenario{"reconnect", "All clients of an edge that drains come back to the others, and read on where they were.",
	func() Config { return defaults(&ReconnectConfig{}) }}

// ReconnectConfig says how many members move.
type ReconnectConfig struct {
	Members      int           `json:"members" default:"15000" help:"Members of the room, on all edges together."`
	Edges        int           `json:"edges" default:"3" help:"Edge processes, of which the first drains."`
	Rate         float64       `json:"rate" default:"20" help:"Lines a second."`
	Before       time.Duration `json:"before" default:"3s" help:"How long lines flow before SIGTERM."`
	DrainTimeout time.Duration `json:"drain_timeout" default:"5s" help:"The server's --drain-timeout."`
	Wire         string        `json:"wire" default:"ws" enum:"ws,tcp" help:"ws or tcp."`
}

// Smoke is a room that fits beside other tests.
func (c ReconnectConfig) Smoke() Config {
	s := c
	s.Members, s.Edges, s.Before, s.DrainTimeout = 150, 2, 200*time.Millisecond, 500*time.Millisecond
	return &s
}

// ReconnectResult is how they came back.
type ReconnectResult struct {
	Members    int     `json:"members"`
	Moved      int     `json:"moved"`        // members of the edge that drained
	Back       int64   `json:"back"`         // of these: must be all
	Refused    int64   `json:"refused"`      // attempts to come back that failed
	AwayP50    float64 `json:"away_p50_ms"`  // from the end of a connection until it is in the room again
	AwayP99    float64 `json:"away_p99_ms"`  //
	AwayMax    float64 `json:"away_max_ms"`  //
	Took       float64 `json:"took_s"`       // from SIGTERM until the last was back
	EachMicros float64 `json:"edge_cpu_us"`  // of the other edges, for each that came, lines to all included
	Quiet      float64 `json:"quiet_cpu_us"` // what lines alone would have cost them meanwhile, for each
	P50        float64 `json:"p50_ms"`       // of all lines to all members, those made good included
	P99        float64 `json:"p99_ms"`
	Faults     Faults  `json:"faults"`
	Remark     string  `json:"remark,omitempty"`
}

// Run measures Uproar.
func (c *ReconnectConfig) Run(ctx context.Context, shop *Workshop) (Result, error) {
	if c.Edges < 2 {
		return nil, errors.New("cannot drain the only edge: want two at least")
	}
	wire := map[string]load.Wire{"ws": load.WebSocket, "tcp": load.TCP}[c.Wire]
	members := load.SwarmConfig{TextBytes: 100, Caps: "twitch.tv/tags uproar/resume", Resume: true}
	m, err := shop.multitude(ctx, target.EdgeConfig{Wire: wire, DrainTimeout: c.DrainTimeout}, members, c.Members, c.Edges)
	if err != nil {
		return nil, err
	}
	defer m.disperse()
	if _, err := m.grow(ctx, shop, c.Members); err != nil {
		return nil, err
	}
	p, err := load.NewPublisher(load.PublisherConfig{Addr: m.fleet.Desk.Publishers, Rate: c.Rate, TextBytes: 100})
	if err != nil {
		return nil, err
	}
	defer p.Close()
	if err := p.Connect(ctx); err != nil {
		return nil, err
	}
	r := &ReconnectResult{Members: c.Members, Moved: m.crew.Share(c.Members, 0)}
	return r, r.move(ctx, shop, m, p, c)
}

// move drains the first edge while lines flow, and waits until its members are back.
func (r *ReconnectResult) move(ctx context.Context, shop *Workshop, m *multitude, p *load.Publisher, c *ReconnectConfig) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	if err := m.crew.Measure(load.Now()); err != nil {
		return err
	}
	published := make(chan error, 1)
	go func() {
		published <- p.Run(ctx, load.Now(), int64(c.Rate*(c.Before+c.DrainTimeout+time.Second).Seconds()))
	}()
	err := r.watch(ctx, shop, m, c)
	if err != nil {
		cancel()
	}
	if publishing := <-published; err == nil && publishing != nil {
		err = fmt.Errorf("%w; the server said:\n%s", publishing, m.fleet.Desk.Output())
	}
	if err != nil {
		return err
	}
	if _, err := m.settle(ctx, p.SentTotal()*int64(r.Members), 2*time.Second, 30*time.Second); err != nil {
		return err
	}
	t, err := m.crew.Tally()
	if err != nil {
		return err
	}
	r.P50, r.P99 = meter.Milliseconds(t.Latency.Quantile(0.5)), meter.Milliseconds(t.Latency.Quantile(0.99))
	r.Remark, err = r.Faults.count(m, p, t)
	r.Faults.Ended -= int64(r.Moved) + r.Refused // those came back
	return err
}

// watch sends SIGTERM and waits for the members.
func (r *ReconnectResult) watch(ctx context.Context, shop *Workshop, m *multitude, c *ReconnectConfig) error {
	others := m.edges[1:]
	start, err := worker.CPU(others)
	if err != nil {
		return err
	}
	if err := pause(ctx, c.Before); err != nil {
		return err
	}
	before, err := worker.CPU(others)
	if err != nil {
		return err
	}
	shop.Log("reconnect: draining one of %d edges, %d members", c.Edges, r.Moved)
	asked := time.Now()
	if err := m.fleet.Edges[0].Terminate(); err != nil {
		return err
	}
	for limit := 2*c.DrainTimeout + 30*time.Second; ; {
		t, err := m.crew.Tally()
		if err != nil {
			return err
		}
		r.Back, r.Refused, r.Took = t.Away.Count(), t.Refused, time.Since(asked).Seconds()
		if r.Back >= int64(r.Moved) || time.Since(asked) > limit {
			r.AwayP50, r.AwayP99, r.AwayMax = meter.Milliseconds(t.Away.Quantile(0.5)), meter.Milliseconds(t.Away.Quantile(0.99)), meter.Milliseconds(t.Away.Quantile(1))
			break
		}
		if err := pause(ctx, 20*time.Millisecond); err != nil {
			return err
		}
	}
	after, err := worker.CPU(others)
	quiet := time.Duration(float64(before-start) * r.Took / c.Before.Seconds())
	r.EachMicros, r.Quiet = micros(after-before, r.Moved), micros(quiet, r.Moved)
	return err
}

// Check fails when a member stayed away, or missed a line.
func (r *ReconnectResult) Check() error {
	if r.Back != int64(r.Moved) {
		return fmt.Errorf("%d of %d members came back", r.Back, r.Moved)
	}
	return r.Faults.Check()
}

// Header names the columns of Cells.
func (r *ReconnectResult) Header() []string {
	return []string{"members", "moved", "back", "refused", "away p50 ms", "away p99 ms", "away max ms", "all back s", "CPU us/return", "CPU us of lines", "p50 ms", "p99 ms",
		"lost", "told", "out of order", "duplicated"}
}

// Cells is one row.
func (r *ReconnectResult) Cells() [][]string {
	f := &r.Faults
	return [][]string{{fmt.Sprint(r.Members), fmt.Sprint(r.Moved), fmt.Sprint(r.Back), fmt.Sprint(r.Refused), fmt.Sprintf("%.0f", r.AwayP50), fmt.Sprintf("%.0f", r.AwayP99),
		fmt.Sprintf("%.0f", r.AwayMax), fmt.Sprintf("%.1f", r.Took), fmt.Sprintf("%.1f", r.EachMicros), fmt.Sprintf("%.1f", r.Quiet), fmt.Sprintf("%.1f", r.P50), fmt.Sprintf("%.1f", r.P99),
		fmt.Sprint(f.Lost), fmt.Sprint(f.Told), fmt.Sprint(f.Reordered), fmt.Sprint(f.Duplicated)}}
}

// Remarks tells the first odd thing, if there was one.
func (r *ReconnectResult) Remarks() []string {
	if r.Remark == "" {
		return nil
	}
	return []string{r.Remark}
}
