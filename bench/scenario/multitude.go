package scenario

import (
	"context"
	"errors"
	"fmt"
	"os"
	"runtime"
	"time"

	"uproar/bench/load"
	"uproar/bench/meter"
	"uproar/bench/target"
	"uproar/bench/worker"
)

// multitude is a fleet with its members: more than one process can hold, on both sides.
// Each edge has a worker of its own, on the same core, as an operator would pin a network
// card's queues and the processes that serve them.
type multitude struct {
	fleet *target.Fleet
	crew  *worker.Crew
	edges []int // process ids
	desk  []int // of the desk and Redis
}

// windowAll is how many members are on their way in at a time, on all edges together: one
// process decides for all whether they may join, and it must get at the processor among
// more than a hundred others.
const windowAll = 512

// multitudeNap is how long a worker sleeps after it has found little to read. It is nothing
// to the time that a line takes to all members, and saves the edges a wake-up, and the
// processors a change of process, for every few members.
const multitudeNap = 4 * time.Millisecond

// multitude starts a fleet and a crew for n members, in so many edges or, if that is 0, as
// few as hold them.
func (w *Workshop) multitude(ctx context.Context, c target.EdgeConfig, s load.SwarmConfig, n, edges int) (*multitude, error) {
	cores := runtime.NumCPU()
	if fewest := (n + worker.MembersMax - 1) / worker.MembersMax; edges == 0 {
		edges = (fewest + cores - 1) / cores * cores // no core has more to do than another
	} else if edges < fewest {
		return nil, fmt.Errorf("cannot hold %d members in %d edges: want %d at least, of %d each", n, edges, fewest, worker.MembersMax)
	}
	path, err := w.edgePath(ctx)
	if err != nil {
		return nil, err
	}
	c.Path, c.Args = path, append(c.Args, w.EdgeArgs...)
	w.Log("starting Redis, a desk and %d edges", edges)
	fleet, err := target.StartFleet(ctx, target.FleetConfig{EdgeConfig: c, Dir: w.Dir, Edges: edges})
	if err != nil {
		return nil, err
	}
	m := &multitude{fleet: fleet}
	m.edges, m.desk = fleet.Pids()
	s.Wire = c.Wire
	s.Window = max(8, windowAll/edges)
	s.Nap = multitudeNap
	if m.crew, err = worker.Start(s, fleet.Members()); err != nil {
		fleet.Stop(stopGrace)
		return nil, err
	}
	for i, workers := 0, m.crew.Pids(); i < edges; i++ {
		if err := errors.Join(target.Pin(m.edges[i], i%cores), target.Pin(workers[i], i%cores)); err != nil {
			m.disperse()
			return nil, err
		}
	}
	return m, nil
}

// disperse ends the members, then the fleet.
func (m *multitude) disperse() {
	m.crew.Close()
	m.fleet.Stop(stopGrace)
}

// grow has n members join and returns how long that took. It says how far it is.
func (m *multitude) grow(ctx context.Context, w *Workshop, n int) (time.Duration, error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	began := time.Now()
	go func() { // ends with ctx
		for pause(ctx, 5*time.Second) == nil {
			if now, err := meter.ReadMachine(); err == nil {
				w.Log("%d members are joining; the machine has %d TCP sockets", n, now.Sockets)
			}
		}
	}()
	within := joinTimeout + time.Duration(n)*time.Millisecond
	if err := m.crew.Grow(ctx, n, within); err != nil {
		return 0, errors.Join(fmt.Errorf("cannot gather %d members: %w", n, err), m.fleet.Check())
	}
	took := time.Since(began)
	w.Log("%d members joined in %.1f s", n, took.Seconds())
	return took, nil
}

// settle waits until want lines have been delivered, or told to be missing, or none has
// for quiet, or limit has passed. It returns when the last one came.
func (m *multitude) settle(ctx context.Context, want int64, quiet, limit time.Duration) (last time.Time, err error) {
	end, seen := time.Now().Add(limit), int64(-1)
	last = time.Now()
	for {
		delivered, told, err := m.crew.Deliveries()
		if err != nil {
			return last, err
		}
		if n := delivered + told; n != seen {
			seen, last = n, time.Now()
		}
		if seen >= want || time.Since(last) > quiet || time.Now().After(end) {
			return last, nil
		}
		if err := pause(ctx, 10*time.Millisecond); err != nil {
			return last, err
		}
	}
}

// Footprint is what members hold, all together and each, in bytes.
type Footprint struct {
	Edges   meter.Memory  `json:"edges"`   // with members
	Workers meter.Memory  `json:"workers"` // with members
	Machine meter.Machine `json:"machine"` // with members

	EdgeEach    float64 `json:"edge_each"`    // growth of the edges, for each member
	WorkerEach  float64 `json:"worker_each"`  // of the workers
	KernelEach  float64 `json:"kernel_each"`  // of the rest of the machine: both ends of each connection
	MachineEach float64 `json:"machine_each"` // of all
}

// holding reads what edges, workers and machine hold now.
func (m *multitude) holding() (f Footprint, err error) {
	if f.Edges, err = worker.Memory(m.edges); err != nil {
		return f, err
	}
	if f.Workers, err = worker.Memory(m.crew.Pids()); err != nil {
		return f, err
	}
	f.Machine, err = meter.ReadMachine()
	return f, err
}

// since fills in what n members hold, by what there was before they came.
func (f *Footprint) since(before Footprint, n int) {
	each := func(bytes int64) float64 { return float64(bytes) / float64(n) }
	f.EdgeEach = each(f.Edges.PSS - before.Edges.PSS)
	f.WorkerEach = each(f.Workers.PSS - before.Workers.PSS)
	f.MachineEach = each(before.Machine.Available - f.Machine.Available)
	f.KernelEach = f.MachineEach - f.EdgeEach - f.WorkerEach
}

// spending is CPU time, user plus system.
type spending struct{ edges, desk, clients time.Duration }

// spent is what has been used so far; publishers, in this process, are clients too.
func (m *multitude) spent() (u spending, err error) {
	if u.edges, err = worker.CPU(m.edges); err != nil {
		return u, err
	}
	if u.desk, err = worker.CPU(m.desk); err != nil {
		return u, err
	}
	u.clients, err = worker.CPU(append(m.crew.Pids(), os.Getpid()))
	return u, err
}

// enough fails when the machine has not the memory for n members.
func enough(n int, each, fixed int64) error {
	m, err := meter.ReadMachine()
	if err != nil {
		return err
	}
	if need := int64(n)*each + fixed; m.Available < need {
		return fmt.Errorf("cannot hold %d members: they need about %d MB, and %d MB are available", n, need>>20, m.Available>>20)
	}
	return nil
}
