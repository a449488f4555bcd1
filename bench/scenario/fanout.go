package scenario

import (
	"context"
	"fmt"
	"os"
	"slices"
	"strings"
	"time"

	"uproar/bench/load"
	"uproar/bench/meter"
	"uproar/bench/worker"
)

// Fanout is the scenario.
var Fanout = Scenario{
	Name: "fanout",
	Help: "CPU and latency of one room's lines to all its members, against peers.",
	New:  func() Config { return defaults(new(FanoutConfig)) },
}

// FanoutConfig says what to fan out, to whom, for how long. The default is the grid that
// the project's targets are stated for.
type FanoutConfig struct {
	Rows       []Row         `json:"rows" name:"row" default:"1000x50,1000x200,1000x1000,5000x20" help:"Members x lines a second; comma-separated."`
	Targets    []string      `json:"targets" name:"target" help:"uproar, uproar-tcp, bare (one send per member and line), bare-20ms (batches), or a peer; comma-separated. When absent: uproar, bare and goroutine; of the command peers, all."`
	Duration   time.Duration `json:"duration" default:"6s" help:"Measured per row and target, all rounds together."`
	Rounds     int           `json:"rounds" default:"2" help:"How often the targets take turns."`
	Warmup     time.Duration `json:"warmup" default:"1s" help:"Before each measurement, not counted."`
	TextBytes  int           `json:"text_bytes" default:"100" help:"Size of each line's text, 32 to 500."`
	Publishers int           `json:"publishers" default:"1" help:"Connections that the lines come from."`
	Caps       string        `json:"caps" placeholder:"CAPS" help:"Capabilities that members request, such as 'twitch.tv/tags twitch.tv/commands'. Makes lines longer than the peers'."`
}

// Smoke is Config's.
func (c FanoutConfig) Smoke() Config {
	c.Rows, c.Targets = []Row{{50, 100}}, []string{"uproar", "uproar-tcp", "bare", "bare-5ms"}
	c.Duration, c.Warmup, c.Publishers = 600*time.Millisecond, 100*time.Millisecond, 2
	return &c
}

// Choose is Contest's.
func (c *FanoutConfig) Choose(all bool) {
	switch {
	case len(c.Targets) > 0:
	case all:
		c.Targets = contestants([]string{"uproar", "uproar-tcp", "bare", "bare-20ms"}, true)
	default:
		c.Targets = []string{"uproar", "bare", "goroutine"}
	}
}

// FanoutResult is every row of the grid with every target.
type FanoutResult struct {
	Rows     []FanoutRow `json:"rows"`
	Company  []Peer      `json:"company,omitempty"`  // the peers among the targets
	Failures []string    `json:"failures,omitempty"` // of peers, that have no row for it
}

// FanoutRow is what one target did in one row.
type FanoutRow struct {
	Row
	Target       string  `json:"target"`
	Sent         int64   `json:"sent"`   // lines, warm-up included
	Unsent       int64   `json:"unsent"` // lines due that the server did not take in time
	Deliveries   int64   `json:"deliveries"`
	Lost         int64   `json:"lost"` // warm-up included, as all faults
	Told         int64   `json:"told"` // lines that members were told they miss; the rest of lost was lost in silence
	Reordered    int64   `json:"reordered"`
	Duplicated   int64   `json:"duplicated"`
	Wrong        int64   `json:"wrong"`
	P50          float64 `json:"p50_ms"`
	P99          float64 `json:"p99_ms"`
	Max          float64 `json:"max_ms"`
	CPUMicros    float64 `json:"cpu_us_per_delivery"`    // server, user plus system
	ClientMicros float64 `json:"client_us_per_delivery"` // this process, for judging the generator
	RSS          int64   `json:"rss"`                    // server, at the end
	Ratio        float64 `json:"ratio_to_bare"`          // of CPUMicros; 0 without bare
	ToUproar     float64 `json:"ratio_to_uproar"`        // of CPUMicros; 0 without uproar
	Notices      int64   `json:"notices"`                // told to publishers: refusals
	Remark       string  `json:"remark,omitempty"`

	Quantiles []Quantile `json:"quantiles,omitempty"` // of latency, rising

	cpu, client time.Duration
	latency     *meter.Latency
}

// Quantile is a latency that a share of all deliveries did not exceed.
type Quantile struct {
	Share float64 `json:"share"` // 0 to 1
	Ms    float64 `json:"ms"`
}

var quantileShares = []float64{0.5, 0.75, 0.9, 0.95, 0.99, 0.995, 0.999, 0.9995, 0.9999, 1}

