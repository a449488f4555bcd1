package scenario

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"uproar/bench/load"
	"uproar/bench/meter"
	"uproar/bench/origin"
)

// HLSHerd is the scenario.
var HLSHerd = Scenario{
	Name: "hls-herd",
	Help: "A crowd that waits for the next playlist, then for its segment: requests upstream, and how late it is.",
	New:  func() Config { return defaults(new(HLSHerdConfig)) },
}

// HLSHerdConfig says who waits for what. All ask before it is there: for the playlist by
// _HLS_msn, which the origin holds until the segment is published; for the segment while its
// bytes come, at the origin's pace.
type HLSHerdConfig struct {
	Viewers int           `json:"viewers" default:"10000" help:"Viewers, each on a connection."`
	Segment Size          `json:"segment" default:"100KB" help:"Size of the segment."`
	Pace    time.Duration `json:"pace" default:"1500ms" help:"That the origin takes to send a segment, evenly."`
	Spread  time.Duration `json:"spread" default:"500ms" help:"Within which all viewers ask; less than the pace."`
	Rounds  int           `json:"rounds" default:"3" help:"Segments, one after the other."`
	Targets []string      `json:"targets" name:"target" help:"uproar, nginx, varnish; comma-separated. When absent: all of them."`
}

// Smoke is Config's.
func (c HLSHerdConfig) Smoke() Config {
	return &HLSHerdConfig{Viewers: 200, Segment: 100 << 10, Pace: 400 * time.Millisecond, Spread: 100 * time.Millisecond, Rounds: 1}
}

// Choose is Contest's.
func (c *HLSHerdConfig) Choose(bool) {
	if len(c.Targets) == 0 {
		c.Targets = caches([]string{"uproar"}, true)
	}
}

// HLSHerdResult is every object with every target.
type HLSHerdResult struct {
	Rows     []HLSHerdRow `json:"rows"`
	Company  []Peer       `json:"company,omitempty"`
	Failures []string     `json:"failures,omitempty"`
}

// HLSHerdRow is what one target did with one kind of object, over all rounds. Times count
// from when the last byte left the origin to when a viewer had its last.
type HLSHerdRow struct {
	Target   string  `json:"target"`
	Object   string  `json:"object"`
	Viewers  int     `json:"viewers"`
	Answers  int64   `json:"answers"`
	Wrong    int64   `json:"wrong"`             // over all objects, as broken
	Broken   int64   `json:"broken"`            // connections
	Upstream int     `json:"upstream_requests"` // for one object, at most
	P50      float64 `json:"p50_ms"`
	P99      float64 `json:"p99_ms"`
	Max      float64 `json:"max_ms"`
	CPU      float64 `json:"cpu_ms"`         // server, for one herd
	RSS      int64   `json:"rss"`            // after the last
	ToNginx  float64 `json:"ratio_to_nginx"` // of P99; 0 without nginx
	Remark   string  `json:"remark,omitempty"`

	cpu     time.Duration
	latency *meter.Latency
}

// Of the origin of a herd.
const (
	herdHead   = 1000
	herdWindow = 6
	herdTarget = 6 * time.Second
)

// herdNap is how long the viewers' process sleeps after it has read, so that it does not take
// a core from the server for each few answers. It adds at most itself to a latency.
const herdNap = 2 * time.Millisecond

// Run measures one target after the other.
func (c HLSHerdConfig) Run(ctx context.Context, w *Workshop) (Result, error) {
	if c.Rounds < 1 || c.Spread >= c.Pace {
		return nil, fmt.Errorf("cannot measure %d rounds of viewers who come within %v of %v", c.Rounds, c.Spread, c.Pace)
	}
	c.Choose(false)
	var result HLSHerdResult
	var err error
	if c.Targets, result.Company, err = w.musterCaches(ctx, c.Targets); err != nil {
		return nil, err
	}
	each := time.Duration(c.Rounds)*(2*c.Spread+c.Pace+2*time.Second) + 4*time.Second
	for i, name := range c.Targets {
		w.Expect(time.Duration(len(c.Targets)-i) * each)
		w.Log("hls-herd: %d viewers, %s", c.Viewers, name)
		rows, err := c.herd(ctx, w, name)
		if err == nil {
			result.Rows = append(result.Rows, rows...)
		} else if ctx.Err() != nil || !isOf(result.Company, name) {
			return result, fmt.Errorf("cannot measure %q: %w", name, err)
		} else {
			result.Failures = append(result.Failures, failure(name, err))
		}
	}
	result.finish()
	return result, nil
}

