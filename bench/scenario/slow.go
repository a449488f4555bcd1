package scenario

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"time"

	"uproar/bench/load"
	"uproar/bench/meter"
	"uproar/bench/target"
)

// Slow is the scenario.
var Slow = Scenario{
	Name: "slow",
	Help: "What one member that stops reading costs the server and the others.",
	New:  func() Config { return defaults(new(SlowConfig)) },
}

// SlowConfig says what passes by a member that has stopped reading.
type SlowConfig struct {
	Members   int     `json:"members" default:"200" help:"Members of the room; one of them stops reading."`
	Bytes     Size    `json:"bytes" name:"size" default:"64MB" help:"Text that passes by each member."`
	TextBytes int     `json:"text_bytes" default:"500" help:"Size of each line's text, 32 to 500: Twitch's longest."`
	Rate      float64 `json:"rate" default:"4000" help:"Lines a second."`
	Warmup    Size    `json:"warmup" default:"16MB" help:"Text before that, which all read: servers grow once."`
	Rounds    int     `json:"rounds" default:"3" help:"Runs with and without a slow member, in turn."`
}

// Smoke is Config's.
func (c SlowConfig) Smoke() Config {
	return &SlowConfig{Members: 5, Bytes: 6 << 20, TextBytes: 500, Rate: 6000, Warmup: 1 << 20, Rounds: 1}
}

// SlowResult compares runs in which all members read with runs in which the first does
// not. Latencies and growths are medians of the rounds, what was lost and told is summed,
// and the fate of the slow one is the worst.
type SlowResult struct {
	P99Alike    float64   `json:"p99_alike_ms"`  // all read
	P99Others   float64   `json:"p99_others_ms"` // one does not; latency of the others
	LostOthers  int64     `json:"lost_others"`   // should be 0
	ToldOthers  int64     `json:"told_others"`   // lines that the others were told they miss
	GrowthAlike int64     `json:"growth_alike"`  // server RSS, bytes, while the lines passed
	Growth      int64     `json:"growth"`        // with the slow one
	Slow        load.Fate `json:"slow"`
	Verdict     string    `json:"verdict"` // what the slow member learned
}

// Run measures Uproar over WebSocket.
func (c SlowConfig) Run(ctx context.Context, w *Workshop) (Result, error) {
	if c.Rounds < 1 {
		return nil, fmt.Errorf("cannot measure %d rounds", c.Rounds)
	}
	lines := float64(c.Bytes+c.Warmup) / float64(c.TextBytes)
	round := 2*time.Duration(lines/c.Rate*float64(time.Second)) + 7*time.Second
	var alike, stopped []SlowResult
	for n := range c.Rounds {
		w.Expect(time.Duration(c.Rounds-n) * round)
		w.Log("slow: %d members, all of them reading, round %d of %d", c.Members, n+1, c.Rounds)
		r, err := slow(ctx, w, c, false)
		if err != nil {
			return nil, err
		}
		alike = append(alike, r)
		w.Log("slow: %d members, one of them not reading, round %d of %d", c.Members, n+1, c.Rounds)
		if r, err = slow(ctx, w, c, true); err != nil {
			return nil, err
		}
		stopped = append(stopped, r)
	}
	return summary(alike, stopped), nil
}

// summary is one result of all rounds.
func summary(alike, stopped []SlowResult) SlowResult {
	latency := func(r SlowResult) float64 { return r.P99Others }
	growth := func(r SlowResult) int64 { return r.Growth }
	sum := SlowResult{
		P99Alike: median(alike, latency), P99Others: median(stopped, latency),
		GrowthAlike: median(alike, growth), Growth: median(stopped, growth),
	}
	for _, r := range stopped {
		sum.LostOthers += r.LostOthers
		sum.ToldOthers += r.ToldOthers
		if sum.Verdict == "" || r.Slow.Lost-r.Slow.Told > sum.Slow.Lost-sum.Slow.Told {
			sum.Slow, sum.Verdict = r.Slow, r.Verdict
		}
	}
	return sum
}

// median is the middle value of an odd number of results, the upper of the middle two of
// an even one.
func median[R any, V cmp.Ordered](rs []R, of func(R) V) V {
	values := make([]V, len(rs))
	for i, r := range rs {
		values[i] = of(r)
	}
	slices.Sort(values)
	return values[len(values)/2]
}

