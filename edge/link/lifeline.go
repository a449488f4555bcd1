package link

import (
	"context"
	"errors"
	"math/rand/v2"
	"time"

	"uproar/core/exchange"
	"uproar/edge/engine"
)

// A relay that is cut off from what is above it is of no use to those below, while the next one may be well: it parts
// from them, and takes none until it is back. What it wants then it goes on wanting, or it would not know. When all
// relays are cut off, children go round, at the pace of their backoff.
const (
	lookEvery   = 250 * time.Millisecond
	cutOffLooks = 13                     // at the Feed, one after the other, that find it cut off: for 3 s
	partWithin  = 500 * time.Millisecond // children are parted from at moments in this time, for they all go elsewhere
)

// errCutOff is what children are told.
var errCutOff = errors.New("this relay is cut off from what is above it")

// watch looks at the Feed until ctx ends.
func (n *Node) watch(ctx context.Context) {
	tick := time.NewTicker(lookEvery)
	defer tick.Stop()
	var since time.Time
	for dead := 0; ; {
		select {
		case <-tick.C:
		case <-ctx.Done():
			return
		}
		switch alive := exchange.Alive(n.cfg.Feed); {
		case !alive:
			if dead++; dead == 1 {
				since = time.Now()
			}
			if dead == cutOffLooks {
				n.cfg.Log.Warn("the relay is cut off from what is above it: it parts from those below")
				n.setCutOff(true)
			}
		case dead >= cutOffLooks:
			n.cfg.Log.Info("the relay is no longer cut off", "after", time.Since(since).Round(time.Millisecond))
			n.setCutOff(false)
			dead = 0
		default:
			dead = 0
		}
	}
}

func (n *Node) setCutOff(cutOff bool) {
	n.interest.keep(cutOff)
	n.cutOff.Store(cutOff)
	for _, l := range n.engine.Loops() {
		l.PostAlways(cutOffTask{}) // at most one per look
	}
}

// cutOffTask has a loop part from its children of the exchange.
type cutOffTask struct{}

func (cutOffTask) Run(e *engine.Loop) {
	for conn := range e.Conns {
		if c, ok := conn.Handler().(*child); ok && c.fed && !c.parting && c.node.cutOff.Load() {
			c.parting = true
			conn.SetTimer(rand.N(partWithin))
		}
	}
}

// part parts from the child, unless all is well again.
func (c *child) part() {
	c.parting = false
	if c.node.cutOff.Load() {
		c.node.meters.parted.Inc()
		c.refuse(errCutOff)
		return
	}
	c.conn.SetTimer(c.node.cfg.IdleTimeout)
}
