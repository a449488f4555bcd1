package scenario

import (
	"context"
	"fmt"
	"slices"
	"time"

	"uproar/bench/load"
	"uproar/bench/meter"
	"uproar/bench/origin"
)

// HLSSlow is the scenario.
var HLSSlow = Scenario{
	Name: "hls-slow",
	Help: "What viewers cost who ask for a segment and read nothing of it.",
	New:  func() Config { return defaults(new(HLSSlowConfig)) },
}

// HLSSlowConfig says who stalls.
type HLSSlowConfig struct {
	Viewers int           `json:"viewers" default:"1000" help:"Viewers that ask and do not read."`
	Segment Size          `json:"segment" default:"4MB" help:"Size of the segment."`
	Settle  time.Duration `json:"settle" default:"6s" help:"How long to wait, at most, until memory stands still."`
	Targets []string      `json:"targets" name:"target" help:"uproar, nginx, varnish; comma-separated. When absent: all of them."`
}

// Smoke is Config's.
func (c HLSSlowConfig) Smoke() Config {
	return &HLSSlowConfig{Viewers: 50, Segment: 1 << 20, Settle: time.Second, Targets: []string{"uproar"}}
}

// Choose is Contest's.
func (c *HLSSlowConfig) Choose(bool) {
	if len(c.Targets) == 0 {
		c.Targets = caches([]string{"uproar"}, true)
	}
}

// HLSSlowResult is every target.
type HLSSlowResult struct {
	Rows     []HLSSlowRow `json:"rows"`
	Company  []Peer       `json:"company,omitempty"`
	Failures []string     `json:"failures,omitempty"`
}

// HLSSlowRow is what stalled viewers cost one target. Bytes are of the server's process.
type HLSSlowRow struct {
	Target  string       `json:"target"`
	Viewers int          `json:"viewers"`
	Segment int64        `json:"segment"`         // bytes
	Empty   meter.Memory `json:"empty"`           // with the segment in the cache, before the first viewer
	Idle    meter.Memory `json:"idle"`            // all connected
	Stalled meter.Memory `json:"stalled"`         // all stalled
	Each    float64      `json:"bytes_each"`      // of process memory, from Empty to Stalled
	IdleOf  float64      `json:"bytes_each_idle"` // of it, from Empty to Idle
	Kernel  int64        `json:"tcp_buffers"`     // of the machine, both ends, while stalled
	Served  int64        `json:"served"`          // whole segments, once they read again
	Wrong   int64        `json:"wrong"`
	Broken  int64        `json:"broken"` // connections
	Remark  string       `json:"remark,omitempty"`
}

// stalledBytes is what the kernel keeps for a viewer that does not read: the rest of the
// segment is the server's affair.
const stalledBytes = 64 << 10

// Run measures one target after the other.
func (c HLSSlowConfig) Run(ctx context.Context, w *Workshop) (Result, error) {
	c.Choose(false)
	var result HLSSlowResult
	var err error
	if c.Targets, result.Company, err = w.musterCaches(ctx, c.Targets); err != nil {
		return nil, err
	}
	for i, name := range c.Targets {
		w.Expect(time.Duration(len(c.Targets)-i) * (3*c.Settle + 8*time.Second))
		w.Log("hls-slow: %d viewers that do not read, %s", c.Viewers, name)
		row, err := c.slow(ctx, w, name)
		if err == nil {
			result.Rows = append(result.Rows, row)
		} else if ctx.Err() != nil || !isOf(result.Company, name) {
			return result, fmt.Errorf("cannot measure %q: %w", name, err)
		} else {
			result.Failures = append(result.Failures, failure(name, err))
		}
	}
	return result, nil
}

