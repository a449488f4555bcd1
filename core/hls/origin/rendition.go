package origin

import (
	"errors"
	"sync"
	"time"

	"uproar/core/hls"
	"uproar/proto/m3u8"
)

// rendition is one rendition of a broadcast, under the lock of its channel but for write.
type rendition struct {
	b     *broadcast
	name  string
	write sync.Mutex // held while its playlist is taken and recorded; before channel.mu

	live    hls.Live
	media   *m3u8.Media // of the current version; nil: none yet
	files   map[string]*file
	again   map[string]*file // files sent anew with the same bytes since the last playlist
	changed chan struct{}    // closed at the next version
	arrived chan struct{}    // closed when the next file begins to come
	first   int64            // the first media sequence number that this run has
	gone    map[string]bool  // segments and parts that were missing when they were listed first
	peak    int64            // bits/s of the fattest segment
	tracks  *tracks          // of its initialisation section; nil: not read yet
	journal int64            // the next media sequence number to be recorded
	stream  bool             // the origin writes this playlist itself
}

// file is one segment, part or initialisation section.
type file struct {
	blob   *blob
	listed bool // by a playlist, now or before
	part   bool // it goes out only when whole
	onDisk bool
	until  time.Time // when it may go; zero: it is listed, or was never
}

func newRendition(b *broadcast, name string) *rendition {
	return &rendition{b: b, name: name, files: map[string]*file{}, again: map[string]*file{},
		changed: make(chan struct{}), arrived: make(chan struct{}), first: -1, gone: map[string]bool{}, journal: -1}
}

// errNothing refuses the first playlist of a run when it lists nothing that arrived.
var errNothing = errors.New("none of the segments that it lists has arrived")

// startsOver says whether a playlist cannot follow the one held: its packager began anew.
func (r *rendition) startsOver(m *m3u8.Media) bool {
	old := r.media
	if old == nil {
		return false
	}
	if old.EndList && !m.EndList || m.MediaSequence < old.MediaSequence-r.cut(old) || m.MediaSequence > old.LastMSN()+1 {
		return true
	}
	for msn := max(old.MediaSequence, m.MediaSequence); msn <= min(old.LastMSN(), m.LastMSN()); msn++ {
		if old.Segments[msn-old.MediaSequence].URI != m.Segments[msn-m.MediaSequence].URI {
			return true
		}
	}
	return false
}

// cut is how many segments the packager may still list before the first that is ours.
func (r *rendition) cut(old *m3u8.Media) int64 {
	if old.MediaSequence == r.first {
		return r.first
	}
	return 0
}

// takeLocked makes a playlist of the packager the current version. The error says what is
// wrong with it; then nothing has changed.
func (r *rendition) takeLocked(m *m3u8.Media, now time.Time) error {
	if err := r.fit(m); err != nil {
		return err
	}
	before := r.live.Version()
	if err := r.live.Update(m, now); err != nil {
		return err
	}
	v := r.live.Version()
	if v == before {
		return nil // nothing new
	}
	r.media = v.Media
	b := r.b
	if b.playableAt.IsZero() {
		b.playableAt = now
	}
	b.longest, b.target = max(b.longest, m.Duration()), max(b.target, m.TargetDuration)
	if r.journal < 0 {
		r.journal = m.MediaSequence
	}
	r.mark(now)
	clear(r.again)
	close(r.changed)
	r.changed = make(chan struct{})
	return nil
}

// fit makes what the packager wrote into what the origin says: segments that never arrived
// are left out at the head and are gaps further on (section 4.4.4.7), and the origin's own
// delivery directives are offered.
func (r *rendition) fit(m *m3u8.Media) error {
	first := r.first
	if first < 0 {
		n := 0
		for n < len(m.Segments) && !r.has(m.Segments[n].URI) {
			n++
		}
		if n == len(m.Segments) && len(m.Open.Parts) == 0 {
			return errNothing
		}
		first = m.MediaSequence + int64(n)
	}
	for m.MediaSequence < first && len(m.Segments) > 0 {
		if m.Segments[0].Discontinuity {
			m.DiscontinuitySequence++
		}
		m.MediaSequence, m.Segments = m.MediaSequence+1, m.Segments[1:]
	}
	for i := range m.Segments {
		s := &m.Segments[i]
		s.Gap = r.missing(s.URI, s.Gap)
		if r.media != nil && m.MediaSequence+int64(i) >= r.media.MediaSequence && m.MediaSequence+int64(i) <= r.media.LastMSN() {
			// What was told without its first parts, after a restart, stays so.
			old := r.media.Segments[m.MediaSequence+int64(i)-r.media.MediaSequence].Parts
			s.Parts = s.Parts[max(0, len(s.Parts)-len(old)):]
		}
		r.fitParts(s.Parts)
	}
	r.fitParts(m.Open.Parts)
	if r.media != nil {
		// The target duration that was told stays, unless a longer segment came.
		m.TargetDuration = max(m.TargetDuration, r.media.TargetDuration)
		m.Independent = r.media.Independent
	}
	if r.b.c.o.cfg.BlockReload || m.PartTarget > 0 {
		m.Control.CanBlockReload = true
		if m.Control.CanSkipUntil == 0 {
			m.Control.CanSkipUntil = 6 * m.TargetDuration
		}
	}
	if m.EndList {
		m.Hints, m.Open.Parts = nil, nil
	}
	r.first = first
	return nil
}

