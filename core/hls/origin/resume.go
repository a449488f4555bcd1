package origin

import (
	"bytes"
	"os"
	"time"

	"uproar/core/hls"
	"uproar/proto/m3u8"
)

// resume takes up what is on disk. A broadcast that had not ended goes on if it is the newest
// of its channel: its packager has SilenceMax to come back.
func (o *Origin) resume(now time.Time) error {
	for _, name := range o.disk.folders() {
		runs := o.disk.folders(name)
		for i, id := range runs {
			if runTime(id).IsZero() || o.disk.ended(name, id) {
				continue
			}
			if i == len(runs)-1 && o.takeUp(name, id, now) {
				continue
			}
			for _, rendition := range o.disk.folders(name, id) {
				if err := o.disk.writeVOD(name, id, rendition); err != nil {
					o.log.Warn("cannot end a broadcast of an earlier process", "channel", name, "broadcast", id, "rendition", rendition, "err", err)
				}
			}
		}
	}
	return nil
}

// ended says whether no rendition of a broadcast has a journal any more.
func (a *archive) ended(channel, id string) bool {
	for _, r := range a.folders(channel, id) {
		if _, err := os.Stat(a.at(channel, id, r, journalName)); err == nil {
			return false
		}
	}
	return true
}

// takeUp makes a broadcast on disk live again. It is false when no playlist of it can be read.
func (o *Origin) takeUp(name, id string, now time.Time) bool {
	c := o.enter(name)
	if c == nil {
		return false
	}
	defer c.mu.Unlock()
	b := newBroadcast(c, id, now)
	b.began = runTime(id)
	size, _ := o.disk.size(name, id)
	b.onDisk.Store(size)
	if text, err := os.ReadFile(o.disk.at(name, id, hls.Playlist)); err == nil {
		if m, err := readMaster(text); err == nil {
			b.master = m
		}
	}
	for _, rendition := range o.disk.folders(name, id) {
		if r := b.rendition(rendition); r != nil {
			if err := o.takeUpRendition(r, now); err != nil {
				o.log.Warn("cannot go on with a rendition", "channel", name, "broadcast", id, "rendition", rendition, "err", err)
				delete(b.renditions, rendition)
			}
		}
	}
	if len(b.renditions) == 0 {
		return false
	}
	c.mu.runs, c.mu.lastID = append(c.mu.runs, b), runTime(id)
	o.log.Info("a broadcast goes on", "channel", name, "broadcast", id)
	return true
}

func (o *Origin) takeUpRendition(r *rendition, now time.Time) error {
	text, err := o.disk.read(r.b, r.name, liveName)
	if err != nil {
		return err
	}
	m, err := m3u8.ParseMedia(text)
	if err != nil {
		return err
	}
	if err := o.disk.mendJournal(r.b.c.name, r.b.id, r.name); err != nil {
		return err
	}
	whole, err := o.disk.readJournal(r.b.c.name, r.b.id, r.name)
	if err != nil {
		return err
	}
	r.first, r.journal = whole.MediaSequence, whole.LastMSN()+1
	// Parts are not kept, and nobody can be told to wait for the one that was announced.
	m.Hints, m.Open = nil, m3u8.Segment{}
	for i := range m.Segments {
		if m.Segments[i].Parts = nil; m.Segments[i].Gap {
			r.gone[m.Segments[i].URI] = true
		}
	}
	return r.takeLocked(m, now)
}

// mendJournal cuts off a last line that was not written to its end.
func (a *archive) mendJournal(channel, id, rendition string) error {
	place := a.at(channel, id, rendition, journalName)
	b, err := os.ReadFile(place)
	if err != nil {
		return err
	}
	if whole := bytes.LastIndexByte(b, '\n') + 1; whole < len(b) {
		return os.Truncate(place, int64(whole))
	}
	return nil
}
