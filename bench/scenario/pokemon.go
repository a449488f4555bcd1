package scenario

import (
	"context"
	"errors"
	"fmt"
	"time"

	"uproar/bench/load"
	"uproar/bench/meter"
	"uproar/bench/target"
)

// Pokemon is the room of "Twitch Plays Pokémon" on the evening when it was fullest:
// 121,000 in one room, who play one game by commands in its chat.
var Pokemon = Scenario{"pokemon", "One room of 121,000 members over many edges, short commands from many, with bursts; the clients on the same cores.",
	func() Config { return defaults(&PokemonConfig{}) }}

// PokemonConfig says how large the room is and how much is said there.
type PokemonConfig struct {
	Members    int           `json:"members" default:"121000" help:"Members of the room."`
	Duration   time.Duration `json:"duration" default:"3m" help:"Measured, after the warm-up."`
	Warmup     time.Duration `json:"warmup" default:"10s" help:"Before that, not measured, but checked."`
	Rate       float64       `json:"rate" default:"86.5" help:"Lines a second."`
	Burst      float64       `json:"burst" default:"10" help:"Times as many in a burst."`
	BurstEvery time.Duration `json:"burst_every" default:"1m" help:"One burst in each, in its middle; no longer than the duration."`
	BurstFor   time.Duration `json:"burst_for" default:"5s" help:"How long a burst takes; no longer than a quarter of that."`
	Publishers int           `json:"publishers" default:"300" help:"Who speak, each on a connection."`
	Edges      int           `json:"edges" default:"0" help:"Edge processes; 0 is as few as hold the members, made up to the same number on each core."`
	Wire       string        `json:"wire" default:"ws" enum:"ws,tcp" help:"ws or tcp."`
	Deflate    bool          `json:"deflate" default:"true" negatable:"" help:"Members offer permessage-deflate, as browsers do; a server need not take it."`
}

// Smoke is a room that fits beside other tests.
func (c PokemonConfig) Smoke() Config {
	s := c
	s.Members, s.Edges, s.Publishers, s.Burst = 200, 2, 20, 4
	s.Duration, s.Warmup, s.BurstEvery, s.BurstFor = 1200*time.Millisecond, 200*time.Millisecond, 600*time.Millisecond, 100*time.Millisecond
	return &s
}

func (c *PokemonConfig) storm() *load.Storm {
	every := min(c.BurstEvery, c.Duration)
	return &load.Storm{Nicks: c.Publishers, Rate: c.Rate, Burst: c.Burst, Every: every, For: min(c.BurstFor, every/4)}
}

// Phase is what members got of the lines that were due in a burst, or out of one.
type Phase struct {
	Name       string  `json:"name"`
	Deliveries int64   `json:"deliveries"`
	P50        float64 `json:"p50_ms"`
	P99        float64 `json:"p99_ms"`
	Max        float64 `json:"max_ms"`
	Edges      float64 `json:"edge_cores"`   // busy in the edges, while such lines were due
	Desk       float64 `json:"desk_cores"`   // in the process that decides, and Redis
	Clients    float64 `json:"client_cores"` // in the workers and the publishers
}

// Sample is one second of the run.
type Sample struct {
	At         float64 `json:"at_s"` // its end, from the first line
	Deliveries int64   `json:"deliveries"`
	Edges      float64 `json:"edge_cores"`
	Desk       float64 `json:"desk_cores"`
	Clients    float64 `json:"client_cores"`
	Buffers    int64   `json:"tcp_buffers"` // bytes that wait in the kernel
	Burst      bool    `json:"burst"`
}

// PokemonResult is what became of the lines.
type PokemonResult struct {
	Members   int       `json:"members"`
	Edges     int       `json:"edges"`
	JoinTook  float64   `json:"join_s"`
	Sent      int64     `json:"sent"`   // lines, warm-up included, as in all faults
	Unsent    int64     `json:"unsent"` // that the server did not take in time
	Faults    Faults    `json:"faults"`
	Phases    []Phase   `json:"phases"`
	CPUMicros float64   `json:"cpu_us_per_delivery"` // edges, user plus system, warm-up included
	Reads     float64   `json:"deliveries_per_read"` // of a client
	Bytes     int64     `json:"bytes"`               // that clients received
	Packed    int64     `json:"packed"`              // compressed messages among them
	Footprint Footprint `json:"footprint"`
	Samples   []Sample  `json:"samples"`
	Remark    string    `json:"remark,omitempty"`
}

// Faults is what must not happen to lines.
type Faults struct {
	Lost       int64 `json:"lost"`
	Told       int64 `json:"told"` // of the lost: members were told that they will not come
	Reordered  int64 `json:"reordered"`
	Duplicated int64 `json:"duplicated"`
	Wrong      int64 `json:"wrong"`
	Ended      int64 `json:"ended"`   // members that lost their connection
	Orders     int   `json:"orders"`  // in which workers saw the lines: should be one
	Refused    int64 `json:"refused"` // lines of which their senders were told that they were not said: these do not count as lost
}

