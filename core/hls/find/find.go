// Package find answers which node serves a viewer, and which channels are live.
//
// Every node of a fleet posts a record of itself, with its load and, if it is an origin, its
// channels, to the store each Interval, for Expiry; and reads those of all. So any of them
// answers for all. A process alone knows itself, and needs no store.
//
// # Which node
//
// Those that can serve the channel; of these the nearest by region that are not full; of
// these the first in an order that the channel's name decides, so that a channel is at few
// nodes, and each viewer's second question has the first one's answer. A node is full when
// its load reaches FullAt, and until it falls to FreeAt. A viewer that says where it is
// stays there until that node is gone, ends, comes to CrowdedAt, or is farther away than
// another: nobody is sent to and fro.
//
// # When the store is away
//
// What was read last counts for BlindMax; then the node knows itself alone.
//
// # Threads
//
// Find and Streams may be called by any goroutine: they wait for nothing and take no lock.
package find

import (
	"cmp"
	"context"
	"encoding/json"
	"log/slog"
	"maps"
	"net/netip"
	"slices"
	"sync/atomic"
	"time"

	"github.com/VictoriaMetrics/metrics"

	"uproar/core/hls"
)

const (
	// Interval is how often a node looks at itself. It posts and reads every other time.
	Interval = time.Second
	// Expiry is for how long a record holds.
	Expiry = 6 * time.Second
	// BlindMax is for how long the records of others hold while the store does not answer.
	BlindMax = time.Minute

	// FullAt, FreeAt and CrowdedAt are loads, of 0 to 1.
	FullAt    = 0.8
	FreeAt    = 0.6
	CrowdedAt = 0.95

	board = "hls"
)

// Posts is store.Posts.
type Posts interface {
	Post(ctx context.Context, board, name, text string, ttl time.Duration) error
	Posted(ctx context.Context, board string) (map[string]string, error)
}

// Config of a Finder.
type Config struct {
	ID     string // of this process in its fleet
	URL    string // by which viewers reach it, without a slash at the end; empty: only by the address that they have asked
	Region Region // where it is; empty: nobody knows
	Serves bool   // it serves any channel: it has nodes above

	Load    func() float64  // of this process, 0 to 1
	Ending  func() bool     // it takes no viewers any more
	Streams func() []Stream // that it is the origin of; nil: it is none

	Posts   Posts         // nil: alone
	Timeout time.Duration // for one call of it
	Geo     *Geo          // nil: nobody knows where viewers are
	Metrics *metrics.Set  // nil: metrics are counted for nobody
	Log     *slog.Logger  // nil: nothing is logged
}

// Finder knows the nodes.
type Finder struct {
	cfg    Config
	now    func() time.Time
	view   atomic.Pointer[view]
	others map[string]record // as last read; Run's
	read   time.Time         // when
	blind  bool              // the last call of the store has failed
	unread *metrics.Counter
	failed *metrics.Counter
	cut    *metrics.Counter
}

// view is what is known at a time. It does not change.
type view struct {
	nodes   []node
	at      map[string][]string // ids of nodes by channel that they are the origin of
	streams []byte
}

// node is a record with what this process makes of it.
type node struct {
	record
	id   string
	full bool
}

// New makes a Finder, which knows this process until Run knows more.
func New(cfg Config) *Finder {
	if cfg.Metrics == nil {
		cfg.Metrics = metrics.NewSet()
	}
	if cfg.Log == nil {
		cfg.Log = slog.New(slog.DiscardHandler)
	}
	f := &Finder{cfg: cfg, now: time.Now}
	f.unread = cfg.Metrics.NewCounter(`uproar_hls_find_unreadable_total`)
	f.failed = cfg.Metrics.NewCounter(`uproar_hls_find_store_failed_total`)
	f.cut = cfg.Metrics.NewCounter(`uproar_hls_find_streams_cut_total`)
	cfg.Metrics.NewGauge(`uproar_hls_find_nodes`, func() float64 { return float64(len(f.view.Load().nodes)) })
	f.look(f.self())
	return f
}

// Run keeps the Finder up to date, until ctx ends; then it takes this process from the
// board.
func (f *Finder) Run(ctx context.Context) error {
	tick := time.NewTicker(Interval)
	defer tick.Stop()
	for turn := 0; ; turn++ {
		self := f.self()
		if f.cfg.Posts != nil && turn%2 == 0 {
			f.exchange(ctx, self)
		}
		f.look(self)
		select {
		case <-tick.C:
		case <-ctx.Done():
			f.leave()
			return nil
		}
	}
}

