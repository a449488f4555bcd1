package load

import (
	"context"
	"fmt"
	"time"
)

// repeat has viewers ask for pages in turn, again and again.
type repeat struct {
	a        *Audience
	pages    []*Page
	interval float64 // between two requests of all, in nanoseconds; 0: each viewer asks as soon as it has its answer
	start    int64
	asked    int64
	idle     []int // viewers that wait for their turn
	over     bool
}

// Start has the viewers ask for pages in turn, rate times a second all together (open loop:
// latency counts from when a request was due, whether or not a viewer was free to send it),
// or with rate 0 each again as soon as it has its answer (closed loop). Until Halt.
func (a *Audience) Start(pages []*Page, rate float64) error {
	r := &repeat{a: a, pages: pages}
	if rate > 0 {
		r.interval = 1e9 / rate
	}
	return a.do(func() {
		for i := range a.viewers {
			if a.viewers[i].state == free {
				r.idle = append(r.idle, i)
			}
		}
		a.now = Now()
		r.start = a.now
		a.script = r
	})
}

// Halt ends what Start began, and returns when nothing is on its way any more.
func (a *Audience) Halt(ctx context.Context) error {
	var r *repeat
	if err := a.do(func() {
		if r, _ = a.script.(*repeat); r != nil {
			r.over = true
		}
	}); err != nil || r == nil {
		return err
	}
	tick := time.NewTicker(time.Millisecond)
	defer tick.Stop()
	for {
		busy := 0
		if err := a.do(func() { busy = a.busy() }); err != nil || busy == 0 {
			return err
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return fmt.Errorf("%d viewers have no whole answer: %w", busy, ctx.Err())
		}
	}
}

// busy is how many viewers wait for an answer or its rest.
func (a *Audience) busy() (n int) {
	for i := range a.viewers {
		if s := a.viewers[i].state; s == asking || s == reading {
			n++
		}
	}
	return n
}

func (r *repeat) answered(i int, got answer) {
	r.a.tally.Latency.Record(time.Duration(got.end - got.due))
	switch {
	case r.over:
	case r.interval == 0:
		r.next(i, r.a.now)
	default:
		r.idle = append(r.idle, i)
	}
}

// next has viewer i ask for the page whose turn it is.
func (r *repeat) next(i int, due int64) {
	p := r.pages[r.asked%int64(len(r.pages))]
	r.asked++
	r.a.ask(i, p, due)
}

func (r *repeat) turn(now int64) int64 {
	for len(r.idle) > 0 && !r.over {
		due := now
		if r.interval > 0 {
			if due = r.start + int64(float64(r.asked)*r.interval); due > now {
				return due
			}
		}
		i := r.idle[len(r.idle)-1]
		r.idle = r.idle[:len(r.idle)-1]
		r.next(i, due)
	}
	return 0
}
