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

// Drain is the scenario.
var Drain = Scenario{
	Name: "drain",
	Help: "How members are sent away on SIGTERM.",
	New:  func() Config { return defaults(new(DrainConfig)) },
}

// DrainConfig says what goes on while the server is told to stop.
type DrainConfig struct {
	Members      int           `json:"members" default:"5000" help:"Members of the room."`
	Rate         float64       `json:"rate" default:"20" help:"Lines a second."`
	Before       time.Duration `json:"before" default:"3s" help:"How long lines flow before SIGTERM."`
	TextBytes    int           `json:"text_bytes" default:"100" help:"Size of each line's text, 32 to 500."`
	DrainTimeout time.Duration `json:"drain_timeout" default:"5s" help:"The server's --drain-timeout."`
}

// Smoke is Config's.
func (c DrainConfig) Smoke() Config {
	c.Members, c.Rate, c.Before, c.DrainTimeout = 100, 50, 300*time.Millisecond, time.Second
	return &c
}

// DrainResult is how the members were sent away.
type DrainResult struct {
	Members    int     `json:"members"`
	Reconnects int64   `json:"reconnects"`  // members told RECONNECT: should be all
	CloseFrame int64   `json:"close_frame"` // members sent a close frame
	EOF        int64   `json:"eof"`         // ended in order
	Broken     int64   `json:"broken"`      // reset: must be 0
	Left       int64   `json:"left"`        // still open at the end: must be 0
	LastEnd    float64 `json:"last_end_ms"` // from SIGTERM to the last end
	Exit       float64 `json:"exit_ms"`     // from SIGTERM to the end of the process
	ExitCode   int     `json:"exit_code"`
	LastWords  string  `json:"last_words"` // of the server's to one member

	Wrong      int64 `json:"wrong"` // faults of the lines until then: must be 0
	Duplicated int64 `json:"duplicated"`
	Reordered  int64 `json:"reordered"`
}

// Run measures Uproar over WebSocket.
func (c DrainConfig) Run(ctx context.Context, w *Workshop) (Result, error) {
	w.Expect(c.Before + c.DrainTimeout + 5*time.Second)
	r, err := drain(ctx, w, c)
	if err != nil {
		return nil, err
	}
	return r, nil
}

func drain(ctx context.Context, w *Workshop, c DrainConfig) (DrainResult, error) {
	r := DrainResult{Members: c.Members}
	server, err := w.EdgeServer(ctx, target.EdgeConfig{Wire: load.WebSocket, DrainTimeout: c.DrainTimeout})
	if err != nil {
		return r, err
	}
	w.Log("drain: %d members, %v lines/s, SIGTERM after %v", c.Members, c.Rate, c.Before)
	g, err := gather(ctx, server, load.SwarmConfig{TextBytes: c.TextBytes}, c.Members)
	if err != nil {
		return r, err
	}
	defer g.disperse()
	p, err := g.publisher(ctx, load.PublisherConfig{Rate: c.Rate, TextBytes: c.TextBytes})
	if err != nil {
		return r, err
	}
	defer p.Close()
	// The publisher goes on into the drain, until the server ends it or us.
	publishing, stop := context.WithCancel(ctx)
	published := make(chan struct{})
	go func() {
		defer close(published)
		p.Run(publishing, load.Now(), int64(c.Rate*(c.Before+2*c.DrainTimeout+time.Minute).Seconds())) // its end is the server's doing
	}()
	defer func() { stop(); <-published }()
	if err := pause(ctx, c.Before); err != nil {
		return r, err
	}
	return r, r.drain(ctx, g, c)
}

// drain sends SIGTERM and watches until the server and all members have ended.
func (r *DrainResult) drain(ctx context.Context, g *crowd, c DrainConfig) error {
	asked, askedMono := time.Now(), load.Now()
	if err := g.server.Terminate(); err != nil {
		return err
	}
	waiting, cancel := context.WithTimeout(ctx, 2*c.DrainTimeout+10*time.Second)
	defer cancel()
	exit, err := g.server.Wait(waiting)
	if err != nil && (ctx.Err() != nil || !errors.Is(err, context.DeadlineExceeded)) {
		return err
	}
	r.ExitCode, r.Exit = exit.Code, meter.Milliseconds(exit.At.Sub(asked))
	if err != nil {
		r.ExitCode, r.Exit = -2, meter.Milliseconds(time.Since(asked)) // it did not exit
	}
	var t load.Tally
	for end := time.Now().Add(2 * time.Second); ; {
		t = g.swarm.Tally()
		if r.Left = t.Members - t.EOF - t.Broken; r.Left == 0 || time.Now().After(end) {
			break
		}
		if err := pause(ctx, 10*time.Millisecond); err != nil {
			return err
		}
	}
	r.Reconnects, r.CloseFrame, r.EOF, r.Broken = t.Reconnects, t.CloseFrame, t.EOF, t.Broken
	r.Wrong, r.Duplicated, r.Reordered = t.Wrong, t.Duplicated, t.Reordered
	if t.LastEnd > 0 {
		r.LastEnd = meter.Milliseconds(time.Duration(t.LastEnd - askedMono))
	}
	r.LastWords = g.swarm.Fate(0, []uint32{0}).LastWords
	return nil
}

// Check fails unless every member was sent away in order and the server ended as it should.
func (r DrainResult) Check() error {
	if int(r.Reconnects) != r.Members || int(r.EOF) != r.Members || r.Left != 0 || r.ExitCode != 0 {
		return fmt.Errorf("of %d members %d were told RECONNECT, %d ended in order and %d are left; exit code %d",
			r.Members, r.Reconnects, r.EOF, r.Left, r.ExitCode)
	}
	if r.Wrong+r.Duplicated+r.Reordered != 0 {
		return fmt.Errorf("lines before the end: %d wrong, %d duplicated, %d out of order", r.Wrong, r.Duplicated, r.Reordered)
	}
	return nil
}

// Header is Result's.
func (r DrainResult) Header() []string {
	return []string{"members", "RECONNECT", "close frame", "EOF", "broken", "left open", "last end ms", "exit ms", "exit code", "last words"}
}

// Cells is Result's.
func (r DrainResult) Cells() [][]string {
	return [][]string{{fmt.Sprint(r.Members), fmt.Sprint(r.Reconnects), fmt.Sprint(r.CloseFrame), fmt.Sprint(r.EOF), fmt.Sprint(r.Broken), fmt.Sprint(r.Left),
		fmt.Sprintf("%.0f", r.LastEnd), fmt.Sprintf("%.0f", r.Exit), fmt.Sprint(r.ExitCode), r.LastWords}}
}

// Remarks is Result's.
func (r DrainResult) Remarks() []string { return nil }
