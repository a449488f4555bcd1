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

// DrainConfig says what goes on while the server is told to stop.
type DrainConfig struct {
	Members      int           `json:"members"`
	Rate         float64       `json:"rate"`   // lines a second
	Before       time.Duration `json:"before"` // of lines, before SIGTERM
	TextBytes    int           `json:"text_bytes"`
	DrainTimeout time.Duration `json:"drain_timeout"` // the server's
}

// DefaultDrain is a room of 5,000 under the rate of a busy chat.
func DefaultDrain() DrainConfig {
	return DrainConfig{Members: 5000, Rate: 20, Before: 3 * time.Second, TextBytes: 100, DrainTimeout: 5 * time.Second}
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

// RunDrain measures Uproar over WebSocket.
func RunDrain(ctx context.Context, w *Workshop, c DrainConfig) (DrainResult, error) {
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

// DrainHeader names the columns of DrainResult.Cells.
var DrainHeader = []string{"members", "RECONNECT", "close frame", "EOF", "broken", "left open", "last end ms", "exit ms", "exit code", "last words"}

// Cells is the result as a row of a table.
func (r DrainResult) Cells() []string {
	return []string{fmt.Sprint(r.Members), fmt.Sprint(r.Reconnects), fmt.Sprint(r.CloseFrame), fmt.Sprint(r.EOF), fmt.Sprint(r.Broken), fmt.Sprint(r.Left),
		fmt.Sprintf("%.0f", r.LastEnd), fmt.Sprintf("%.0f", r.Exit), fmt.Sprint(r.ExitCode), r.LastWords}
}