// leave tells others at once that this process is gone.
func (f *Finder) leave() {
	if f.cfg.Posts == nil || f.cfg.URL == "" {
		return
	}
	ctx, cancel := context.WithTimeout(context.Background(), f.cfg.Timeout)
	defer cancel()
	_ = f.cfg.Posts.Post(ctx, board, f.cfg.ID, "", 0) // else it leaves by itself
}

// exchange posts this process, if viewers can reach it, and reads the others.
func (f *Finder) exchange(ctx context.Context, self record) {
	ctx, cancel := context.WithTimeout(ctx, f.cfg.Timeout)
	defer cancel()
	var err error
	if f.cfg.URL != "" {
		text, cut := self.text()
		f.cut.Add(cut)
		err = f.cfg.Posts.Post(ctx, board, f.cfg.ID, text, Expiry)
	}
	var posted map[string]string
	if err == nil {
		posted, err = f.cfg.Posts.Posted(ctx, board)
	}
	if failed := err != nil; failed != f.blind {
		f.blind = failed
		if failed {
			f.cfg.Log.Warn("nodes of the video tier cannot find each other: what was known holds for a while", "error", err, "while", BlindMax)
		} else {
			f.cfg.Log.Info("nodes of the video tier find each other again")
		}
	}
	if err != nil {
		f.failed.Inc()
		if f.now().Sub(f.read) > BlindMax {
			f.others = nil
		}
		return
	}
	f.others, f.read = map[string]record{}, f.now()
	for id, text := range posted {
		if id == f.cfg.ID {
			continue
		}
		r, err := readRecord(text)
		if err != nil {
			f.unread.Inc()
			continue
		}
		f.others[id] = r
	}
}

// self is this process' record.
func (f *Finder) self() record {
	r := record{URL: f.cfg.URL, Region: f.cfg.Region, Serves: f.cfg.Serves, Load: f.cfg.Load(), Ending: f.cfg.Ending()}
	if f.cfg.Streams != nil {
		r.Streams = f.cfg.Streams()
	}
	return r
}

// look makes a new view.
func (f *Finder) look(self record) {
	v := &view{at: map[string][]string{}}
	was := map[string]bool{}
	if old := f.view.Load(); old != nil {
		for _, n := range old.nodes {
			was[n.id] = n.full
		}
	}
	add := func(id string, r record) {
		full := r.Load >= FullAt || was[id] && r.Load > FreeAt
		v.nodes = append(v.nodes, node{record: r, id: id, full: full})
	}
	add(f.cfg.ID, self)
	for _, id := range slices.Sorted(maps.Keys(f.others)) {
		add(id, f.others[id])
	}
	var streams []Stream
	for _, n := range v.nodes {
		for _, s := range n.Streams {
			v.at[s.Channel] = append(v.at[s.Channel], n.id)
			streams = append(streams, s)
		}
	}
	// The same channel at two origins is two broadcasts: the newer one stands first.
	slices.SortFunc(streams, func(a, b Stream) int {
		return cmp.Or(cmp.Compare(a.Channel, b.Channel), b.Since.Compare(a.Since))
	})
	if streams == nil {
		streams = []Stream{}
	}
	text, err := json.Marshal(map[string][]Stream{"streams": streams})
	if err != nil {
		panic("BUG: " + err.Error())
	}
	v.streams = append(text, '\n')
	f.view.Store(v)
}

// Streams is the live channels as JSON. Nobody changes it.
func (f *Finder) Streams() []byte { return f.view.Load().streams }

// Answer is the node for a viewer.
type Answer struct {
	Channel string `json:"channel"`
	URL     string `json:"url"`            // of the channel's multivariant playlist; a path alone: where the question was asked
	Node    string `json:"node,omitempty"` // to say when asking again
	Region  Region `json:"region,omitempty"`
	Live    bool   `json:"live,omitempty"` // an origin that is known says so; false: nobody knows of it
}

// Find answers for a viewer that is at the node called at, or at none. A zero address is
// one that nobody knows. It reports false if no node takes viewers.
func (f *Finder) Find(channel string, viewer netip.Addr, at string) (Answer, bool) {
	v := f.view.Load()
	where := f.cfg.Geo.find(viewer)
	n := v.choose(channel, where, at)
	if n == nil {
		return Answer{}, false
	}
	return Answer{
		Channel: channel, URL: n.URL + hls.Prefix + channel + "/" + hls.Playlist,
		Node: n.id, Region: n.Region, Live: len(v.at[channel]) > 0,
	}, true
}