// count takes over what members and publishers saw, and returns the first odd thing.
func (f *Faults) count(m *multitude, p *load.Publisher, t load.Tally) (odd string, err error) {
	if f.Lost, f.Orders, err = m.crew.Lost(p.Sent()); err != nil {
		return "", err
	}
	f.Told, f.Reordered, f.Duplicated, f.Wrong, f.Ended = t.Told, t.Reordered, t.Duplicated, t.Wrong, t.EOF+t.Broken
	odd = f.refused(p, m.crew.Size())
	if len(t.Oddities) > 0 {
		odd = t.Oddities[0]
	}
	return odd, nil
}

// refused has lines that were not said, as their senders were told, not count as lost by
// so many members, and returns what the first of these was told.
func (f *Faults) refused(p *load.Publisher, members int) (first string) {
	f.Refused, first = p.Notices()
	f.Lost -= f.Refused * int64(members)
	return first
}

// Check fails when anything was.
func (f *Faults) Check() error {
	if f.Lost != 0 || f.Reordered+f.Duplicated+f.Wrong+f.Ended != 0 || f.Orders != 1 {
		return fmt.Errorf("lines were not delivered as they were said: %+v", *f)
	}
	return nil
}

// Run measures Uproar.
func (c *PokemonConfig) Run(ctx context.Context, shop *Workshop) (Result, error) {
	const each, fixed = 14 << 10, 1 << 30 // measured; the kernel has two sockets for each, and what they hold
	if err := enough(c.Members, each, fixed); err != nil {
		return nil, err
	}
	storm := c.storm()
	wire := map[string]load.Wire{"ws": load.WebSocket, "tcp": load.TCP}[c.Wire]
	m, err := shop.multitude(ctx, target.EdgeConfig{Wire: wire}, load.SwarmConfig{Storm: storm, Deflate: c.Deflate}, c.Members, c.Edges)
	if err != nil {
		return nil, err
	}
	defer m.disperse()
	r := &PokemonResult{Members: c.Members, Edges: len(m.edges)}
	before, err := m.holding()
	if err != nil {
		return nil, err
	}
	took, err := m.grow(ctx, shop, c.Members)
	if err != nil {
		return nil, err
	}
	r.JoinTook = took.Seconds()
	if r.Footprint, err = m.holding(); err != nil {
		return nil, err
	}
	r.Footprint.since(before, c.Members)
	p, err := load.NewPublisher(load.PublisherConfig{Addr: m.fleet.Desk.Publishers, Storm: storm})
	if err != nil {
		return nil, err
	}
	defer p.Close()
	if err := p.Connect(ctx); err != nil {
		return nil, err
	}
	return r, errors.Join(r.play(ctx, shop, m, p, c), m.fleet.Check())
}

