package main

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"uproar/bench/scenario"
)

type fanoutFlags struct {
	Row        []string      `default:"5000x20,1000x200,1000x1000" help:"Members x lines a second; comma-separated."`
	Target     []string      `default:"uproar,bare" help:"uproar, uproar-tcp, bare (one send per member and line), bare-20ms (batches); comma-separated."`
	Duration   time.Duration `default:"60s" help:"Measured per row and target, all rounds together."`
	Rounds     int           `default:"2" help:"How often the targets take turns."`
	Warmup     time.Duration `default:"2s" help:"Before each measurement, not counted."`
	Publishers int           `default:"1" help:"Connections that the lines come from."`
	TextBytes  int           `default:"100" help:"Size of each line's text, 32 to 500."`
	Caps       string        `placeholder:"CAPS" help:"Capabilities that members request, such as 'twitch.tv/tags twitch.tv/commands'. Makes lines longer than the peers'."`
}

func (f *fanoutFlags) Run(s *session) error {
	c := scenario.FanoutConfig{Targets: f.Target, Duration: f.Duration, Rounds: f.Rounds, Warmup: f.Warmup,
		Publishers: f.Publishers, TextBytes: f.TextBytes, Caps: f.Caps}
	for _, text := range f.Row {
		row, err := parseRow(text)
		if err != nil {
			return err
		}
		c.Rows = append(c.Rows, row)
	}
	results, err := scenario.RunFanout(s.ctx, s.shop, c)
	if len(results) == 0 && err != nil {
		return err
	}
	var cells [][]string
	var entries []any
	for _, r := range results {
		cells, entries = append(cells, r.Cells()), append(entries, r)
	}
	if shown := s.show("fanout", c, scenario.FanoutHeader, cells, entries...); err == nil {
		err = shown
	}
	for _, r := range results {
		if r.Remark != "" {
			fmt.Printf("%s at %dx%v: %s\n", r.Target, r.Members, r.Rate, r.Remark)
		}
	}
	return err
}

// parseRow reads "1000x200".
func parseRow(text string) (scenario.Row, error) {
	members, rate, _ := strings.Cut(text, "x")
	n, err := strconv.Atoi(members)
	if err != nil || n < 1 {
		return scenario.Row{}, fmt.Errorf("cannot parse row %q: want MEMBERSxLINES, such as 1000x200", text)
	}
	r, err := strconv.ParseFloat(rate, 64)
	if err != nil || r <= 0 {
		return scenario.Row{}, fmt.Errorf("cannot parse row %q: want MEMBERSxLINES, such as 1000x200", text)
	}
	return scenario.Row{Members: n, Rate: r}, nil
}

type idleFlags struct {
	Members      []int         `default:"2000,6000,10000" help:"Numbers of members at which memory is read, growing; comma-separated."`
	PingInterval time.Duration `default:"5s" help:"How often the server sends PING."`
	Settle       time.Duration `default:"30s" help:"How long to wait, at most, until memory stands still."`
}

func (f *idleFlags) Run(s *session) error {
	c := scenario.IdleConfig{Steps: f.Members, PingInterval: f.PingInterval, Settle: f.Settle}
	r, err := scenario.RunIdle(s.ctx, s.shop, c)
	if err != nil {
		return err
	}
	return s.show("idle", c, scenario.IdleHeader, r.Cells(), r)
}

type slowFlags struct {
	Members   int     `default:"200" help:"Members of the room; one of them stops reading."`
	Megabytes int64   `default:"64" help:"Text that passes by, in MB."`
	TextBytes int     `default:"500" help:"Size of each line's text, 32 to 500."`
	Rate      float64 `default:"4000" help:"Lines a second."`
	Warmup    int64   `default:"16" help:"Text that passes by before that, in MB."`
	Rounds    int     `default:"3" help:"Runs with and without a slow member, in turn."`
}

func (f *slowFlags) Run(s *session) error {
	c := scenario.SlowConfig{Members: f.Members, Bytes: f.Megabytes << 20, TextBytes: f.TextBytes, Rate: f.Rate, Warmup: f.Warmup << 20, Rounds: max(1, f.Rounds)}
	r, err := scenario.RunSlow(s.ctx, s.shop, c)
	if err != nil {
		return err
	}
	return s.show("slow", c, scenario.SlowHeader, [][]string{r.Cells()}, r)
}

type drainFlags struct {
	Members      int           `default:"5000" help:"Members of the room."`
	Rate         float64       `default:"20" help:"Lines a second."`
	Before       time.Duration `default:"3s" help:"How long lines flow before SIGTERM."`
	DrainTimeout time.Duration `default:"5s" help:"The server's --drain-timeout."`
}

func (f *drainFlags) Run(s *session) error {
	c := scenario.DefaultDrain()
	c.Members, c.Rate, c.Before, c.DrainTimeout = f.Members, f.Rate, f.Before, f.DrainTimeout
	r, err := scenario.RunDrain(s.ctx, s.shop, c)
	if err != nil {
		return err
	}
	return s.show("drain", c, scenario.DrainHeader, [][]string{r.Cells()}, r)
}
