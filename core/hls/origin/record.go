package origin

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"time"

	"uproar/core/hls"
	"uproar/proto/m3u8"
)

// entry is one line of a journal.
type entry struct {
	MSN     int64
	Target  time.Duration // of the playlist that listed it
	Segment m3u8.Segment  // without its parts
}

// record writes what a playlist lists to disk: files, then the journal, then the playlist. The
// caller holds r.write. Trouble is counted and logged, and the live stream goes on; what is
// missing is tried again with the next playlist.
func (o *Origin) record(r *rendition) {
	if !r.b.finished.Load() {
		o.recordLast(r)
	}
}

// recordLast is record, of a broadcast that may be about to be finished.
func (o *Origin) recordLast(r *rendition) {
	b := r.b
	b.c.mu.Lock()
	v := r.live.Version()
	if o.disk == nil || b.full.Load() || v == nil {
		b.c.mu.Unlock()
		return
	}
	files := map[string]*file{}
	for name, f := range r.files {
		if f.listed && !f.part && !f.onDisk && f.blob.state() == blobWhole {
			files[name] = f
		}
	}
	b.c.mu.Unlock()
	if err := o.saveFiles(r, files); err != nil {
		o.diskTrouble(b, err)
		return
	}
	if err := o.saveJournal(r, v.Media); err != nil {
		o.diskTrouble(b, err)
		return
	}
	if err := o.disk.saveBytes(o.disk.place(b, r.name, liveName), v.Full.Bytes); err != nil {
		o.diskTrouble(b, err)
	}
}

func (o *Origin) saveFiles(r *rendition, files map[string]*file) error {
	for name, f := range files {
		if err := o.disk.save(o.disk.place(r.b, r.name, name), f.blob.born, f.blob.writeTo); err != nil {
			return err
		}
		size, _, _ := f.blob.look()
		r.b.onDisk.Add(size)
		o.meters.archived.Add(int(size))
		r.b.c.mu.Lock()
		f.onDisk = true
		r.b.c.mu.Unlock()
	}
	return nil
}

// saveJournal adds the segments that are new, up to the first that is still coming.
func (o *Origin) saveJournal(r *rendition, m *m3u8.Media) error {
	next := max(r.journal, m.MediaSequence)
	var lines []byte
	for ; next <= m.LastMSN(); next++ {
		e := entry{MSN: next, Target: m.TargetDuration, Segment: m.Segments[next-m.MediaSequence]}
		e.Segment.Parts = nil
		if !e.Segment.Gap && !o.disk.has(r.b, r.name, e.Segment.URI) {
			break
		}
		line, err := json.Marshal(&e)
		if err != nil {
			return err
		}
		lines = append(append(lines, line...), '\n')
	}
	if len(lines) == 0 {
		return nil
	}
	if err := o.disk.appendTo(o.disk.place(r.b, r.name, journalName), lines); err != nil {
		return err
	}
	r.journal = next
	return nil
}

func (o *Origin) diskTrouble(b *broadcast, err error) {
	o.meters.diskErrors.Inc()
	o.log.Error("cannot record a broadcast", "channel", b.c.name, "broadcast", b.id, "err", err)
}

// saveMaster keeps the multivariant playlist.
func (a *archive) saveMaster(b *broadcast, text []byte) {
	if a == nil {
		return
	}
	if err := a.saveBytes(a.at(b.c.name, b.id, hls.Playlist), text); err != nil {
		b.c.o.diskTrouble(b, err)
	}
}

// finish writes what a broadcast that has ended is served by from now on. It may be called
// again.
func (o *Origin) finish(b *broadcast) {
	if o.disk == nil || b.finished.Swap(true) {
		return
	}
	b.c.mu.Lock()
	var list []*rendition
	for _, name := range b.names() {
		list = append(list, b.renditions[name])
	}
	var own []byte
	if b.master == nil {
		own = b.masterText("", time.Now())
	}
	b.c.mu.Unlock()
	for _, r := range list {
		r.write.Lock()
		o.recordLast(r)
		err := o.disk.writeVOD(b.c.name, b.id, r.name)
		r.write.Unlock()
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			o.diskTrouble(b, err)
		}
	}
	if own != nil {
		o.disk.saveMaster(b, own)
	}
}

// writeVOD makes the playlist of a whole rendition from its journal.
func (a *archive) writeVOD(channel, id, rendition string) error {
	m, err := a.readJournal(channel, id, rendition)
	if err != nil {
		return err
	}
	m.Type, m.EndList = m3u8.TypeVOD, true
	if err := m.Check(); err != nil {
		return err
	}
	place := a.at(channel, id, rendition, hls.Playlist)
	if err := a.saveBytes(place, m3u8.AppendMedia(nil, m)); err != nil {
		return err
	}
	return errors.Join(os.Remove(a.at(channel, id, rendition, journalName)), os.Remove(a.at(channel, id, rendition, liveName)))
}

// readJournal reads every segment that was ever listed. A last line that was cut off by the
// end of a process is left out; so is a segment that stands twice.
func (a *archive) readJournal(channel, id, rendition string) (*m3u8.Media, error) {
	f, err := os.Open(a.at(channel, id, rendition, journalName))
	if err != nil {
		return nil, err
	}
	defer f.Close()
	m := &m3u8.Media{}
	in := bufio.NewReaderSize(f, journalLineMax)
	for {
		line, err := in.ReadSlice('\n')
		if errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			return nil, err
		}
		var e entry
		if err := json.Unmarshal(line, &e); err != nil {
			return nil, fmt.Errorf("cannot read a journal: %w", err)
		}
		m.TargetDuration = max(m.TargetDuration, e.Target)
		if len(m.Segments) == 0 {
			m.MediaSequence = e.MSN
		} else if e.MSN <= m.LastMSN() {
			continue
		} else if e.MSN != m.LastMSN()+1 {
			e.Segment.Discontinuity = true
		}
		m.Segments = append(m.Segments, e.Segment)
	}
	if len(m.Segments) == 0 {
		return nil, fs.ErrNotExist
	}
	return m, nil
}
