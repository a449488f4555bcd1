package origin

import (
	"sync"
	"time"
)

// idLayout makes ids of broadcasts that sort as their times do, to the millisecond, in UTC.
const idLayout = "20060102T150405.000"

// channel is what is known of one channel. Everything of its runs, renditions and files is
// under its lock; the bytes of files are not.
type channel struct {
	o    *Origin
	name string
	mu   struct {
		sync.Mutex
		runs   []*broadcast // oldest first; the last may be live
		lastID time.Time
		gone   bool // out of Origin.mu.channels
	}
}

// enter locks a channel for a packager, and makes it where it is not there. It returns nil
// when there are too many.
func (o *Origin) enter(name string) *channel {
	for {
		c := o.channel(name)
		if c == nil {
			return nil
		}
		c.mu.Lock()
		if !c.mu.gone {
			return c
		}
		c.mu.Unlock()
	}
}

// liveLocked is the run that goes on, or nil.
func (c *channel) liveLocked() *broadcast {
	if n := len(c.mu.runs); n > 0 && c.mu.runs[n-1].ended.IsZero() {
		return c.mu.runs[n-1]
	}
	return nil
}

// runLocked is the run with an id, or the live one for no id; nil when it is not in memory.
func (c *channel) runLocked(id string) *broadcast {
	if id == "" {
		return c.liveLocked()
	}
	for _, b := range c.mu.runs {
		if b.id == id {
			return b
		}
	}
	return nil
}

// startLocked begins a run. Its id is later than every id of the channel, in memory and on
// disk, whatever the clock says.
func (c *channel) startLocked(now time.Time) *broadcast {
	at := now.UTC().Truncate(time.Millisecond)
	if c.mu.lastID.IsZero() && c.o.disk != nil {
		c.mu.lastID = c.o.disk.latest(c.name)
	}
	if !at.After(c.mu.lastID) {
		at = c.mu.lastID.Add(time.Millisecond)
	}
	c.mu.lastID = at
	b := newBroadcast(c, runID(at), now)
	c.mu.runs = append(c.mu.runs, b)
	if len(c.mu.runs) > runsMax {
		c.mu.runs[0].release()
		c.mu.runs = c.mu.runs[1:]
	}
	c.o.meters.broadcasts.Inc()
	c.o.log.Info("a broadcast begins", "channel", c.name, "broadcast", b.id)
	return b
}

func runID(at time.Time) string { return at.UTC().Format(idLayout) }

// runTime is the time of an id, zero for what is none.
func runTime(id string) time.Time {
	at, err := time.Parse(idLayout, id)
	if err != nil {
		return time.Time{}
	}
	return at
}

// currentLocked is the run that what arrives now belongs to.
func (c *channel) currentLocked(now time.Time) *broadcast {
	if b := c.liveLocked(); b != nil {
		return b
	}
	return c.startLocked(now)
}

// renewLocked ends the live run and begins another, because the packager started over. What
// arrived since the last playlist of each rendition is of the new run. It returns nil when
// the live run is so young that two packagers must be at work.
func (c *channel) renewLocked(now time.Time) *broadcast {
	old := c.liveLocked()
	if old != nil && now.Sub(old.began) < runAgeMin {
		return nil
	}
	b := c.startLocked(now)
	if old == nil {
		return b
	}
	for name, r := range old.renditions {
		for file, f := range r.files {
			if f.listed || f.part {
				continue
			}
			b.rendition(name).files[file] = f
			delete(r.files, file)
		}
		for file, f := range r.again {
			b.rendition(name).files[file] = f
		}
	}
	old.endLocked(now)
	return b
}
