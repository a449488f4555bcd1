package scenario

import (
	"context"
	"fmt"
	"regexp"
	"slices"
	"time"

	"uproar/bench/load"
	"uproar/bench/meter"
	"uproar/bench/origin"
	"uproar/bench/target"
)

// HLSLive is the scenario.
var HLSLive = Scenario{
	Name: "hls-live",
	Help: "Players of a live stream through three tiers of ours: stalls, and what the origin is spared.",
	New:  func() Config { return defaults(new(HLSLiveConfig)) },
}

// HLSLiveConfig says who watches what. A packager of the benchmark's pushes segments to the
// origin as they would be encoded, one each target duration in every rendition.
type HLSLiveConfig struct {
	Players  int           `json:"players" default:"2000" help:"Players: each reloads its playlist and fetches every new segment."`
	Segments []Size        `json:"segments" name:"segment" default:"100KB,250KB" help:"Sizes of segments, one for each rendition; players are spread over them."`
	Target   time.Duration `json:"target" default:"2s" help:"Duration of a segment: whole seconds."`
	Duration time.Duration `json:"duration" default:"2m" help:"For how long they watch."`
}

// Smoke is Config's.
func (c HLSLiveConfig) Smoke() Config {
	return &HLSLiveConfig{Players: 30, Segments: []Size{20 << 10, 40 << 10}, Target: time.Second, Duration: 2500 * time.Millisecond}
}

// HLSLiveResult is what players saw, and what each tier did for it.
type HLSLiveResult struct {
	Players   int     `json:"players"`
	Seconds   float64 `json:"seconds"`
	Playlists int64   `json:"playlists"` // loaded by players
	Segments  int64   `json:"segments"`
	Bytes     int64   `json:"bytes"` // of them
	Started   int64   `json:"started"`
	Stalls    int64   `json:"stalls"`
	StalledOf int64   `json:"players_stalled"`
	StalledS  float64 `json:"stalled_s"` // all players together
	Wrong     int64   `json:"wrong"`     // answers of wrong status, length or content
	Broken    int64   `json:"broken"`    // connections
	Backward  int64   `json:"backward"`  // playlists that went back, or changed their mind
	Skipped   int64   `json:"skipped"`   // segments that were gone when their time came
	ReloadP99 float64 `json:"reload_p99_ms"`
	LoadP50   float64 `json:"load_p50_ms"` // of segments
	LoadP99   float64 `json:"load_p99_ms"`
	Offload   float64 `json:"origin_offload"` // share of requests that the origin was spared
	Tiers     []Tier  `json:"tiers"`          // from the origin down
	Remark    string  `json:"remark,omitempty"`
}

// Tier is one process of the chain.
type Tier struct {
	Name     string  `json:"name"`
	Answered int64   `json:"answered"` // requests, of the tier below or of players
	Fetches  int64   `json:"fetches"`  // its own requests for what it did not have
	Fetched  int64   `json:"fetched_bytes"`
	CPU      float64 `json:"cpu_s"`
	RSS      int64   `json:"rss"`
}

// tierNames are the processes, each the upstream of the next.
var tierNames = []string{"origin", "tier 1", "point of presence"}

// liveWindow is how many segments the packager lists, liveBehind how many of them a player
// begins from the end.
const (
	liveWindow = 6
	liveBehind = 3
)

// chain is the processes.
type chain struct {
	servers []*target.Server
}

func openChain(ctx context.Context, w *Workshop) (*chain, error) {
	ch := &chain{}
	for i := range tierNames {
		args := []string{"--roles=edge,clue,exchange,origin,hls", "--video-dir="}
		if i > 0 {
			args = []string{"--roles=edge,clue,exchange,hls", "--hls-upstream=" + ch.servers[i-1].Members}
		}
		s, err := w.EdgeServer(ctx, target.EdgeConfig{Args: args})
		if err != nil {
			ch.close()
			return nil, err
		}
		ch.servers = append(ch.servers, s)
	}
	return ch, nil
}

// close stops the lowest tier first.
func (ch *chain) close() {
	for _, s := range slices.Backward(ch.servers) {
		s.Stop(stopGrace)
	}
}