func (r *rendition) fitParts(parts []m3u8.Part) {
	for i := range parts {
		parts[i].Gap = r.missing(parts[i].URI, parts[i].Gap)
	}
}

// missing says whether a name was missing when it was listed first; that never changes.
func (r *rendition) missing(name string, said bool) bool {
	if f := r.files[name]; f != nil && f.listed {
		return false
	}
	if !said && !r.gone[name] && r.has(name) {
		return false
	}
	if !r.gone[name] && !said {
		r.b.c.o.meters.gaps.Inc()
	}
	r.gone[name] = true
	return true
}

// has says whether a file has arrived or is arriving.
func (r *rendition) has(name string) bool {
	if f := r.files[name]; f != nil {
		return f.blob.state() != blobBroken
	}
	return r.b.c.o.disk.has(r.b, r.name, name)
}

// mark brings the files up to date with the current version.
func (r *rendition) mark(now time.Time) {
	m := r.media
	span := make(map[string]time.Duration, len(r.files))
	parts := func(list []m3u8.Part) {
		for i := range list {
			span[list[i].URI] = 0
			if f := r.files[list[i].URI]; f != nil {
				f.part = true
			}
		}
	}
	for i := range m.Segments {
		s := &m.Segments[i]
		span[s.URI] = s.Duration
		if s.Map != nil {
			span[s.Map.URI] = 0
		}
		parts(s.Parts)
		r.measure(s)
	}
	if m.Open.Map != nil {
		span[m.Open.Map.URI] = 0
	}
	parts(m.Open.Parts)
	for name, f := range r.files {
		if _, ok := span[name]; ok {
			f.listed, f.until = true, time.Time{}
			continue
		}
		if !f.listed || !f.until.IsZero() {
			continue
		}
		// Section 6.2.2. A segment is no longer than the target duration.
		if f.until = now.Add(m.TargetDuration + r.b.longest); f.part {
			f.until = now.Add(3 * m.TargetDuration)
		}
	}
	for name := range r.gone {
		if _, ok := span[name]; !ok {
			delete(r.gone, name)
		}
	}
}

// measure keeps the peak bit rate.
func (r *rendition) measure(s *m3u8.Segment) {
	f := r.files[s.URI]
	if f == nil || f.listed || s.Duration <= 0 {
		return
	}
	size, state, _ := f.blob.look()
	if state == blobWhole {
		r.peak = max(r.peak, int64(float64(size*8)/s.Duration.Seconds()))
	}
}

// endLocked publishes ENDLIST, so that nobody waits for more.
func (r *rendition) endLocked(now time.Time) {
	if r.media == nil || r.media.EndList {
		return
	}
	close(r.arrived) // nothing more will arrive here
	r.arrived = make(chan struct{})
	m := *r.media
	m.EndList, m.Hints, m.Open = true, nil, m3u8.Segment{}
	if err := r.live.Update(&m, now); err != nil {
		r.b.c.o.log.Error("BUG: cannot end a playlist", "channel", r.b.c.name, "rendition", r.name, "err", err)
		return
	}
	r.media = r.live.Version().Media
	close(r.changed)
	r.changed = make(chan struct{})
}

// putLocked adds a file, and tells who waits for one.
func (r *rendition) putLocked(name string, f *file) {
	r.files[name] = f
	close(r.arrived)
	r.arrived = make(chan struct{})
}

// hintedLocked says whether the current version announces a name.
func (r *rendition) hintedLocked(name string) bool {
	if r.media == nil {
		return false
	}
	for _, h := range r.media.Hints {
		if h.URI == name {
			return true
		}
	}
	return false
}

// pendingLocked counts the files that no playlist lists yet.
func (r *rendition) pendingLocked() int {
	n := 0
	for _, f := range r.files {
		if !f.listed {
			n++
		}
	}
	return n
}
