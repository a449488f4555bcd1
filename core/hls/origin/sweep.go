package origin

import (
	"os"
	"slices"
	"time"
)

// sweep ends runs that fell silent, and lets go of what is past its time.
func (o *Origin) sweep(now time.Time) {
	for _, c := range o.all() {
		c.mu.Lock()
		if b := c.liveLocked(); b != nil && b.silentLocked(now) {
			b.endLocked(now)
		}
		var over []*broadcast
		for _, b := range c.mu.runs {
			if !b.ended.IsZero() {
				over = append(over, b)
			} else {
				b.trimLocked(now)
			}
		}
		c.mu.Unlock()
		for _, b := range over {
			o.finish(b)
		}
		o.forget(c, now)
	}
	o.sizes.Lock()
	due := now.Sub(o.sizes.at) >= archiveInterval
	if due {
		o.sizes.at = now
	}
	o.sizes.Unlock()
	if o.disk != nil && due {
		o.trimArchive(now)
	}
}

// trimLocked lets go of files whose time is over.
func (b *broadcast) trimLocked(now time.Time) {
	for _, r := range b.renditions {
		for name, f := range r.files {
			old := !f.listed && now.Sub(f.blob.born) > pendingAgeMax && f.blob.state() != blobComing
			if old || !f.until.IsZero() && now.After(f.until) {
				f.blob.release()
				delete(r.files, name)
			}
		}
	}
}

// forget takes runs that are over out of memory, and a channel of which nothing is left.
func (o *Origin) forget(c *channel, now time.Time) {
	o.mu.Lock()
	defer o.mu.Unlock()
	c.mu.Lock()
	defer c.mu.Unlock()
	c.mu.runs = slices.DeleteFunc(c.mu.runs, func(b *broadcast) bool {
		over := b.overLocked(now)
		if over {
			b.release()
		}
		return over
	})
	if len(c.mu.runs) == 0 {
		c.mu.gone = true
		delete(o.mu.channels, c.name)
	}
}

// relieve makes room in memory: what is on disk is served from there.
func (o *Origin) relieve() {
	for _, c := range o.all() {
		c.mu.Lock()
		for _, b := range c.mu.runs {
			for _, r := range b.renditions {
				for name, f := range r.files {
					if f.onDisk {
						f.blob.release()
						delete(r.files, name)
					}
				}
			}
		}
		c.mu.Unlock()
	}
}

// kept is one broadcast on disk.
type kept struct {
	channel, id string
	bytes       int64
	changed     time.Time
	live        *broadcast // nil: it has ended
}

// trimArchive removes the oldest broadcasts that have ended until the rest is within its
// bounds. A live one that is beyond them alone is recorded no further.
func (o *Origin) trimArchive(now time.Time) {
	all := o.keptBroadcasts()
	slices.SortFunc(all, func(a, b kept) int { return runTime(a.id).Compare(runTime(b.id)) })
	var sum int64
	for _, k := range all {
		sum += k.bytes
	}
	for _, k := range all {
		if k.live != nil || sum <= o.cfg.ArchiveBytesMax && now.Sub(k.changed) <= o.cfg.ArchiveAgeMax {
			continue
		}
		if err := os.RemoveAll(o.disk.at(k.channel, k.id)); err != nil {
			o.meters.diskErrors.Inc()
			o.log.Error("cannot remove a broadcast", "channel", k.channel, "broadcast", k.id, "err", err)
			continue
		}
		os.Remove(o.disk.at(k.channel)) // when it is empty
		sum -= k.bytes
		o.meters.removed.Inc()
		o.sizes.Lock()
		delete(o.sizes.ended, k.channel+"/"+k.id)
		o.sizes.Unlock()
	}
	o.meters.archiveBytes.Store(sum)
	for _, k := range all {
		if k.live != nil && sum > o.cfg.ArchiveBytesMax && !k.live.full.Swap(true) {
			o.meters.diskErrors.Inc()
			o.log.Error("a broadcast is recorded no further: the archive is full", "channel", k.channel, "broadcast", k.id, "bytes", sum)
		}
	}
}

// keptBroadcasts lists what is on disk. The sizes of those that have ended are measured once.
func (o *Origin) keptBroadcasts() []kept {
	var all []kept
	for _, name := range o.disk.folders() {
		for _, id := range o.disk.folders(name) {
			if runTime(id).IsZero() {
				continue // not ours
			}
			if b := o.recording(name, id); b != nil {
				all = append(all, kept{channel: name, id: id, bytes: b.onDisk.Load(), live: b})
				continue
			}
			all = append(all, o.endedSize(name, id))
		}
	}
	return all
}

func (o *Origin) endedSize(name, id string) kept {
	key := name + "/" + id
	o.sizes.Lock()
	k, ok := o.sizes.ended[key]
	o.sizes.Unlock()
	if ok {
		return k
	}
	k = kept{channel: name, id: id}
	k.bytes, k.changed = o.disk.size(name, id)
	o.sizes.Lock()
	o.sizes.ended[key] = k
	o.sizes.Unlock()
	return k
}

// recording is the run in memory that is still written to disk, or nil.
func (o *Origin) recording(name, id string) *broadcast {
	c := o.find(name)
	if c == nil {
		return nil
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if b := c.runLocked(id); b != nil && !b.finished.Load() {
		return b
	}
	return nil
}