// Run measures every row with every target, targets taking turns.
func (c FanoutConfig) Run(ctx context.Context, w *Workshop) (Result, error) {
	if c.Rounds < 1 {
		return nil, fmt.Errorf("cannot measure %d rounds", c.Rounds)
	}
	c.Choose(false)
	var result FanoutResult
	var err error
	if c.Targets, result.Company, err = w.muster(ctx, c.Targets); err != nil {
		return nil, err
	}
	turns := len(c.Rows) * c.Rounds * len(c.Targets)
	turn := c.Duration/time.Duration(c.Rounds) + c.Warmup + 2*time.Second // and members join
	for _, row := range c.Rows {
		ofRow := make([]FanoutRow, len(c.Targets))
		failed := make([]bool, len(c.Targets))
		for round := range c.Rounds {
			for i := range c.Targets {
				if round%2 == 1 {
					i = len(c.Targets) - 1 - i // ABBA: drift of the machine hits all alike
				}
				w.Expect(time.Duration(turns) * turn)
				turns--
				if failed[i] {
					continue // a peer that could not do the row would only take as long again
				}
				w.Log("fanout: %d members, %v lines/s, %s, round %d of %d", row.Members, row.Rate, c.Targets[i], round+1, c.Rounds)
				r, err := fanout(ctx, w, c, row, c.Targets[i])
				if failed[i] = err != nil; !failed[i] {
					ofRow[i].add(r)
				} else if !result.forgive(ctx, row, c.Targets[i], err) {
					return result, fmt.Errorf("cannot measure %q: %w", c.Targets[i], err)
				}
			}
		}
		ofRow = slices.DeleteFunc(ofRow, func(r FanoutRow) bool { return r.latency == nil })
		finish(ofRow)
		result.Rows = append(result.Rows, ofRow...)
	}
	return result, nil
}

// forgive books that a peer could not do a row, which is a result too. It returns false
// when the run must end.
func (r *FanoutResult) forgive(ctx context.Context, row Row, name string, err error) bool {
	if ctx.Err() != nil || !isOf(r.Company, name) {
		return false
	}
	r.Failures = append(r.Failures, failure(fmt.Sprintf("%s at %v", name, row), err))
	return true
}

// fanout is one round of one row with one target.
func fanout(ctx context.Context, w *Workshop, c FanoutConfig, row Row, name string) (FanoutRow, error) {
	r := FanoutRow{Row: row, Target: name}
	server, err := w.Start(ctx, name)
	if err != nil {
		return r, err
	}
	swarmConfig := load.SwarmConfig{Publishers: c.Publishers, TextBytes: c.TextBytes}
	if !server.Raw {
		swarmConfig.Caps = c.Caps
	}
	g, err := gather(ctx, server, swarmConfig, row.Members)
	if err != nil {
		return r, err
	}
	defer g.disperse()
	p, err := g.publisher(ctx, load.PublisherConfig{Nicks: nicks(c.Publishers), Rate: row.Rate, TextBytes: c.TextBytes})
	if err != nil {
		return r, err
	}
	defer p.Close()
	if err := r.measure(ctx, g, p, c); err != nil {
		return r, err
	}
	return r, r.count(g, p)
}

// measure publishes for warm-up and one round's share of the duration, and takes
// CPU times between the end of the warm-up and the last delivery.
func (r *FanoutRow) measure(ctx context.Context, g *crowd, p *load.Publisher, c FanoutConfig) error {
	span := c.Duration / time.Duration(c.Rounds)
	start := load.Now() + int64(20*time.Millisecond)
	from := start + int64(c.Warmup)
	if err := g.swarm.Measure(from); err != nil {
		return err
	}
	published := make(chan error, 1)
	go func() { published <- p.Run(ctx, start, int64(r.Rate*(c.Warmup+span).Seconds())) }()
	if err := pause(ctx, time.Duration(from-load.Now())); err != nil {
		<-published
		return err
	}
	before, delivered, err := usage(g)
	if err != nil {
		<-published
		return err
	}
	if err := <-published; err != nil {
		return fmt.Errorf("%w; the server said:\n%s", err, g.server.Output())
	}
	if err := g.settle(ctx, p.SentTotal()*int64(r.Members), 2*time.Second, 20*time.Second); err != nil {
		return err
	}
	after, total, err := usage(g)
	if err != nil {
		return err
	}
	r.Deliveries = total - delivered
	r.cpu, r.client = after[0]-before[0], after[1]-before[1]
	return nil
}

// usage returns the CPU times of the server with all its processes and of this process,
// and how many deliveries there have been.
func usage(g *crowd) (cpu [2]time.Duration, deliveries int64, err error) {
	pids, err := g.server.Pids()
	if err != nil {
		return cpu, 0, err
	}
	if cpu[0], err = worker.CPU(pids); err != nil {
		return cpu, 0, err
	}
	cpu[1], err = meter.CPU(os.Getpid())
	return cpu, g.swarm.Deliveries(), err
}

