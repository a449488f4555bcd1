// Package scenario holds the benchmarks, one file each: a Config with its
// defaults, a Result, and a Run function. The command only binds flags.
//
// Every scenario starts its servers itself, one at a time, and leaves none behind
// whether it ends, fails or is cancelled.
package scenario

import (
	"context"
	"fmt"
	"strconv"
	"strings"
	"sync"
	"time"

	"uproar/bench/load"
	"uproar/bench/peers/bare"
	"uproar/bench/target"
)

// Workshop builds servers when they are first needed. Not for concurrent use.
type Workshop struct {
	Dir      string   // for binaries; the caller removes it
	Edge     string   // path of the server; "" builds it from this module
	EdgeArgs []string // further flags for the server
	Log      func(format string, args ...any)

	bare string
}

// EdgeServer starts Uproar.
func (w *Workshop) EdgeServer(ctx context.Context, c target.EdgeConfig) (*target.Server, error) {
	if w.Edge == "" {
		path, err := target.BuildEdge(ctx, w.Dir)
		if err != nil {
			return nil, err
		}
		w.Edge = path
	}
	c.Path, c.Args = w.Edge, append(c.Args, w.EdgeArgs...)
	return target.StartEdge(ctx, c)
}

// BareServer starts the bare loop.
func (w *Workshop) BareServer(ctx context.Context, window time.Duration) (*target.Server, error) {
	if w.bare == "" {
		path, err := bare.Build(ctx, w.Dir)
		if err != nil {
			return nil, err
		}
		w.bare = path
	}
	return bare.Start(ctx, w.bare, window)
}

// Start starts the server that a report would call name: "uproar", "uproar-tcp",
// "bare", or "bare-20ms" for batches of 20 ms.
func (w *Workshop) Start(ctx context.Context, name string) (*target.Server, error) {
	switch name {
	case "uproar":
		return w.EdgeServer(ctx, target.EdgeConfig{Wire: load.WebSocket})
	case "uproar-tcp":
		return w.EdgeServer(ctx, target.EdgeConfig{Wire: load.TCP})
	case "bare":
		return w.BareServer(ctx, 0)
	}
	if ms, ok := strings.CutPrefix(name, "bare-"); ok {
		if n, err := strconv.Atoi(strings.TrimSuffix(ms, "ms")); err == nil && strings.HasSuffix(ms, "ms") && n > 0 {
			return w.BareServer(ctx, time.Duration(n)*time.Millisecond)
		}
	}
	return nil, fmt.Errorf("cannot start target %q: want uproar, uproar-tcp, bare or bare-<N>ms", name)
}

// stopGrace is how long a server may take to stop after a scenario.
const stopGrace = 10 * time.Second

// joinTimeout bounds how long all members together may take to join.
const joinTimeout = 60 * time.Second

// crowd is a server with its members and publishers, as most scenarios need it.
type crowd struct {
	server *target.Server
	swarm  *load.Swarm
	cancel context.CancelFunc
	done   sync.WaitGroup
	runErr error
}

// gather starts the swarm against server and has n members join. It takes over
// the server, also when it fails.
func gather(ctx context.Context, server *target.Server, c load.SwarmConfig, n int) (*crowd, error) {
	c.Wire, c.Addr = server.Wire, server.Members
	swarm, err := load.NewSwarm(c)
	if err != nil {
		server.Stop(stopGrace)
		return nil, err
	}
	running, cancel := context.WithCancel(context.WithoutCancel(ctx))
	g := &crowd{server: server, swarm: swarm, cancel: cancel}
	g.done.Go(func() { g.runErr = swarm.Run(running) })
	if err := g.grow(ctx, n); err != nil {
		g.disperse()
		return nil, err
	}
	return g, nil
}

func (g *crowd) grow(ctx context.Context, n int) error {
	ctx, cancel := context.WithTimeout(ctx, joinTimeout)
	defer cancel()
	if err := g.swarm.Grow(ctx, n); err != nil {
		return fmt.Errorf("%w; the server said:\n%s", err, g.server.Output())
	}
	return nil
}

// disperse ends members, then the server.
func (g *crowd) disperse() target.Exit {
	g.cancel()
	g.done.Wait()
	g.swarm.Close()
	return g.server.Stop(stopGrace)
}

// publisher connects publishers to the crowd's server. The caller closes them.
func (g *crowd) publisher(ctx context.Context, c load.PublisherConfig) (*load.Publisher, error) {
	c.Addr, c.Raw = g.server.Publishers, g.server.Raw
	p, err := load.NewPublisher(c)
	if err != nil {
		return nil, err
	}
	if err := p.Connect(ctx); err != nil {
		p.Close()
		return nil, err
	}
	return p, nil
}

// settle waits until want lines have been delivered, or told to be missing, or
// none has for quiet, or limit has passed.
func (g *crowd) settle(ctx context.Context, want int64, quiet, limit time.Duration) error {
	end, last, since := time.Now().Add(limit), int64(-1), time.Now()
	for {
		n := g.swarm.Deliveries() + g.swarm.Told()
		if n != last {
			last, since = n, time.Now()
		}
		if n >= want || time.Since(since) > quiet || time.Now().After(end) {
			return nil
		}
		if err := pause(ctx, 5*time.Millisecond); err != nil {
			return err
		}
	}
}

// pause sleeps, or returns ctx's error.
func pause(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

func nicks(n int) []string {
	names := make([]string, n)
	for i := range names {
		names[i] = "bench" + strconv.Itoa(i+1)
	}
	return names
}
