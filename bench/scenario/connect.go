package scenario

import (
	"context"
	"fmt"
	"os"
	"time"

	"uproar/bench/load"
	"uproar/bench/meter"
	"uproar/bench/target"
)

// Connect is what happens when a stream begins: everybody comes at once.
var Connect = Scenario{"connect", "A storm of clients that connect, register and join: server CPU for each, IRC and WebSocket.",
	func() Config { return defaults(&ConnectConfig{}) }}

// ConnectConfig says who comes, and how.
type ConnectConfig struct {
	Members int      `json:"members" default:"10000" help:"Clients of each storm."`
	Window  int      `json:"window" default:"256" help:"How many are on their way in at a time."`
	Rounds  int      `json:"rounds" default:"3" help:"Storms of each kind, in turn, each against a new server."`
	Wire    []string `json:"wire" default:"ws,tcp" enum:"ws,tcp" help:"ws, tcp; comma-separated."`
	Caps    string   `json:"caps" placeholder:"CAPS" help:"Capabilities that clients request, such as 'twitch.tv/tags twitch.tv/commands'."`
}

// Smoke is a storm that fits beside other tests.
func (c ConnectConfig) Smoke() Config {
	s := c
	s.Members, s.Rounds = 300, 1
	return &s
}

// Storm is one kind of storm: medians of its rounds.
type Storm struct {
	Wire       string  `json:"wire"`
	Members    int     `json:"members"`
	Took       float64 `json:"took_s"`
	EachMicros float64 `json:"edge_cpu_us"`   // server CPU for each that joined
	Client     float64 `json:"client_cpu_us"` // of this process, for each
}

// ConnectResult is what the storms cost.
type ConnectResult struct {
	Storms []Storm `json:"storms"`
}

// Run measures Uproar.
func (c *ConnectConfig) Run(ctx context.Context, shop *Workshop) (Result, error) {
	rounds := map[string][]Storm{}
	for round := range c.Rounds {
		for _, wire := range c.Wire {
			shop.Log("connect: %d clients over %s, round %d of %d", c.Members, wire, round+1, c.Rounds)
			s, err := c.storm(ctx, shop, wire)
			if err != nil {
				return nil, err
			}
			rounds[wire] = append(rounds[wire], s)
		}
	}
	r := &ConnectResult{}
	for _, wire := range c.Wire {
		of := rounds[wire]
		r.Storms = append(r.Storms, Storm{Wire: wire, Members: c.Members,
			Took:       median(of, func(s Storm) float64 { return s.Took }),
			EachMicros: median(of, func(s Storm) float64 { return s.EachMicros }),
			Client:     median(of, func(s Storm) float64 { return s.Client }),
		})
	}
	return r, nil
}

// storm is one of them.
func (c *ConnectConfig) storm(ctx context.Context, shop *Workshop, wire string) (Storm, error) {
	s := Storm{Wire: wire, Members: c.Members}
	server, err := shop.EdgeServer(ctx, target.EdgeConfig{Wire: map[string]load.Wire{"ws": load.WebSocket, "tcp": load.TCP}[wire]})
	if err != nil {
		return s, err
	}
	g, err := gather(ctx, server, load.SwarmConfig{TextBytes: load.TextBytesMin, Window: c.Window, Caps: c.Caps}, 0)
	if err != nil {
		return s, err
	}
	defer g.disperse()
	server0, client0, err := both(server.Pid)
	if err != nil {
		return s, err
	}
	began := time.Now()
	if err := g.grow(ctx, c.Members); err != nil {
		return s, err
	}
	s.Took = time.Since(began).Seconds()
	server1, client1, err := both(server.Pid)
	if err != nil {
		return s, err
	}
	s.EachMicros, s.Client = micros(server1-server0, c.Members), micros(client1-client0, c.Members)
	return s, nil
}

// both are the CPU times of the server and of this process.
func both(server int) (its, ours time.Duration, err error) {
	if its, err = meter.CPU(server); err == nil {
		ours, err = meter.CPU(os.Getpid())
	}
	return its, ours, err
}

// Header names the columns of Cells.
func (r *ConnectResult) Header() []string {
	return []string{"wire", "members", "took s", "CPU us/join", "client CPU us/join"}
}

// Cells is a row for each kind of storm.
func (r *ConnectResult) Cells() [][]string {
	var rows [][]string
	for _, s := range r.Storms {
		rows = append(rows, []string{s.Wire, fmt.Sprint(s.Members), fmt.Sprintf("%.2f", s.Took), fmt.Sprintf("%.1f", s.EachMicros), fmt.Sprintf("%.1f", s.Client)})
	}
	return rows
}

// Remarks says nothing: the columns say all.
func (r *ConnectResult) Remarks() []string { return nil }
