package exchange

import "time"

// gapsMax is how many gaps wait in a partition: more rooms than speak there in a minute.
// What falls out beyond them is not announced, but counted.
const gapsMax = 4096

// over reports whether the backlog holds more than that part of its bounds.
func (o *outlet) over(part float64) bool {
	cfg := &o.sender.cfg
	return float64(o.mu.lines) > part*float64(cfg.BacklogLinesMax) ||
		float64(o.mu.bytes) > part*float64(cfg.BacklogBytesMax) ||
		float64(o.sender.bytes.Load()) > part*backlogTotalMax
}

// trim lets fall out of the backlog what is too old, and if it is too much some of the
// oldest: enough that it is not trimmed for each line. In the place of what falls out of a
// room a gap stands, together with what falls out behind it, unless a bus may have
// published one of both: then who has had that passes over its gap alone.
func (o *outlet) trim(now time.Time) {
	o.mu.trimmed = now
	before := now.Add(-o.sender.cfg.BacklogAge)
	over := o.over(1)
	last := map[string]*parcel{} // by room: the gap that what is next may join
	kept := o.mu.parcels[:0]
	for _, p := range o.mu.parcels {
		over = over && o.over(7.0/8)
		falls := p.state == waiting && p.missed == 0 && (over || !p.again && p.taken.Before(before))
		gap := last[p.Room]
		switch {
		case falls && p.again: // the stream has it
			o.mu.waiting--
			o.end(p)
			o.sender.meters.republished.Add(p.Count)
		case falls && gap != nil && !p.unsure:
			gap.missed += uint64(p.Count)
			gap.number = p.number
			o.remove(p)
			continue
		case falls && o.mu.gaps == gapsMax:
			o.sender.meters.unannounced.Add(p.Count)
			o.remove(p)
			continue
		case falls:
			o.fallOut(p)
		}
		if p.missed > 0 && p.state == waiting && !p.unsure {
			last[p.Room] = p
		} else {
			delete(last, p.Room)
		}
		kept = append(kept, p)
	}
	clear(o.mu.parcels[len(kept):])
	o.mu.parcels = kept
}

// fallOut puts a gap in the place of a parcel that waits.
func (o *outlet) fallOut(p *parcel) {
	o.sender.meters.dropped.Add(p.Count)
	o.mu.gaps++
	o.grow(1-p.Count, -len(p.Body))
	p.missed, p.Count, p.ids = uint64(p.Count), 1, nil
	p.encodeGap(o.sender.cfg.Publisher)
	o.grow(0, len(p.Body))
}

// remove takes a parcel that waits out of the counts.
func (o *outlet) remove(p *parcel) {
	o.sender.meters.dropped.Add(p.Count)
	o.mu.waiting--
	o.grow(-p.Count, -len(p.Body))
	o.sender.parcels.Add(-1)
}
