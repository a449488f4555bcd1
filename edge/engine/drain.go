package engine

import (
	"math"
	"time"
)

// drainTask closes all connections of a loop, evenly spread over a time, so that
// those who come back elsewhere do not come all at once. Run takes the list; the
// timer works it off.
type drainTask struct {
	spread time.Duration

	timer Timer
	from  int64
	conns []Handle
	done  int
}

const drainStep = 20 * time.Millisecond

func (d *drainTask) Run(l *Loop) {
	for c := range l.Conns {
		d.conns = append(d.conns, c.handle)
	}
	d.from = l.now
	d.timer.Owner = d
	d.Expire(l)
}

func (d *drainTask) Expire(l *Loop) {
	due := len(d.conns)
	if passed := time.Duration(l.now-d.from) * time.Millisecond; passed < d.spread {
		share := float64(passed+drainStep) / float64(d.spread+drainStep)
		due = int(math.Ceil(float64(due) * share))
	}
	for ; d.done < due; d.done++ {
		if c := l.Conn(d.conns[d.done]); c != nil && c.Open() {
			c.handler.Drain(c)
			c.Close(ReasonDrain)
		}
	}
	if d.done < len(d.conns) {
		l.SetTimer(&d.timer, drainStep)
	}
}