// slow is one target.
func (c HLSSlowConfig) slow(ctx context.Context, w *Workshop, name string) (HLSSlowRow, error) {
	r := HLSSlowRow{Target: name, Viewers: c.Viewers, Segment: int64(c.Segment)}
	rendition := origin.Rendition{Name: "r1", Bytes: int(c.Segment)}
	h, err := openHouse(ctx, w, houseConfig{target: name, audience: load.AudienceConfig{Receive: stalledBytes},
		origin: origin.Config{Renditions: []origin.Rendition{rendition}, Target: hitTarget, Window: herdWindow, Head: herdHead}})
	if err != nil {
		return r, err
	}
	defer h.close()
	page := segment(rendition, herdHead)
	for _, path := range []string{origin.MediaPath(rendition.Name), page.Path, page.Path} { // it is in the cache, and has been served once
		if _, err := h.fetch(ctx, path); err != nil {
			return r, h.said(err)
		}
	}
	if r.Empty, err = h.memory(ctx, c.Settle); err != nil {
		return r, err
	}
	if err := h.grow(ctx, c.Viewers); err != nil {
		return r, err
	}
	if r.Idle, err = h.memory(ctx, c.Settle); err != nil {
		return r, err
	}
	return r, h.said(r.stall(ctx, h, c, page))
}

// stall has all viewers ask, and read later.
func (r *HLSSlowRow) stall(ctx context.Context, h *house, c HLSSlowConfig, page *load.Page) (err error) {
	if err := h.audience.Stall(page); err != nil {
		return err
	}
	asking, cancel := context.WithTimeout(ctx, herdPatience)
	defer cancel()
	if err := h.audience.Asked(asking); err != nil {
		return err
	}
	if r.Stalled, err = h.memory(ctx, c.Settle); err != nil {
		return err
	}
	machine, err := meter.ReadMachine()
	if err != nil {
		return err
	}
	r.Kernel = machine.Buffers
	r.Each = float64(r.Stalled.RSS-r.Empty.RSS) / float64(c.Viewers)
	r.IdleOf = float64(r.Idle.RSS-r.Empty.RSS) / float64(c.Viewers)
	if err := h.audience.Resume(); err != nil {
		return err
	}
	reading, cancel := context.WithTimeout(ctx, herdPatience)
	defer cancel()
	ends, err := h.audience.Await(reading)
	if err != nil {
		return err
	}
	t := h.audience.Tally()
	r.Served, r.Wrong, r.Broken = int64(len(ends))-t.Wrong, t.Wrong, t.Broken
	if len(t.Oddities) > 0 {
		r.Remark = t.Oddities[0]
	}
	return nil
}

// Check fails when a viewer of Uproar's did not have the segment whole once it read.
func (r HLSSlowResult) Check() error {
	for _, row := range r.Rows {
		if row.Target == "uproar" && row.Served != int64(row.Viewers) {
			return fmt.Errorf("%d of %d viewers had the segment, %d a wrong one, %d connections broke: %s", row.Served, row.Viewers, row.Wrong, row.Broken, row.Remark)
		}
	}
	return nil
}

// Peers is Accompanied's.
func (r HLSSlowResult) Peers() []Peer { return r.Company }

// Header is Result's.
func (r HLSSlowResult) Header() []string {
	return []string{"target", "viewers", "segment", "bytes/stalled viewer", "of them connected", "empty MB", "stalled MB", "kernel MB, both ends", "served whole", "wrong", "broken"}
}

// Cells is Result's: a row for each target.
func (r HLSSlowResult) Cells() [][]string {
	var cells [][]string
	for _, row := range r.Rows {
		cells = append(cells, []string{row.Target, fmt.Sprint(row.Viewers), Size(row.Segment).String(), fmt.Sprintf("%.0f", row.Each), fmt.Sprintf("%.0f", row.IdleOf),
			megabytes(row.Empty.RSS), megabytes(row.Stalled.RSS), megabytes(row.Kernel), fmt.Sprint(row.Served), fmt.Sprint(row.Wrong), fmt.Sprint(row.Broken)})
	}
	return cells
}

// Remarks is Result's.
func (r HLSSlowResult) Remarks() []string {
	remarks := append(roll(r.Company), r.Failures...)
	for _, row := range r.Rows {
		if remark := row.Target + ": " + row.Remark; row.Remark != "" && !slices.Contains(remarks, remark) {
			remarks = append(remarks, remark)
		}
	}
	return remarks
}