// play has the publishers speak, and watches.
func (r *PokemonResult) play(ctx context.Context, shop *Workshop, m *multitude, p *load.Publisher, c *PokemonConfig) error {
	storm := c.storm()
	storm.Start = load.Now() + int64(200*time.Millisecond)
	if err := errors.Join(m.crew.StormFrom(storm.Start), m.crew.Measure(storm.Start+int64(c.Warmup))); err != nil {
		return err
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	lines := storm.Lines(c.Warmup + c.Duration)
	published := make(chan error, 1)
	go func() { published <- p.Run(ctx, storm.Start, lines) }()
	began, err := m.spent()
	if err == nil {
		err = r.watch(ctx, shop, m, storm, c)
	}
	if err != nil {
		cancel()
		<-published
		return err
	}
	if err := <-published; err != nil {
		return fmt.Errorf("%w; the server said:\n%s", err, m.fleet.Desk.Output())
	}
	shop.Log("waiting for the last of %d lines", p.SentTotal())
	if _, err := m.settle(ctx, p.SentTotal()*int64(r.Members), 3*time.Second, time.Minute); err != nil {
		return err
	}
	ended, err := m.spent()
	if err != nil {
		return err
	}
	return r.count(m, p, ended.edges-began.edges)
}

// watch takes a sample each second until all lines are due.
func (r *PokemonResult) watch(ctx context.Context, shop *Workshop, m *multitude, storm *load.Storm, c *PokemonConfig) error {
	last, err := m.spent()
	if err != nil {
		return err
	}
	var delivered int64
	for at := time.Second; ; at += time.Second {
		at = min(at, c.Warmup+c.Duration)
		if err := pause(ctx, time.Duration(storm.Start-load.Now())+at); err != nil {
			return err
		}
		now, err := m.spent()
		if err != nil {
			return err
		}
		n, told, err := m.crew.Deliveries()
		if err != nil {
			return err
		}
		machine, err := meter.ReadMachine()
		if err != nil {
			return err
		}
		turn := (at - time.Second/2) % storm.Every
		s := Sample{At: at.Seconds(), Deliveries: n - delivered, Buffers: machine.Buffers, Burst: turn >= storm.Every/2 && turn < storm.Every/2+storm.For,
			Edges: (now.edges - last.edges).Seconds(), Desk: (now.desk - last.desk).Seconds(), Clients: (now.clients - last.clients).Seconds()}
		r.Samples = append(r.Samples, s)
		last, delivered = now, n
		due := storm.Lines(at) * int64(r.Members)
		shop.Expect(c.Warmup + c.Duration - at)
		shop.Log("%3.0f s: %9d deliveries, %9d behind, %d told missing; cores: edges %.2f, desk %.2f, clients %.2f; %d MB in TCP queues",
			s.At, s.Deliveries, due-n, told, s.Edges, s.Desk, s.Clients, s.Buffers>>20)
		if at == c.Warmup+c.Duration {
			return nil
		}
	}
}

// count takes over what the members and the publishers saw.
func (r *PokemonResult) count(m *multitude, p *load.Publisher, cpu time.Duration) error {
	t, err := m.crew.Tally()
	if err != nil {
		return err
	}
	r.Sent, r.Unsent, r.Bytes, r.Packed = p.SentTotal(), p.Unsent(), t.Bytes, t.Packed
	if r.Remark, err = r.Faults.count(m, p, t); err != nil {
		return err
	}
	if t.Deliveries > 0 {
		r.CPUMicros = float64(cpu.Nanoseconds()) / 1e3 / float64(t.Deliveries)
	}
	if t.Reads > 0 {
		r.Reads = float64(t.Deliveries) / float64(t.Reads)
	}
	r.Phases = []Phase{r.phase("calm", false, t.Latency), r.phase("burst", true, t.Burst)}
	return nil
}

func (r *PokemonResult) phase(name string, burst bool, l *meter.Latency) Phase {
	p := Phase{Name: name, Deliveries: l.Count(), P50: meter.Milliseconds(l.Quantile(0.5)), P99: meter.Milliseconds(l.Quantile(0.99)), Max: meter.Milliseconds(l.Quantile(1))}
	n := 0.0
	for _, s := range r.Samples {
		if s.Burst == burst {
			p.Edges, p.Desk, p.Clients = p.Edges+s.Edges, p.Desk+s.Desk, p.Clients+s.Clients
			n++
		}
	}
	if n > 0 {
		p.Edges, p.Desk, p.Clients = p.Edges/n, p.Desk/n, p.Clients/n
	}
	return p
}

// Check fails when a line was lost, or came otherwise than it was said.
func (r *PokemonResult) Check() error { return r.Faults.Check() }

// Header names the columns of Cells.
func (r *PokemonResult) Header() []string {
	return []string{"members", "edges", "lines due in", "deliveries", "lost", "told", "out of order", "duplicated", "wrong", "p50 ms", "p99 ms", "max ms",
		"edge cores", "desk cores", "client cores"}
}

// Cells is a row for each phase.
func (r *PokemonResult) Cells() [][]string {
	var rows [][]string
	for _, p := range r.Phases {
		f := &r.Faults
		rows = append(rows, []string{fmt.Sprint(r.Members), fmt.Sprint(r.Edges), p.Name, fmt.Sprint(p.Deliveries), fmt.Sprint(f.Lost), fmt.Sprint(f.Told), fmt.Sprint(f.Reordered),
			fmt.Sprint(f.Duplicated), fmt.Sprint(f.Wrong), fmt.Sprintf("%.0f", p.P50), fmt.Sprintf("%.0f", p.P99), fmt.Sprintf("%.0f", p.Max),
			fmt.Sprintf("%.2f", p.Edges), fmt.Sprintf("%.2f", p.Desk), fmt.Sprintf("%.2f", p.Clients)})
	}
	return rows
}

// Remarks says what the columns do not.
func (r *PokemonResult) Remarks() []string {
	f := &r.Footprint
	remarks := []string{fmt.Sprintf("%d lines sent, %d unsent; %d members joined in %.1f s; %.2f µs of edge CPU per delivery; %.1f deliveries in each read of a client; %d MB received, %d compressed messages",
		r.Sent, r.Unsent, r.Members, r.JoinTook, r.CPUMicros, r.Reads, r.Bytes>>20, r.Packed),
		fmt.Sprintf("memory of a member: %.0f B in its edge, %.0f B in the kernel (both ends), %.0f B in the client", f.EdgeEach, f.KernelEach, f.WorkerEach)}
	most := int64(0)
	for _, s := range r.Samples {
		most = max(most, s.Buffers)
	}
	if limit, err := meter.TCPBuffersMax(); err == nil && most > limit*2/3 {
		remarks = append(remarks, fmt.Sprintf("TCP queues held %d MB, of %d MB that the kernel allows (sysctl net.ipv4.tcp_mem): near that it drops what arrives", most>>20, limit>>20))
	}
	if r.Remark != "" {
		remarks = append(remarks, r.Remark)
	}
	return remarks
}