// herd is all rounds with one target.
func (c HLSHerdConfig) herd(ctx context.Context, w *Workshop, name string) ([]HLSHerdRow, error) {
	rendition := origin.Rendition{Name: "r1", Bytes: int(c.Segment)}
	h, err := openHouse(ctx, w, houseConfig{target: name, audience: load.AudienceConfig{Receive: viewerBytes, Nap: herdNap},
		origin: origin.Config{Renditions: []origin.Rendition{rendition}, Target: herdTarget, Window: herdWindow, Head: herdHead, Pace: c.Pace}})
	if err != nil {
		return nil, err
	}
	defer h.close()
	if _, err := h.fetch(ctx, origin.MediaPath(rendition.Name)); err != nil {
		return nil, h.said(err)
	}
	if err := h.grow(ctx, c.Viewers); err != nil {
		return nil, err
	}
	playlist := HLSHerdRow{Target: name, Object: playlistObject, Viewers: c.Viewers, latency: meter.NewLatency()}
	next := HLSHerdRow{Target: name, Object: "segment " + c.Segment.String(), Viewers: c.Viewers, latency: meter.NewLatency()}
	for round := range c.Rounds {
		msn := int64(herdHead + 1 + round)
		waits := &load.Page{Path: fmt.Sprintf("%s?_HLS_msn=%d", origin.MediaPath(rendition.Name), msn), Length: load.AnyLength, Holds: "\n" + origin.SegmentName(msn) + "\n"}
		if err := playlist.wait(ctx, h, c, waits, func() error { return h.origin.Publish(ctx, msn) }); err != nil {
			return nil, h.said(fmt.Errorf("playlist of segment %d: %w", msn, err))
		}
		if err := next.wait(ctx, h, c, segment(rendition, msn), func() error { return nil }); err != nil {
			return nil, h.said(fmt.Errorf("segment %d: %w", msn, err))
		}
	}
	rows := []HLSHerdRow{playlist, next}
	t := h.audience.Tally()
	memory, err := (&crowd{server: h.server}).memory()
	for i := range rows {
		r := &rows[i]
		r.Wrong, r.Broken, r.RSS, r.CPU = t.Wrong, t.Broken, memory.RSS, float64(r.cpu.Microseconds())/1e3/float64(c.Rounds)
		r.P50, r.P99, r.Max = meter.Milliseconds(r.latency.Quantile(0.5)), meter.Milliseconds(r.latency.Quantile(0.99)), meter.Milliseconds(r.latency.Quantile(1))
		if len(t.Oddities) > 0 {
			r.Remark = t.Oddities[0]
		}
	}
	return rows, err
}

// herdPatience is how long a herd may take to have its object.
const herdPatience = 60 * time.Second

