package origin

import (
	"context"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"uproar/core/hls"
)

// Origin takes broadcasts and gives them out. New makes one; its methods may be called by any
// goroutine.
type Origin struct {
	cfg    Config
	log    *slog.Logger
	disk   *archive // nil without Config.Dir
	held   gaugeBytes
	meters meters

	mu struct {
		sync.Mutex
		channels map[string]*channel
	}
	sizes struct { // of the archive
		sync.Mutex
		at    time.Time       // when it was looked at last
		ended map[string]kept // by channel/id
	}
}

var _ hls.Source = (*Origin)(nil)

// gaugeBytes is a sum of bytes that many change.
type gaugeBytes struct{ atomic.Int64 }

func (g *gaugeBytes) add(n int64) { g.Int64.Add(n) }

// New makes an Origin, and takes up what is on disk: broadcasts that had ended are served, the
// newest of each channel goes on as live when it had not, and others are ended. The error is
// of the disk.
func New(cfg Config) (*Origin, error) {
	cfg.setDefaults()
	o := &Origin{cfg: cfg, log: cfg.Log}
	o.mu.channels = map[string]*channel{}
	o.sizes.ended = map[string]kept{}
	o.meters = newMeters(cfg.Metrics, o)
	if cfg.Dir == "" {
		return o, nil
	}
	disk, err := openArchive(cfg.Dir)
	if err != nil {
		return nil, fmt.Errorf("cannot open the archive %q: %w", cfg.Dir, err)
	}
	o.disk = disk
	if cfg.Shared {
		return o, nil
	}
	return o, o.resume(time.Now())
}

// Run ends broadcasts that fell silent and lets go of what is past its time, until ctx ends.
func (o *Origin) Run(ctx context.Context) error {
	tick := time.NewTicker(sweepInterval)
	defer tick.Stop()
	for {
		select {
		case <-tick.C:
			o.sweep(time.Now())
		case <-ctx.Done():
			return nil
		}
	}
}

// Live is one channel that is live.
type Live struct {
	Channel    string
	Broadcast  string
	Since      time.Time // when the first byte of the broadcast came
	Renditions []LiveRendition
}

// LiveRendition is one rendition of it.
type LiveRendition struct {
	Name          string
	Bandwidth     int64  // bits/s, of the multivariant playlist or else measured; 0: not known
	Resolution    string // as 1280x720; empty: not known
	Codecs        string // RFC 6381; empty: not known
	LastMSN       int64
	TargetSeconds int
	LowLatency    bool
}

// List returns the channels that have a playlist to play, by name.
func (o *Origin) List() []Live {
	var list []Live
	for _, c := range o.all() {
		c.mu.Lock()
		if b := c.liveLocked(); b != nil && b.playable() {
			list = append(list, b.describe())
		}
		c.mu.Unlock()
	}
	slices.SortFunc(list, func(a, b Live) int { return strings.Compare(a.Channel, b.Channel) })
	return list
}

// all is every channel, in no order.
func (o *Origin) all() []*channel {
	o.mu.Lock()
	defer o.mu.Unlock()
	list := make([]*channel, 0, len(o.mu.channels))
	for _, c := range o.mu.channels {
		list = append(list, c)
	}
	return list
}

// find is a channel that something is known of, or nil.
func (o *Origin) find(name string) *channel {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.mu.channels[name]
}

// channel finds or makes a channel, for a packager. It returns nil beyond ChannelsMax.
func (o *Origin) channel(name string) *channel {
	o.mu.Lock()
	defer o.mu.Unlock()
	c := o.mu.channels[name]
	if c == nil && len(o.mu.channels) < o.cfg.ChannelsMax {
		c = &channel{o: o, name: name}
		o.mu.channels[name] = c
	}
	return c
}
