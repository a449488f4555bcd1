package scenario

import (
	"context"
	"fmt"
	"os"
	"runtime"
	"slices"
	"strings"
	"time"

	"uproar/bench/load"
	"uproar/bench/meter"
	"uproar/bench/origin"
)

// HLSHit is the scenario.
var HLSHit = Scenario{
	Name: "hls-hit",
	Help: "CPU of what is in the cache already: a playlist, and segments, against other caches.",
	New:  func() Config { return defaults(new(HLSHitConfig)) },
}

// HLSHitConfig says what is asked for, by how many. Each viewer asks again as soon as it has
// its answer, unless a rate is set: the server is as busy as it can be.
type HLSHitConfig struct {
	Segments    []Size        `json:"segments" name:"segment" default:"100KB,1MB" help:"Sizes of segments, beside the playlist; comma-separated."`
	Connections []int         `json:"connections" default:"50,1000" help:"Viewers, each on a connection; comma-separated."`
	Rate        float64       `json:"rate" default:"0" help:"Requests a second of all together, due whatever the server does; 0: each viewer asks again at once."`
	Targets     []string      `json:"targets" name:"target" help:"uproar, nginx, varnish; comma-separated. When absent: uproar and nginx; of the command peers, all."`
	Duration    time.Duration `json:"duration" default:"2s" help:"Measured for each object, number of connections and target, all rounds together."`
	Rounds      int           `json:"rounds" default:"2" help:"How often the targets take turns."`
	Warmup      time.Duration `json:"warmup" default:"300ms" help:"Before each measurement, not counted."`
}

// Smoke is Config's.
func (c HLSHitConfig) Smoke() Config {
	c.Segments, c.Connections, c.Duration, c.Rounds, c.Warmup = []Size{100 << 10}, []int{20}, 200*time.Millisecond, 1, 50*time.Millisecond
	return &c
}

// Choose is Contest's.
func (c *HLSHitConfig) Choose(all bool) {
	if len(c.Targets) == 0 {
		c.Targets = caches([]string{"uproar", "nginx"}, all)
	}
}

// HLSHitResult is every object and number of connections with every target.
type HLSHitResult struct {
	Rows     []HLSHitRow `json:"rows"`
	Company  []Peer      `json:"company,omitempty"`
	Failures []string    `json:"failures,omitempty"`
}

// HLSHitRow is what one target did with one object.
type HLSHitRow struct {
	Target       string  `json:"target"`
	Object       string  `json:"object"` // "playlist", or "segment 100 KB"
	Bytes        int64   `json:"bytes"`  // of it
	Connections  int     `json:"connections"`
	Answers      int64   `json:"answers"` // measured
	Wrong        int64   `json:"wrong"`   // warm-up included, as broken
	Broken       int64   `json:"broken"`  // connections
	PerSecond    float64 `json:"answers_per_second"`
	P50          float64 `json:"p50_ms"`
	P99          float64 `json:"p99_ms"`
	CPUMicros    float64 `json:"cpu_us_per_answer"`
	CPUPerGB     float64 `json:"cpu_ms_per_gb"`        // 10^9 bytes of bodies
	ClientMicros float64 `json:"client_us_per_answer"` // this process, for judging the generator
	RSS          int64   `json:"rss"`
	ToNginx      float64 `json:"ratio_to_nginx"` // of CPUMicros; 0 without nginx
	Remark       string  `json:"remark,omitempty"`

	cpu, client, took time.Duration
	latency           *meter.Latency
}

// hitWindow is how many segments there are of each size: as many as make the playlist 600
// bytes long. hitTarget is so long that it stands still while it is measured.
const (
	hitWindow = 13
	hitHead   = 1012
	hitTarget = 30 * time.Second
)

// playlistObject is the name of the playlist as an object.
const playlistObject = "playlist"