// Run measures Uproar's three tiers.
func (c HLSLiveConfig) Run(ctx context.Context, w *Workshop) (Result, error) {
	if c.Target < time.Second || c.Target%time.Second != 0 || len(c.Segments) == 0 {
		return nil, fmt.Errorf("cannot broadcast %d renditions in segments of %v: want one at least, of whole seconds", len(c.Segments), c.Target)
	}
	ch, err := openChain(ctx, w)
	if err != nil {
		return nil, err
	}
	defer ch.close()
	r := &HLSLiveResult{Players: c.Players}
	pushing, stop := context.WithCancel(ctx)
	pack := newPackager(c, ch.servers[0].Admin)
	pushed := make(chan error, 1)
	if err := pack.begin(ctx); err != nil {
		stop()
		return nil, fmt.Errorf("%w; the origin said:\n%s", err, ch.servers[0].Output())
	}
	go func() { pushed <- pack.run(pushing) }()
	defer func() { stop(); <-pushed }()
	if err := r.watch(ctx, w, c, ch, pack); err != nil {
		return nil, fmt.Errorf("%w; the point of presence said:\n%s", err, ch.servers[len(ch.servers)-1].Output())
	}
	select {
	case err := <-pushed:
		pushed <- nil
		return r, fmt.Errorf("the packager stopped: %w; the origin said:\n%s", err, ch.servers[0].Output())
	default:
		return r, nil
	}
}

// watch has the players watch at the lowest tier, and books what became of them.
func (r *HLSLiveResult) watch(ctx context.Context, w *Workshop, c HLSLiveConfig, ch *chain, pack *packager) error {
	last := ch.servers[len(ch.servers)-1]
	broadcast, err := findBroadcast(ctx, last.Members)
	if err != nil {
		return err
	}
	h := &house{server: last}
	if h.audience, err = load.NewAudience(load.AudienceConfig{Addr: last.Members, Receive: viewerBytes}); err != nil {
		return err
	}
	defer h.audience.Close()
	running, cancel := context.WithCancel(context.WithoutCancel(ctx))
	h.done.Go(func() { h.runErr = h.audience.Run(running) })
	defer func() { cancel(); h.done.Wait() }()
	if err := h.grow(ctx, c.Players); err != nil {
		return err
	}
	config := load.PlayersConfig{Target: c.Target, Behind: liveBehind, Expect: pack.expect}
	for i := range c.Segments {
		config.Playlists = append(config.Playlists, fmt.Sprintf("/hls/%s/%s/%s/index.m3u8", origin.Channel, broadcast, renditionName(i)))
	}
	before, err := ch.tiers(ctx)
	if err != nil {
		return err
	}
	w.Log("hls-live: %d players, %v", c.Players, c.Duration)
	w.Expect(c.Duration + 2*time.Second)
	if err := h.audience.Play(config, c.Target); err != nil {
		return err
	}
	began := time.Now()
	if err := pause(ctx, c.Duration); err != nil {
		return err
	}
	resting, done := context.WithTimeout(ctx, 20*time.Second)
	defer done()
	t, err := h.audience.Rest(resting)
	if err != nil {
		return err
	}
	r.book(t, h.audience.Tally(), time.Since(began))
	return r.account(ctx, ch, before)
}

// book takes over what the players saw.
func (r *HLSLiveResult) book(t load.PlayTally, a load.AudienceTally, took time.Duration) {
	r.Seconds, r.Playlists, r.Segments, r.Bytes, r.Started = took.Seconds(), t.Playlists, t.Segments, t.Bytes, t.Started
	r.Stalls, r.StalledOf, r.StalledS = t.Stalls, t.Hit, t.Stalled.Seconds()
	r.Wrong, r.Broken, r.Backward, r.Skipped = a.Wrong, a.Broken, t.Backward, t.Skipped
	r.ReloadP99, r.LoadP50, r.LoadP99 = meter.Milliseconds(t.Reload.Quantile(0.99)), meter.Milliseconds(t.Load.Quantile(0.5)), meter.Milliseconds(t.Load.Quantile(0.99))
	if len(a.Oddities) > 0 {
		r.Remark = a.Oddities[0]
	}
}

