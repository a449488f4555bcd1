package scenario

import (
	"context"
	"fmt"
	"strconv"
	"sync"
	"time"

	"uproar/bench/load"
	"uproar/bench/meter"
	"uproar/bench/target"
	"uproar/bench/worker"
)

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
	c.Wire, c.Hello, c.Prefix, c.Addr = server.Wire, server.Hello, server.Prefix, server.Members
	if c.Window == 0 || server.Window > 0 && c.Window > server.Window {
		c.Window = server.Window
	}
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

// cpuOf returns the CPU time that the server used with all its processes while f ran.
func (g *crowd) cpuOf(f func() error) (time.Duration, error) {
	pids, err := g.server.Pids()
	if err != nil {
		return 0, err
	}
	before, err := worker.CPU(pids)
	if err != nil {
		return 0, err
	}
	if err := f(); err != nil {
		return 0, err
	}
	after, err := worker.CPU(pids)
	return after - before, err
}

// memory is what the server holds with all its processes. Pages that several of them share
// count once.
func (g *crowd) memory() (meter.Memory, error) {
	pids, err := g.server.Pids()
	if err != nil {
		return meter.Memory{}, err
	}
	m, err := worker.Memory(pids)
	if len(pids) > 1 {
		m.RSS = m.PSS
	}
	return m, err
}

// publisher connects publishers to the crowd's server. The caller closes them.
func (g *crowd) publisher(ctx context.Context, c load.PublisherConfig) (*load.Publisher, error) {
	c.Addr, c.Wire, c.Raw, c.Upgrade = g.server.Publishers, g.server.Wire, g.server.Raw, g.server.Upgrade
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