// Run measures every object and number of connections with every target, in turns.
func (c HLSHitConfig) Run(ctx context.Context, w *Workshop) (Result, error) {
	if c.Rounds < 1 {
		return nil, fmt.Errorf("cannot measure %d rounds", c.Rounds)
	}
	c.Choose(false)
	var result HLSHitResult
	var err error
	if c.Targets, result.Company, err = w.musterCaches(ctx, c.Targets); err != nil {
		return nil, err
	}
	objects := append([]Size{0}, c.Segments...)
	turns := len(objects) * len(c.Connections) * c.Rounds * len(c.Targets)
	for _, object := range objects {
		for _, connections := range c.Connections {
			rows := make([]HLSHitRow, len(c.Targets))
			for round := range c.Rounds {
				for i := range c.Targets {
					if round%2 == 1 {
						i = len(c.Targets) - 1 - i // ABBA
					}
					w.Expect(time.Duration(turns) * (c.Duration/time.Duration(c.Rounds) + c.Warmup + time.Second))
					turns--
					r, err := c.hit(ctx, w, c.Targets[i], object, connections)
					if err == nil {
						rows[i].add(r)
					} else if ctx.Err() != nil || !isOf(result.Company, c.Targets[i]) {
						return result, fmt.Errorf("cannot measure %q: %w", c.Targets[i], err)
					} else {
						result.Failures = append(result.Failures, failure(c.Targets[i], err))
					}
				}
			}
			rows = slices.DeleteFunc(rows, func(r HLSHitRow) bool { return r.latency == nil })
			finishHits(rows)
			result.Rows = append(result.Rows, rows...)
		}
	}
	return result, nil
}

// hit is one round of one object; a size of 0 is the playlist.
func (c HLSHitConfig) hit(ctx context.Context, w *Workshop, name string, size Size, connections int) (HLSHitRow, error) {
	rendition := origin.Rendition{Name: "r1", Bytes: int(max(size, 1))}
	r := HLSHitRow{Target: name, Object: playlistObject, Bytes: int64(size), Connections: connections}
	if size > 0 {
		r.Object = "segment " + size.String()
	}
	w.Log("hls-hit: %s, %d connections, %s", r.Object, connections, name)
	h, err := openHouse(ctx, w, houseConfig{target: name, apart: runtime.NumCPU() > 1, audience: load.AudienceConfig{Receive: viewerBytes},
		origin: origin.Config{Renditions: []origin.Rendition{rendition}, Target: hitTarget, Window: hitWindow, Head: hitHead}})
	if err != nil {
		return r, err
	}
	defer h.close()
	playlist, err := h.playlist(ctx, rendition)
	if err != nil {
		return r, h.said(err)
	}
	pages := []*load.Page{playlist}
	if size == 0 {
		r.Bytes = playlist.Length
	} else {
		pages = nil
		for msn := int64(hitHead - hitWindow + 1); msn <= hitHead; msn++ {
			pages = append(pages, segment(rendition, msn))
			if _, err := h.fetch(ctx, pages[len(pages)-1].Path); err != nil {
				return r, h.said(err)
			}
		}
	}
	if err := h.grow(ctx, connections); err != nil {
		return r, err
	}
	return r, h.said(r.measure(ctx, h, c, pages))
}

// playlist is that of a rendition as the server has it, which lists all segments.
func (h *house) playlist(ctx context.Context, r origin.Rendition) (*load.Page, error) {
	path := origin.MediaPath(r.Name)
	body, err := h.fetch(ctx, path)
	if err != nil {
		return nil, err
	}
	for msn := int64(hitHead - hitWindow + 1); msn <= hitHead; msn++ {
		if !strings.Contains(string(body), "\n"+origin.SegmentName(msn)+"\n") {
			return nil, fmt.Errorf("the playlist %q lacks segment %d:\n%s", path, msn, body)
		}
	}
	return &load.Page{Path: path, Length: int64(len(body)), Sum: load.Sum(body)}, nil
}

// measure has the viewers ask, and takes times between the end of the warm-up and that of
// one round's share of the duration.
func (r *HLSHitRow) measure(ctx context.Context, h *house, c HLSHitConfig, pages []*load.Page) error {
	if err := h.audience.Start(pages, c.Rate); err != nil {
		return err
	}
	if err := pause(ctx, c.Warmup); err != nil {
		return err
	}
	if err := h.audience.Measure(); err != nil {
		return err
	}
	before, client, began := time.Duration(0), time.Duration(0), time.Now()
	answers, err := h.audience.Answers(), error(nil)
	if before, err = h.spent(); err == nil {
		client, err = meter.CPU(os.Getpid())
	}
	if err != nil {
		return err
	}
	if err := pause(ctx, c.Duration/time.Duration(c.Rounds)); err != nil {
		return err
	}
	after, err := h.spent()
	r.Answers, r.took, r.cpu = h.audience.Answers()-answers, time.Since(began), after-before
	if err != nil {
		return err
	}
	if after, err = meter.CPU(os.Getpid()); err != nil {
		return err
	}
	r.client = after - client
	r.latency = h.audience.Tally().Latency
	halting, cancel := context.WithTimeout(ctx, 20*time.Second)
	defer cancel()
	if err := h.audience.Halt(halting); err != nil {
		return err
	}
	t := h.audience.Tally()
	r.Wrong, r.Broken = t.Wrong, t.Broken
	if len(t.Oddities) > 0 {
		r.Remark = t.Oddities[0]
	}
	memory, err := (&crowd{server: h.server}).memory()
	r.RSS = memory.RSS
	return err
}

