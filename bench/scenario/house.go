package scenario

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"

	"uproar/bench/load"
	"uproar/bench/meter"
	"uproar/bench/origin"
	"uproar/bench/peers"
	"uproar/bench/target"
	"uproar/bench/worker"
)

// house is an origin, a cache in front of it, and viewers in front of that.
type house struct {
	origin   *origin.Origin
	server   *target.Server
	apart    bool
	pids     []int // of the server, once it has viewers
	audience *load.Audience
	cancel   context.CancelFunc
	done     sync.WaitGroup
	runErr   error
}

// viewerBytes is what the kernel keeps for a viewer that reads. On loopback a segment of TCP
// is 64 KB; a window that holds fewer than two has each wait 40 ms for its acknowledgement,
// which no network does.
const viewerBytes = 1 << 20

// houseConfig says what a house is made of.
type houseConfig struct {
	target   string
	origin   origin.Config
	audience load.AudienceConfig
	apart    bool // the server has one core and one worker, the audience another core
}

// openHouse starts the origin and the server, and an audience without viewers. Whoever
// opens it closes it.
func openHouse(ctx context.Context, w *Workshop, c houseConfig) (*house, error) {
	h := &house{}
	if err := h.open(ctx, w, c); err != nil {
		h.close()
		return nil, err
	}
	return h, nil
}

func (h *house) open(ctx context.Context, w *Workshop, c houseConfig) (err error) {
	if h.origin, err = origin.Start(ctx, c.origin); err != nil {
		return err
	}
	cache := target.CacheConfig{Dir: w.Dir, Upstream: h.origin.Addr}
	if c.apart {
		cache.Workers, c.audience.Core = 1, 2
	}
	if h.server, err = w.StartCache(ctx, c.target, cache); err != nil {
		return err
	}
	h.apart = c.apart
	c.audience.Addr = h.server.Members
	if h.audience, err = load.NewAudience(c.audience); err != nil {
		return err
	}
	running, cancel := context.WithCancel(context.WithoutCancel(ctx))
	h.cancel = cancel
	h.done.Go(func() { h.runErr = h.audience.Run(running) })
	return nil
}

// close ends what there is: viewers, then the server, then the origin.
func (h *house) close() {
	if h.cancel != nil {
		h.cancel()
		h.done.Wait()
	}
	if h.audience != nil {
		h.audience.Close()
	}
	if h.server != nil {
		h.server.Stop(stopGrace)
	}
	if h.origin != nil {
		h.origin.Stop(stopGrace)
	}
}

// said adds what the server said to an error.
func (h *house) said(err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("%w; the server said:\n%s", err, h.server.Output())
}

// grow connects viewers until there are n. By then the server has all its processes.
func (h *house) grow(ctx context.Context, n int) (err error) {
	ctx, cancel := context.WithTimeout(ctx, joinTimeout)
	defer cancel()
	if err := h.audience.Grow(ctx, n); err != nil {
		return h.said(err)
	}
	if h.pids, err = h.server.Pids(); err != nil || !h.apart {
		return err
	}
	for _, pid := range h.pids {
		if err := target.Pin(pid, 0); err != nil {
			return err
		}
	}
	return nil
}

// spent is the CPU time that the server has used so far with all its processes.
func (h *house) spent() (time.Duration, error) { return worker.CPU(h.pids) }

// memory is what the server holds, once it stands still, but after limit at the latest.
func (h *house) memory(ctx context.Context, limit time.Duration) (meter.Memory, error) {
	return settledMemory(ctx, &crowd{server: h.server}, 0, limit)
}

// fetch asks the server for one thing, as the first of all viewers, and returns its body.
func (h *house) fetch(ctx context.Context, path string) ([]byte, error) {
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+h.server.Members+path, nil)
	if err != nil {
		return nil, fmt.Errorf("cannot ask for %q: %w", path, err)
	}
	request.Header.Set("Accept-Encoding", "identity")
	answer, err := http.DefaultClient.Do(request)
	if err != nil {
		return nil, fmt.Errorf("cannot ask for %q: %w", path, err)
	}
	defer answer.Body.Close()
	body, err := io.ReadAll(answer.Body)
	if err != nil {
		return nil, fmt.Errorf("cannot read %q: %w", path, err)
	}
	if answer.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("cannot read %q: %s %s", path, answer.Status, body)
	}
	return body, nil
}

// segment is a page: that of number msn.
func segment(r origin.Rendition, msn int64) *load.Page {
	return &load.Page{Path: origin.SegmentPath(r.Name, msn), Length: int64(r.Bytes), Sum: load.Sum(origin.Body(r.Name, msn, r.Bytes))}
}

// StartCache starts the server that a report would call name in front of an upstream:
// "uproar", or a cache of that name.
func (w *Workshop) StartCache(ctx context.Context, name string, c target.CacheConfig) (*target.Server, error) {
	if name == "uproar" {
		args := []string{"--roles=edge,clue,exchange,hls", "--hls-upstream=" + c.Upstream}
		if c.Workers > 0 {
			args = append(args, fmt.Sprintf("--loops=%d", c.Workers))
		}
		return w.EdgeServer(ctx, target.EdgeConfig{Args: args})
	}
	if cache, ok := peers.FindCache(name); ok {
		return cache.Start(ctx, c)
	}
	return nil, unknownCache(name)
}

func unknownCache(name string) error {
	return fmt.Errorf("cannot start target %q: want uproar, %s", name, strings.Join(peers.CacheNames(), ", "))
}

// musterCaches is muster of caches.
func (w *Workshop) musterCaches(ctx context.Context, targets []string) (present []string, company []Peer, err error) {
	for _, name := range targets {
		if name == "uproar" {
			present = append(present, name)
			continue
		}
		c, ok := peers.FindCache(name)
		if !ok {
			return nil, nil, unknownCache(name)
		}
		one := Peer{Name: name, Install: c.Install, Tuned: c.Tuned}
		if present, err = w.enlist(ctx, present, &one, c.Version); err != nil {
			return nil, nil, err
		}
		company = append(company, one)
	}
	return present, company, nil
}

// caches are the targets of a run that names none: the standard ones or, with all, every
// cache beside them.
func caches(standard []string, all bool) []string {
	chosen := slices.Clone(standard)
	for _, name := range peers.CacheNames() {
		if all && !slices.Contains(chosen, name) {
			chosen = append(chosen, name)
		}
	}
	return chosen
}