// wait has all viewers ask for one object, publishes it when all have, and books when each
// had it.
func (r *HLSHerdRow) wait(ctx context.Context, h *house, c HLSHerdConfig, page *load.Page, publish func() error) error {
	ctx, cancel := context.WithTimeout(ctx, herdPatience)
	defer cancel()
	earlier, err := h.origin.Records(ctx)
	if err != nil {
		return err
	}
	cpu, err := h.spent()
	if err != nil {
		return err
	}
	if err := h.audience.AskOnce(page, load.Now(), c.Spread); err != nil {
		return err
	}
	if err := h.audience.Asked(ctx); err != nil {
		return err
	}
	published := load.Now()
	if err := publish(); err != nil {
		return err
	}
	ends, err := h.audience.Await(ctx)
	if err != nil {
		return err
	}
	after, err := h.spent()
	if err != nil {
		return err
	}
	r.cpu += after - cpu
	records, err := h.origin.Records(ctx)
	if err != nil {
		return err
	}
	left, most := judgeUpstream(earlier, records, page.Path, published)
	if left == 0 {
		return fmt.Errorf("the origin has not sent %q: %v", page.Path, records)
	}
	r.Upstream = max(r.Upstream, most)
	r.Answers += int64(len(ends))
	for _, end := range ends {
		r.latency.Record(time.Duration(end - left))
	}
	return nil
}

// judgeUpstream finds when the object at path, which was published at that time, had first
// left the origin as a whole, and how often one path was asked for meanwhile. A cache may have asked for the
// playlist by other words than its viewers.
func judgeUpstream(earlier, later map[string]origin.Record, path string, published int64) (left int64, most int) {
	bare, _, _ := strings.Cut(path, "?")
	for asked, record := range later {
		if name, _, _ := strings.Cut(asked, "?"); name != bare {
			continue
		}
		most = max(most, record.Requests-earlier[asked].Requests)
		for _, end := range record.Ends {
			// A segment may have been fetched before its viewers asked.
			if (end >= published || !strings.HasSuffix(bare, ".m3u8")) && (left == 0 || end < left) {
				left = end
			}
		}
	}
	return left, most
}

// finish computes what needs all targets.
func (r *HLSHerdResult) finish() {
	for i := range r.Rows {
		of := r.Rows[i].Object
		if k := slices.IndexFunc(r.Rows, func(o HLSHerdRow) bool { return o.Target == "nginx" && o.Object == of }); k >= 0 && r.Rows[k].P99 > 0 {
			r.Rows[i].ToNginx = r.Rows[i].P99 / r.Rows[k].P99
		}
	}
}

// Check fails when Uproar answered wrongly, or asked its origin for one thing more than once.
func (r HLSHerdResult) Check() error {
	for _, row := range r.Rows {
		if row.Target == "uproar" && (row.Wrong+row.Broken > 0 || row.Upstream != 1 || row.Answers == 0) {
			return fmt.Errorf("%s: %d answers, %d wrong, %d connections broken, %d requests upstream for one object: %s", row.Object, row.Answers, row.Wrong, row.Broken, row.Upstream, row.Remark)
		}
	}
	return nil
}

// Peers is Accompanied's.
func (r HLSHerdResult) Peers() []Peer { return r.Company }

// Header is Result's.
func (r HLSHerdResult) Header() []string {
	return []string{"target", "object", "viewers", "answers", "wrong", "broken", "requests upstream", "p50 ms", "p99 ms", "max ms", "p99 to nginx", "CPU ms", "RSS MB"}
}

// Cells is Result's: a row for each target and kind of object.
func (r HLSHerdResult) Cells() [][]string {
	var cells [][]string
	for _, row := range r.Rows {
		cells = append(cells, []string{row.Target, row.Object, fmt.Sprint(row.Viewers), fmt.Sprint(row.Answers), fmt.Sprint(row.Wrong), fmt.Sprint(row.Broken),
			fmt.Sprint(row.Upstream), fmt.Sprintf("%.1f", row.P50), fmt.Sprintf("%.1f", row.P99), fmt.Sprintf("%.1f", row.Max), ratioCell(row.ToNginx),
			fmt.Sprintf("%.0f", row.CPU), megabytes(row.RSS)})
	}
	return cells
}

// Remarks is Result's.
func (r HLSHerdResult) Remarks() []string {
	remarks := append(roll(r.Company), r.Failures...)
	for _, row := range r.Rows {
		if remark := row.Target + ": " + row.Remark; row.Remark != "" && !slices.Contains(remarks, remark) {
			remarks = append(remarks, remark)
		}
	}
	return remarks
}
