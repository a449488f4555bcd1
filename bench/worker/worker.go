// Package worker runs swarms in processes of their own: a process may have at most as
// many open files as its hard limit says, often 20,000, so that a room of 121,000 takes
// several on both sides. A Crew is the parent's side, Serve the child's. A child is this
// same program, started as `PROGRAM worker`: main and TestMain call Run first.
//
// The two speak in lines of JSON: an Order on the child's standard input, one Answer on
// its standard output for each. A child ends when its input does, and is killed by the
// kernel when its parent dies.
package worker

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"time"

	"uproar/bench/load"
)

// argument is what makes this program a worker.
const argument = "worker"

// What an Order asks for.
const (
	open    = "open"    // make the swarm of Swarm; once, first
	grow    = "grow"    // have Members members within Within
	measure = "measure" // forget latencies, record those of lines due from At
	storm   = "storm"   // the storm begins at At
	count   = "count"   // how many deliveries there have been
	tally   = "tally"   // all counts
	lost    = "lost"    // lines that are missing, of Sent
	fate    = "fate"    // of Member
)

// Order is what a worker shall do.
type Order struct {
	Do      string            `json:"do"`
	Swarm   *load.SwarmConfig `json:"swarm,omitempty"`
	Members int               `json:"members,omitempty"`
	Within  time.Duration     `json:"within,omitempty"`
	At      int64             `json:"at,omitempty"`
	Sent    []uint32          `json:"sent,omitempty"`
	Member  int               `json:"member,omitempty"`
}

// Answer is what came of it.
type Answer struct {
	Error string      `json:"error,omitempty"`
	N     int64       `json:"n,omitempty"`
	Told  int64       `json:"told,omitempty"`
	Order string      `json:"order,omitempty"` // of lines, with lost: load.Swarm's Order
	Tally *load.Tally `json:"tally,omitempty"`
	Fate  *load.Fate  `json:"fate,omitempty"`
}

// Run serves as a worker and exits, if that is how this program was started.
func Run() {
	if len(os.Args) != 2 || os.Args[1] != argument {
		return
	}
	if _, err := load.RaiseFileLimit(); err != nil {
		fmt.Fprintln(os.Stderr, "bench worker:", err)
		os.Exit(1)
	}
	if err := Serve(os.Stdin, os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "bench worker:", err)
		os.Exit(1)
	}
	os.Exit(0)
}

// Serve carries out orders until in ends.
func Serve(in io.Reader, out io.Writer) error {
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	orders := make(chan Order)
	go func() { // ends with in, or with the process
		defer cancel()
		defer close(orders)
		lines := json.NewDecoder(bufio.NewReader(in))
		for {
			var o Order
			if lines.Decode(&o) != nil {
				return
			}
			orders <- o
		}
	}()
	w := &server{over: make(chan error, 1)}
	defer w.close(cancel)
	answers := json.NewEncoder(out)
	for o := range orders {
		a, err := w.carryOut(ctx, o)
		if err != nil {
			a.Error = err.Error()
		}
		if err := answers.Encode(a); err != nil {
			return fmt.Errorf("cannot answer %q: %w", o.Do, err)
		}
	}
	return nil
}

// server is a worker with its swarm.
type server struct {
	swarm *load.Swarm
	over  chan error // when Run of swarm has returned
}

func (w *server) close(cancel func()) {
	cancel()
	if w.swarm != nil {
		<-w.over
		w.swarm.Close()
	}
}

var errNoSwarm = errors.New("there is no swarm yet")

func (w *server) carryOut(ctx context.Context, o Order) (a Answer, err error) {
	if o.Do == open {
		return a, w.open(ctx, o)
	}
	if w.swarm == nil {
		return a, errNoSwarm
	}
	switch o.Do {
	case grow:
		ctx, cancel := context.WithTimeout(ctx, o.Within)
		defer cancel()
		return a, w.swarm.Grow(ctx, o.Members)
	case measure:
		return a, w.swarm.Measure(o.At)
	case storm:
		return a, w.swarm.StormFrom(o.At)
	case count:
		a.N, a.Told = w.swarm.Deliveries(), w.swarm.Told()
	case tally:
		t := w.swarm.Tally()
		a.Tally = &t
	case lost:
		a.N, a.Order = w.swarm.Lost(o.Sent), w.swarm.Order()
	case fate:
		f := w.swarm.Fate(o.Member, o.Sent)
		a.Fate = &f
	default:
		return a, fmt.Errorf("cannot do %q", o.Do)
	}
	return a, nil
}

func (w *server) open(ctx context.Context, o Order) error {
	if w.swarm != nil || o.Swarm == nil {
		return errors.New("cannot open a swarm: one is open, or none is described")
	}
	s, err := load.NewSwarm(*o.Swarm)
	if err != nil {
		return err
	}
	w.swarm = s
	go func() { w.over <- s.Run(ctx) }()
	return nil
}