// count takes over what the swarm and the publishers saw.
func (r *FanoutRow) count(g *crowd, p *load.Publisher) error {
	memory, err := g.memory()
	if err != nil {
		return err
	}
	t := g.swarm.Tally()
	r.RSS = memory.RSS
	r.Sent, r.Unsent = p.SentTotal(), p.Unsent()
	r.Lost = g.swarm.Lost(p.Sent())
	r.Told, r.Reordered, r.Duplicated, r.Wrong = t.Told, t.Reordered, t.Duplicated, t.Wrong
	r.latency = t.Latency
	var first string
	if r.Notices, first = p.Notices(); first != "" {
		r.Remark = first
	}
	if len(t.Oddities) > 0 {
		r.Remark = t.Oddities[0]
	}
	return nil
}

// add merges another round of the same row and target.
func (r *FanoutRow) add(o FanoutRow) {
	if r.latency == nil {
		*r = o
		return
	}
	r.Sent += o.Sent
	r.Unsent += o.Unsent
	r.Deliveries += o.Deliveries
	r.Lost += o.Lost
	r.Told += o.Told
	r.Reordered += o.Reordered
	r.Duplicated += o.Duplicated
	r.Wrong += o.Wrong
	r.Notices += o.Notices
	r.cpu += o.cpu
	r.client += o.client
	r.RSS = max(r.RSS, o.RSS)
	r.latency.Merge(o.latency)
	if r.Remark == "" {
		r.Remark = o.Remark
	}
}

// finish computes what needs all rounds and all targets of a row.
func finish(results []FanoutRow) {
	for i := range results {
		r := &results[i]
		r.P50 = meter.Milliseconds(r.latency.Quantile(0.50))
		r.P99 = meter.Milliseconds(r.latency.Quantile(0.99))
		r.Max = meter.Milliseconds(r.latency.Quantile(1))
		for _, share := range quantileShares {
			r.Quantiles = append(r.Quantiles, Quantile{share, meter.Milliseconds(r.latency.Quantile(share))})
		}
		if r.Deliveries > 0 {
			r.CPUMicros = float64(r.cpu.Nanoseconds()) / 1e3 / float64(r.Deliveries)
			r.ClientMicros = float64(r.client.Nanoseconds()) / 1e3 / float64(r.Deliveries)
		}
	}
	micros := func(target string) float64 {
		if i := slices.IndexFunc(results, func(r FanoutRow) bool { return r.Target == target }); i >= 0 {
			return results[i].CPUMicros
		}
		return 0
	}
	bare, uproar := micros("bare"), micros("uproar")
	for i := range results {
		if bare > 0 {
			results[i].Ratio = results[i].CPUMicros / bare
		}
		if uproar > 0 {
			results[i].ToUproar = results[i].CPUMicros / uproar
		}
	}
}

// Check fails when Uproar lost a line in silence, or garbled one.
func (r FanoutResult) Check() error {
	for _, row := range r.Rows {
		if strings.HasPrefix(row.Target, "uproar") && row.Lost-row.Told+row.Reordered+row.Duplicated+row.Wrong != 0 {
			return fmt.Errorf("%s at %v: %d lines lost (%d told), %d out of order, %d duplicated, %d wrong",
				row.Target, row.Row, row.Lost, row.Told, row.Reordered, row.Duplicated, row.Wrong)
		}
	}
	return nil
}

// Peers is Accompanied's.
func (r FanoutResult) Peers() []Peer { return r.Company }

// Header is Result's.
func (r FanoutResult) Header() []string {
	return []string{"target", "members", "lines/s", "deliveries", "unsent", "lost", "told", "out of order", "duplicated", "wrong",
		"p50 ms", "p99 ms", "CPU us/delivery", "to bare", "to Uproar", "client us", "RSS MB"}
}

// Cells is Result's: a row for each row and target.
func (r FanoutResult) Cells() [][]string {
	var cells [][]string
	for _, row := range r.Rows {
		cells = append(cells, row.cells())
	}
	return cells
}

// Remarks is Result's.
func (r FanoutResult) Remarks() []string {
	remarks := append(roll(r.Company), r.Failures...)
	for _, row := range r.Rows {
		if row.Remark != "" {
			remarks = append(remarks, fmt.Sprintf("%s at %v: %s", row.Target, row.Row, row.Remark))
		}
	}
	return remarks
}

func (r FanoutRow) cells() []string {
	return []string{r.Target, fmt.Sprint(r.Members), fmt.Sprint(r.Rate), fmt.Sprint(r.Deliveries), fmt.Sprint(r.Unsent), fmt.Sprint(r.Lost),
		fmt.Sprint(r.Told), fmt.Sprint(r.Reordered), fmt.Sprint(r.Duplicated), fmt.Sprint(r.Wrong), fmt.Sprintf("%.1f", r.P50), fmt.Sprintf("%.1f", r.P99),
		fmt.Sprintf("%.2f", r.CPUMicros), ratioCell(r.Ratio), ratioCell(r.ToUproar), fmt.Sprintf("%.2f", r.ClientMicros), fmt.Sprintf("%.1f", float64(r.RSS)/(1<<20))}
}

func ratioCell(ratio float64) string {
	if ratio == 0 {
		return "-"
	}
	return fmt.Sprintf("%.2f", ratio)
}
