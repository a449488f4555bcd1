package tier

import (
	"context"
	"errors"
	"net/http"
	"time"

	"uproar/core/hls"
)

// race is one fetch. Nodes are asked in their order, the next when one fails; and when one
// holds an answer for longer than it should, the next is asked besides, for it may be frozen
// (a hedged request; Dean and Barroso, The Tail at Scale, 2013). The first good answer counts.
type race struct {
	s     *Source
	ctx   context.Context
	p     hls.Path
	r     hls.Reload
	order []*node
	asked []*runner
	waits int // runners without a head yet
	heads chan *runner
	done  chan struct{} // closed when nobody hears heads any more
}

// runner is a node that is asked.
type runner struct {
	n      *node
	began  time.Time
	cancel context.CancelCauseFunc
	heard  bool
	got    *hls.Fetched
	err    error
}

// errLost is why a request ends that another node has answered.
var errLost = errors.New("another node has answered")

// run returns the first good answer; else the last one, or why there is none.
func (c *race) run() (got *hls.Fetched, err error) {
	defer close(c.done)
	patience := c.patience()
	hedge := time.NewTimer(patience)
	defer hedge.Stop()
	for c.ask() {
		for c.waits > 0 {
			select {
			case h := <-c.heads:
				h.heard = true
				c.waits--
				if h.err != nil {
					err = errors.Join(err, h.err)
					if c.ctx.Err() != nil {
						closeBody(got)
						return nil, err // says nothing about the node
					}
					continue
				}
				closeBody(got)
				if got = h.got; !troubled(got.Status) {
					c.won(h)
					return got, nil
				}
			case <-hedge.C:
				if c.ask() {
					c.s.meters.hedged.Inc()
					hedge.Reset(patience)
				}
			}
		}
	}
	if got != nil {
		return got, nil
	}
	return nil, err
}

func closeBody(f *hls.Fetched) {
	if f != nil {
		_ = f.Body.Close()
	}
}

// noHurry is a patience beyond every deadline.
const noHurry = time.Hour

// patience is how long the nodes asked may be silent before another is. What cannot be held
// has its own deadline, AnswerTimeout.
func (c *race) patience() time.Duration {
	if !mayBeHeld(c.p, c.r) {
		return noHurry
	}
	if d := hls.Patience(c.ctx); d > 0 {
		return d
	}
	if end, ok := c.ctx.Deadline(); ok {
		return time.Until(end) / 2
	}
	return noHurry
}

// ask asks the next node, if one is left. Its head comes through heads.
func (c *race) ask() bool {
	if len(c.asked) == len(c.order) {
		return false
	}
	a := &runner{n: c.order[len(c.asked)], began: c.s.cfg.Now()}
	if len(c.asked) > 0 && c.waits == 0 {
		c.s.meters.failovers.Inc()
	}
	c.asked = append(c.asked, a)
	c.waits++
	var ctx context.Context
	ctx, a.cancel = context.WithCancelCause(c.ctx) // until c.ctx ends, for the body
	go func() {
		a.got, a.err = c.s.ask(ctx, a.n, c.p, c.r)
		select {
		case c.heads <- a:
		case <-c.done:
			closeBody(a.got)
			a.cancel(nil)
		}
	}()
	return true
}

// won ends the others. One that was asked before, and has answered nobody since, is taken
// for frozen.
func (c *race) won(by *runner) {
	before := true
	for _, a := range c.asked {
		switch {
		case a == by:
			before = false
		case a.heard && !errors.Is(a.err, errSilent):
		case before && !a.n.answeredSince(a.began):
			if !a.heard {
				a.n.failed(c.s.cfg.Now())
			}
			a.n.froze()
		default:
			a.cancel(errLost)
		}
	}
	if by.got.Status == http.StatusOK {
		c.s.choice.served(c.p.Channel, by.n)
		c.s.continued(c.ctx, by.got, c.p, c.order[len(c.asked):])
	}
}

// troubled reports whether another node may have a better answer.
func troubled(status int) bool { return status == http.StatusTooManyRequests || status >= 500 }