// slow is one run; when stop is true, member 0 stops reading.
func slow(ctx context.Context, w *Workshop, c SlowConfig, stop bool) (SlowResult, error) {
	var r SlowResult
	server, err := w.EdgeServer(ctx, target.EdgeConfig{Wire: load.WebSocket})
	if err != nil {
		return r, err
	}
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
	warmup, start := int64(c.Warmup)/int64(c.TextBytes), load.Now()
	if err := p.Run(ctx, start, warmup); err != nil {
		return r, err
	}
	if err := g.settle(ctx, p.SentTotal()*int64(c.Members), 2*time.Second, 20*time.Second); err != nil {
		return r, err
	}
	readers := int64(c.Members)
	if stop {
		readers--
		if err := g.swarm.Pause(0); err != nil {
			return r, err
		}
	}
	return r, r.pass(ctx, g, p, c, warmup*int64(c.Members), readers)
}

// pass publishes the lines and judges what became of the slow member, if any.
func (r *SlowResult) pass(ctx context.Context, g *crowd, p *load.Publisher, c SlowConfig, warmed, readers int64) error {
	before, err := meter.ReadMemory(g.server.Pid)
	if err != nil {
		return err
	}
	start := load.Now()
	if err := g.swarm.Measure(start); err != nil {
		return err
	}
	if err := p.Run(ctx, start, int64(c.Bytes)/int64(c.TextBytes)); err != nil {
		return fmt.Errorf("%w; the server said:\n%s", err, g.server.Output())
	}
	lines := p.SentTotal() - warmed/int64(c.Members)
	if err := g.settle(ctx, warmed+lines*readers, 2*time.Second, 20*time.Second); err != nil {
		return err
	}
	after, err := meter.ReadMemory(g.server.Pid)
	if err != nil {
		return err
	}
	r.Growth = after.RSS - before.RSS
	t := g.swarm.Tally()
	r.ToldOthers = t.Told
	r.P99Others = meter.Milliseconds(t.Latency.Quantile(0.99))
	if readers == int64(c.Members) {
		r.LostOthers = g.swarm.Lost(p.Sent())
		return nil
	}
	r.LostOthers = g.swarm.Lost(p.Sent(), 0)
	if err := g.swarm.Resume(0); err != nil {
		return err
	}
	if err := g.settle(ctx, p.SentTotal()*int64(c.Members), 5*time.Second, 30*time.Second); err != nil {
		return err
	}
	r.Slow = g.swarm.Fate(0, p.Sent())
	r.ToldOthers = g.swarm.Told() - r.Slow.Told
	r.Verdict = verdict(r.Slow)
	return nil
}

// verdict says in words what the slow member knows. Losing lines in silence is
// the one thing that a server must not do to it.
func verdict(f load.Fate) string {
	switch {
	case f.Ended && f.LastWords != "":
		return fmt.Sprintf("closed with a reason, missed %d: %s", f.Lost, f.LastWords)
	case f.Ended:
		return fmt.Sprintf("closed without a reason, missed %d", f.Lost)
	case f.Lost == 0:
		return "missed nothing"
	case f.Lost == f.Told:
		return fmt.Sprintf("told of every line it missed: %d", f.Lost)
	}
	return fmt.Sprintf("LEFT IN THE DARK: missed %d, told of %d", f.Lost, f.Told)
}

// Check fails when a member lost lines in silence.
func (r SlowResult) Check() error {
	if r.LostOthers != r.ToldOthers {
		return fmt.Errorf("members that read lost %d lines and were told of %d", r.LostOthers, r.ToldOthers)
	}
	if !r.Slow.Ended && r.Slow.Lost != r.Slow.Told {
		return fmt.Errorf("the slow member was %s", r.Verdict)
	}
	return nil
}

// Header is Result's.
func (r SlowResult) Header() []string {
	return []string{"p99 ms, all read", "p99 ms, one slow", "lost by others", "told", "growth KB, all read", "growth KB, one slow", "the slow one"}
}

// Cells is Result's.
func (r SlowResult) Cells() [][]string {
	return [][]string{{fmt.Sprintf("%.1f", r.P99Alike), fmt.Sprintf("%.1f", r.P99Others), fmt.Sprint(r.LostOthers), fmt.Sprint(r.ToldOthers),
		fmt.Sprint(r.GrowthAlike >> 10), fmt.Sprint(r.Growth >> 10), r.Verdict}}
}

// Remarks is Result's.
func (r SlowResult) Remarks() []string { return nil }