// account books what each tier did since before. What one has answered is what the one below
// it has fetched, and what the players have asked for.
func (r *HLSLiveResult) account(ctx context.Context, ch *chain, before []Tier) error {
	after, err := ch.tiers(ctx)
	if err != nil {
		return err
	}
	for i := range after {
		t := &after[i]
		t.Fetches, t.Fetched, t.CPU = t.Fetches-before[i].Fetches, t.Fetched-before[i].Fetched, t.CPU-before[i].CPU
		if i > 0 {
			after[i-1].Answered = t.Fetches
		}
	}
	asked := r.Playlists + r.Segments
	after[len(after)-1].Answered = asked
	r.Tiers = after
	if asked > 0 {
		r.Offload = 1 - float64(after[0].Answered)/float64(asked)
	}
	return nil
}

// tiers asks every process what it has done so far.
func (ch *chain) tiers(ctx context.Context) ([]Tier, error) {
	var all []Tier
	for i, s := range ch.servers {
		m, err := s.Metrics(ctx)
		if err != nil {
			return nil, err
		}
		cpu, err := meter.CPU(s.Pid)
		if err != nil {
			return nil, err
		}
		memory, err := meter.ReadMemory(s.Pid)
		if err != nil {
			return nil, err
		}
		all = append(all, Tier{Name: tierNames[i], Fetches: int64(m.Sum("uproar_hls_fetches_total")), Fetched: int64(m.Sum("uproar_hls_fetched_bytes_total")),
			CPU: cpu.Seconds(), RSS: memory.RSS})
	}
	return all, nil
}

var variant = regexp.MustCompile(`(?m)^([^#/]+)/[^/]+/index\.m3u8$`)

// findBroadcast reads the multivariant playlist for what the origin calls the broadcast.
func findBroadcast(ctx context.Context, addr string) (string, error) {
	path := "/hls/" + origin.Channel + "/index.m3u8"
	h := &house{server: &target.Server{Members: addr}}
	body, err := h.fetch(ctx, path)
	if err != nil {
		return "", err
	}
	m := variant.FindSubmatch(body)
	if m == nil {
		return "", fmt.Errorf("cannot find a broadcast in %q:\n%s", path, body)
	}
	return string(m[1]), nil
}

func renditionName(i int) string { return fmt.Sprintf("r%d", i+1) }

// Check fails when a player saw what it must not.
func (r *HLSLiveResult) Check() error {
	if r.Wrong+r.Broken+r.Backward+r.Skipped > 0 || r.Started != int64(r.Players) {
		return fmt.Errorf("%d of %d players played; %d wrong answers, %d connections broken, %d playlists went back, %d segments skipped: %s",
			r.Started, r.Players, r.Wrong, r.Broken, r.Backward, r.Skipped, r.Remark)
	}
	return nil
}

// Header is Result's.
func (r *HLSLiveResult) Header() []string {
	return []string{"process", "requests answered", "requests upstream", "MB upstream", "CPU s", "RSS MB"}
}

// Cells is Result's: a row for each tier.
func (r *HLSLiveResult) Cells() [][]string {
	var rows [][]string
	for _, t := range r.Tiers {
		rows = append(rows, []string{t.Name, fmt.Sprint(t.Answered), fmt.Sprint(t.Fetches), megabytes(t.Fetched), fmt.Sprintf("%.2f", t.CPU), megabytes(t.RSS)})
	}
	return rows
}

// Remarks is Result's: what the players saw.
func (r *HLSLiveResult) Remarks() []string {
	remarks := []string{
		fmt.Sprintf("%d players for %.0f s: %d playlists, %d segments, %.1f MB/s; %d stalls of %d players, %.1f s in all", r.Players, r.Seconds, r.Playlists, r.Segments,
			float64(r.Bytes)/(1<<20)/r.Seconds, r.Stalls, r.StalledOf, r.StalledS),
		fmt.Sprintf("the origin was spared %.3f %% of the requests; a playlist took %.1f ms (p99), a segment %.1f ms (p50), %.1f ms (p99)", 100*r.Offload, r.ReloadP99, r.LoadP50, r.LoadP99),
		fmt.Sprintf("wrong answers %d, connections broken %d, playlists that went back %d, segments skipped %d", r.Wrong, r.Broken, r.Backward, r.Skipped),
	}
	if r.Remark != "" {
		remarks = append(remarks, r.Remark)
	}
	return remarks
}