// add merges another round of the same row and target.
func (r *HLSHitRow) add(o HLSHitRow) {
	if r.latency == nil {
		*r = o
		return
	}
	r.Answers, r.Wrong, r.Broken = r.Answers+o.Answers, r.Wrong+o.Wrong, r.Broken+o.Broken
	r.cpu, r.client, r.took = r.cpu+o.cpu, r.client+o.client, r.took+o.took
	r.RSS = max(r.RSS, o.RSS)
	r.latency.Merge(o.latency)
	if r.Remark == "" {
		r.Remark = o.Remark
	}
}

// finishHits computes what needs all rounds and all targets.
func finishHits(rows []HLSHitRow) {
	nginx := 0.0
	for i := range rows {
		r := &rows[i]
		r.P50, r.P99 = meter.Milliseconds(r.latency.Quantile(0.50)), meter.Milliseconds(r.latency.Quantile(0.99))
		r.PerSecond = float64(r.Answers) / r.took.Seconds()
		r.CPUMicros, r.ClientMicros = micros(r.cpu, int(r.Answers)), micros(r.client, int(r.Answers))
		if r.Bytes > 0 && r.Answers > 0 {
			r.CPUPerGB = r.cpu.Seconds() * 1e3 / (float64(r.Answers*r.Bytes) / 1e9)
		}
		if r.Target == "nginx" {
			nginx = r.CPUMicros
		}
	}
	for i := range rows {
		if nginx > 0 {
			rows[i].ToNginx = rows[i].CPUMicros / nginx
		}
	}
}

// Check fails when Uproar answered wrongly, or broke off a connection.
func (r HLSHitResult) Check() error {
	for _, row := range r.Rows {
		if row.Target == "uproar" && (row.Wrong+row.Broken > 0 || row.Answers == 0) {
			return fmt.Errorf("%s, %d connections: %d answers, %d wrong, %d connections broken: %s", row.Object, row.Connections, row.Answers, row.Wrong, row.Broken, row.Remark)
		}
	}
	return nil
}

// Peers is Accompanied's.
func (r HLSHitResult) Peers() []Peer { return r.Company }

// Header is Result's.
func (r HLSHitResult) Header() []string {
	return []string{"target", "object", "connections", "answers", "wrong", "broken", "answers/s", "p50 ms", "p99 ms",
		"CPU us/answer", "CPU ms/GB", "to nginx", "client us", "RSS MB"}
}

// Cells is Result's: a row for each object, number of connections and target.
func (r HLSHitResult) Cells() [][]string {
	var cells [][]string
	for _, row := range r.Rows {
		cells = append(cells, []string{row.Target, row.Object, fmt.Sprint(row.Connections), fmt.Sprint(row.Answers), fmt.Sprint(row.Wrong), fmt.Sprint(row.Broken),
			fmt.Sprintf("%.0f", row.PerSecond), fmt.Sprintf("%.2f", row.P50), fmt.Sprintf("%.2f", row.P99), fmt.Sprintf("%.2f", row.CPUMicros),
			fmt.Sprintf("%.0f", row.CPUPerGB), ratioCell(row.ToNginx), fmt.Sprintf("%.2f", row.ClientMicros), megabytes(row.RSS)})
	}
	return cells
}

// Remarks is Result's.
func (r HLSHitResult) Remarks() []string {
	remarks := append(roll(r.Company), r.Failures...)
	for _, row := range r.Rows {
		if row.Remark != "" {
			remarks = append(remarks, fmt.Sprintf("%s, %s, %d connections: %s", row.Target, row.Object, row.Connections, row.Remark))
		}
	}
	return remarks
}
