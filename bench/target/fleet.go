package target

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"time"
)

// FleetConfig is how a benchmark runs servers that share a room.
type FleetConfig struct {
	EdgeConfig        // of every edge
	Dir        string // for what Redis may write
	Edges      int
}

// Fleet is edges for members, each of at most as many as its limit of open files allows,
// and one process more, the desk, that publishers speak to and that decides for all.
// Lines go from the desk to Redis and from there straight to every edge: one process and
// one hop less than with a relay, which pays off only when there are so many edges that
// Redis cannot send each line to all. Each edge has one event loop: the room is encoded
// once for each loop, and there are more edges than cores.
type Fleet struct {
	Redis *Redis
	Desk  *Server
	Edges []*Server
}

// StartFleet runs Redis, the desk and the edges. Whoever starts it calls Stop.
func StartFleet(ctx context.Context, c FleetConfig) (*Fleet, error) {
	f := &Fleet{}
	if err := f.start(ctx, c); err != nil {
		f.Stop(0)
		return nil, err
	}
	return f, nil
}

func (f *Fleet) start(ctx context.Context, c FleetConfig) (err error) {
	if f.Redis, err = StartRedis(ctx, c.Dir); err != nil {
		return err
	}
	desk := c.EdgeConfig
	desk.Args = append([]string{"--redis=" + f.Redis.Addr, "--env=bench", "--roles=edge,clue", "--link-addr=127.0.0.1:0", "--loops=1"}, c.Args...)
	if f.Desk, err = StartEdge(ctx, desk); err != nil {
		return err
	}
	if f.Desk.Link == "" {
		return fmt.Errorf("cannot find the link port of %q; it said:\n%s", f.Desk.Name, f.Desk.Output())
	}
	edge := c.EdgeConfig
	edge.Args = append([]string{"--redis=" + f.Redis.Addr, "--env=bench", "--roles=edge", "--clue=" + f.Desk.Link, "--loops=1"}, c.Args...)
	for range c.Edges {
		s, err := StartEdge(ctx, edge)
		if err != nil {
			return err
		}
		f.Edges = append(f.Edges, s)
	}
	return nil
}

// Members are the addresses to which members connect, one for each edge.
func (f *Fleet) Members() []string {
	var addrs []string
	for _, e := range f.Edges {
		addrs = append(addrs, e.Members)
	}
	return addrs
}

// Pids are the process ids of the edges, and of what else there is.
func (f *Fleet) Pids() (edges, others []int) {
	for _, e := range f.Edges {
		edges = append(edges, e.Pid)
	}
	return edges, []int{f.Desk.Pid, f.Redis.Pid}
}

// Output is the last that each process said, for those who look for what went wrong.
func (f *Fleet) Output() string {
	var b strings.Builder
	for i, e := range append([]*Server{f.Desk}, f.Edges...) {
		fmt.Fprintf(&b, "edge %d:\n%s\n", i, e.Output())
	}
	return b.String()
}

// Stop ends all processes, the edges first and together; after grace it kills.
func (f *Fleet) Stop(grace time.Duration) {
	var all sync.WaitGroup
	for _, e := range f.Edges {
		all.Go(func() { e.Stop(grace) })
	}
	all.Wait()
	if f.Desk != nil {
		f.Desk.Stop(grace)
	}
	if f.Redis != nil {
		f.Redis.Stop(grace)
	}
}

// Check says which processes have ended, if any has.
func (f *Fleet) Check() error {
	var errs []error
	for i, p := range append([]*Process{f.Redis.Process, f.Desk.Process}, processes(f.Edges)...) {
		select {
		case <-p.ended:
			errs = append(errs, fmt.Errorf("process %d of the fleet, %q, ended with code %d; it said:\n%s", i, p.Name, p.exit.Code, p.Output()))
		default:
		}
	}
	return errors.Join(errs...)
}

func processes(servers []*Server) []*Process {
	var all []*Process
	for _, s := range servers {
		all = append(all, s.Process)
	}
	return all
}
