package worker

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"uproar/bench/load"
	"uproar/bench/meter"
)

// MembersMax is how many members one worker holds at most, and one server that has the
// same limit of open files: both need some for themselves.
const MembersMax = 19000

// Crew is several workers as one swarm. Whoever starts it calls Close. Its methods may be
// called from any goroutine.
type Crew struct {
	children []*child
	size     int
}

// Size is how many members there are, as Grow was told last.
func (w *Crew) Size() int { return w.size }

// Start runs one worker for each of the addresses to which members shall connect. The
// other fields of c are those of all; members are numbered throughout. With Resume, those
// of a server that ends go to the other ones.
func Start(c load.SwarmConfig, addrs []string) (*Crew, error) {
	w := &Crew{}
	for i, addr := range addrs {
		each := c
		each.Addr, each.First = addr, c.First+i*MembersMax
		if c.Resume {
			each.Return = slices.Concat(addrs[i+1:], addrs[:i])
		}
		kid, err := startChild()
		if err == nil {
			w.children = append(w.children, kid)
			_, err = kid.ask(Order{Do: open, Swarm: &each})
		}
		if err != nil {
			w.Close()
			return nil, err
		}
	}
	return w, nil
}

// Close ends all workers and waits for them.
func (w *Crew) Close() {
	var all sync.WaitGroup
	for _, c := range w.children {
		all.Go(c.stop)
	}
	all.Wait()
}

// Pids are the workers' process ids.
func (w *Crew) Pids() []int {
	var pids []int
	for _, c := range w.children {
		pids = append(pids, c.cmd.Process.Pid)
	}
	return pids
}

// all gives every worker its order at once, and returns their answers.
func (w *Crew) all(order func(i int) Order) ([]Answer, error) {
	answers, errs := make([]Answer, len(w.children)), make([]error, len(w.children))
	var asked sync.WaitGroup
	for i, c := range w.children {
		asked.Go(func() { answers[i], errs[i] = c.ask(order(i)) })
	}
	asked.Wait()
	return answers, errors.Join(errs...)
}

// every gives all workers the same order.
func (w *Crew) every(o Order) ([]Answer, error) { return w.all(func(int) Order { return o }) }

// Share is how many of n members worker i has: as many as the others, or one more.
func (w *Crew) Share(n, i int) int {
	share := n / len(w.children)
	if i < n%len(w.children) {
		share++
	}
	return share
}

// Grow connects members until there are n in all, and returns when all are in the room. It
// fails when one of them does not get there within the time. When ctx ends it ends the
// workers: the Crew is of no use then, but must be closed.
func (w *Crew) Grow(ctx context.Context, n int, within time.Duration) error {
	if most := len(w.children) * MembersMax; n > most {
		return fmt.Errorf("cannot have %d members in %d workers: at most %d", n, len(w.children), most)
	}
	w.size = n
	done := context.AfterFunc(ctx, func() {
		for _, c := range w.children {
			c.in.Close()
		}
	})
	defer done()
	_, err := w.all(func(i int) Order { return Order{Do: grow, Members: w.Share(n, i), Within: within} })
	if ctx.Err() != nil {
		return ctx.Err()
	}
	return err
}

// Measure forgets the latencies so far; from now on those of lines due at since or later
// count.
func (w *Crew) Measure(since int64) error {
	_, err := w.every(Order{Do: measure, At: since})
	return err
}

// StormFrom says when the storm of the configuration begins.
func (w *Crew) StormFrom(start int64) error {
	_, err := w.every(Order{Do: storm, At: start})
	return err
}

// Deliveries returns how many there have been, and of how many lines members were told
// that they will not come.
func (w *Crew) Deliveries() (delivered, told int64, err error) {
	answers, err := w.every(Order{Do: count})
	for _, a := range answers {
		delivered, told = delivered+a.N, told+a.Told
	}
	return delivered, told, err
}

// Tally adds up what all members saw.
func (w *Crew) Tally() (load.Tally, error) {
	sum := load.NewTally()
	answers, err := w.every(Order{Do: tally})
	for _, a := range answers {
		if a.Tally != nil {
			sum.Merge(*a.Tally)
		}
	}
	return sum, err
}

// Lost returns how many deliveries are missing, of what the publishers sent, and in how
// many different orders workers have seen the lines: 1 when nothing is wrong.
func (w *Crew) Lost(sent []uint32) (n int64, orders int, err error) {
	answers, err := w.every(Order{Do: lost, Sent: sent})
	seen := map[string]bool{}
	for _, a := range answers {
		n += a.N
		seen[a.Order] = true
	}
	return n, len(seen), err
}

// Fate tells what has become of member i of worker w.
func (w *Crew) Fate(worker, i int, sent []uint32) (load.Fate, error) {
	a, err := w.children[worker].ask(Order{Do: fate, Member: i, Sent: sent})
	if err != nil {
		return load.Fate{}, err
	}
	return *a.Fate, nil
}

// CPU adds up the user and system time of processes.
func CPU(pids []int) (time.Duration, error) {
	var sum time.Duration
	for _, pid := range pids {
		d, err := meter.CPU(pid)
		if err != nil {
			return sum, err
		}
		sum += d
	}
	return sum, nil
}

// Memory adds up what processes hold: shared pages are divided among them.
func Memory(pids []int) (meter.Memory, error) {
	var sum meter.Memory
	for _, pid := range pids {
		m, err := meter.ReadMemory(pid)
		if err != nil {
			return sum, err
		}
		sum.RSS += m.RSS
		sum.PSS += m.PSS
		sum.Private += m.Private
	}
	return sum, nil
}
