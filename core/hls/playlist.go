package hls

import (
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

// playlist is the state of one playlist and, of a media playlist, of the segments below it.
// While somebody asks for it one goroutine refreshes it (poll.go).
type playlist struct {
	node *Node
	feed feed
	path Path // of the playlist itself

	now    atomic.Pointer[edition] // nil: none came yet
	known  atomic.Bool             // something came of it, or of a segment below it
	asked  atomic.Int64            // when anything here was asked for last, ns since 1970
	wanted atomic.Uint32           // requests of late: halved now and then

	// listing is locked apart: an Update may take a while, and hits need not wait for it.
	listing struct {
		sync.Mutex
		live *Live
	}

	mu struct {
		sync.Mutex
		gone     bool // out of the table: look it up again
		polls    bool // its goroutine runs
		settled  bool // and has had an answer, or none, since it began
		verdict  verdict
		lines    []*reloadLine
		holdEnds *time.Timer

		segments      map[string]*segment
		first, last   *segment // with an Object, in order of their fills
		fills, strays int      // under way
		failed        []string // segments with a verdict, the oldest first
	}
}

// edition is a Version as it stands in the cache.
type edition struct {
	*Version
	target      time.Duration // target duration; of a multivariant playlist, masterTTL's double
	checked     time.Time     // when the Source last said that this is the current one, less its Age
	own, reload string        // Cache-Control: of a plain request, and of a blocking reload
}

// reloadLine is who waits for one media sequence number and part, or with NoReload for
// anything at all.
type reloadLine struct {
	msn, part int64
	line      line
}

const (
	// targetUnknown stands for the target duration while no playlist has told it.
	targetUnknown = 2 * time.Second

	// masterTTL is for how long a multivariant playlist is fresh, and masterStale for how
	// long after that it is answered while it is fetched again.
	masterTTL   = time.Second
	masterStale = 10 * time.Second

	// reloadLinesMax bounds the different blocking reloads that wait for one playlist:
	// those that Decide lets wait are within two segments and the parts of one.
	reloadLinesMax = 64
)

func newPlaylist(n *Node, f feed) *playlist {
	// The strings may be parts of what a viewer sent.
	f = feed{strings.Clone(f.channel), strings.Clone(f.broadcast), strings.Clone(f.rendition)}
	p := &playlist{node: n, feed: f}
	p.path = Path{Kind: KindMaster, Channel: f.channel, Broadcast: f.broadcast, Rendition: f.rendition, Name: Playlist}
	if f.rendition != "" {
		p.path.Kind = KindMedia
	}
	p.mu.segments = make(map[string]*segment)
	p.listing.live = new(Live)
	return p
}

// lookUp finds or makes the playlist of a path, and counts the request.
func (n *Node) lookUp(path *Path, now time.Time) *playlist {
	p := n.playlists.get(feedOf(path))
	if p == nil {
		p = n.playlists.add(path)
	}
	p.wanted.Add(1)
	if at := now.UnixNano(); at-p.asked.Load() > int64(100*time.Millisecond) {
		p.asked.Store(at) // not at every request: it is one cache line for all loops
	}
	return p
}

// idle reports whether nobody has asked for d.
func (p *playlist) idle(now time.Time, d time.Duration) bool {
	return now.UnixNano()-p.asked.Load() > int64(d)
}

// target is the target duration.
func (p *playlist) target() time.Duration {
	if e := p.now.Load(); e != nil {
		return e.target
	}
	return targetUnknown
}

// playlist answers a request for a playlist.
func (n *Node) playlist(q *Request, w *Waiter, now time.Time) Answer {
	for {
		p := n.lookUp(&q.Path, now)
		// Fast path: there is a version, and it says what is asked for.
		if e := p.now.Load(); e != nil && e.fresh(now) {
			if a := p.answer(e, q, w, now); !a.Wait {
				return a
			}
		}
		// Slow path.
		p.mu.Lock()
		if p.mu.gone {
			p.mu.Unlock()
			continue
		}
		a := p.slow(q, w, now)
		p.mu.Unlock()
		return a
	}
}

// fresh reports whether the edition may be answered without a look at its goroutine.
func (e *edition) fresh(now time.Time) bool {
	age := now.Sub(e.checked)
	switch {
	case e.Media == nil:
		return age < masterTTL
	case e.Media.EndList:
		return age < 6*e.target
	default:
		return age < 3*e.target/2 // by then the next segment must be there: section 6.2.1
	}
}

// tolerable reports whether it may be answered while it is asked for anew
// (stale-while-revalidate, RFC 5861).
func (e *edition) tolerable(now time.Time) bool {
	return e.Media == nil && now.Sub(e.checked) < masterTTL+masterStale || e.Media != nil && e.Media.EndList
}

// slow answers when the fast path could not. The caller holds the lock.
func (p *playlist) slow(q *Request, w *Waiter, now time.Time) Answer {
	e := p.now.Load()
	if e == nil && p.mu.verdict.status != 0 && now.Before(p.mu.verdict.until) {
		p.node.meters.negative.Inc()
		return p.mu.verdict.answer(w, now)
	}
	if e != nil && (e.fresh(now) || e.tolerable(now)) {
		p.start(q.Hops) // it may have slept
		a := p.answer(e, q, w, now)
		if a.Wait && !p.join(q.Reload, e, w, now) {
			return busy()
		}
		return a
	}
	failed := now.Before(p.mu.verdict.until)
	if e != nil && (failed || p.mu.polls && p.mu.settled) {
		// stale-if-error, RFC 5861: it was tried, and will be again.
		if failed && now.Sub(e.checked) >= p.node.cfg.StaleMax {
			p.node.meters.negative.Inc()
			return p.mu.verdict.answer(w, now)
		}
		a := p.answer(e, q, w, now)
		if a.Wait && !p.join(q.Reload, e, w, now) {
			return busy()
		}
		return a
	}
	if !p.mu.polls {
		w.led = true
	}
	w.waits(now)
	if !p.start(q.Hops) || !p.join(NoReload, nil, w, now) {
		w.led = false
		return busy()
	}
	return Answer{Wait: true}
}

// answer is what the edition says to a request, by the rules of section 6.2.5.
func (p *playlist) answer(e *edition, q *Request, w *Waiter, now time.Time) Answer {
	text, control := &e.Full, e.own
	if e.Media != nil {
		since := w.since
		if since.IsZero() {
			since = now
		}
		d := e.Decide(q.Reload, since, now)
		switch d.Verdict {
		case VerdictWait:
			w.waits(now)
			return Answer{Wait: true}
		case VerdictBad:
			p.node.meters.bad.Inc()
			return failure(400, 0)
		case VerdictUnavailable:
			p.node.meters.heldTooLong.Inc()
			return failure(503, 0)
		}
		text = d.Text
		if q.Reload.MSN >= 0 {
			control = e.reload
		}
	}
	a := Answer{
		Status: 200, ContentType: "application/vnd.apple.mpegurl", Varies: true, CacheControl: control,
		ETag: text.ETag, Bytes: text.Bytes, LastModified: e.At, Age: max(now.Sub(e.checked), 0), CacheStatus: cacheStatus(w),
	}
	if q.Gzip {
		a.Bytes, a.ETag, a.Gzip = text.Gzip, text.ETagGzip, true
	}
	if e.fresh(now) {
		p.node.meters.hit(w)
	} else {
		a.CacheStatus = statusStale
		p.node.meters.stale.Inc()
	}
	return a
}

// join queues w for what r waits for. The caller holds the lock; e is what it has decided by.
func (p *playlist) join(r Reload, e *edition, w *Waiter, now time.Time) bool {
	var to *reloadLine
	for _, l := range p.mu.lines {
		if l.msn == r.MSN && l.part == r.Part {
			to = l
		}
	}
	if to == nil {
		if len(p.mu.lines) >= reloadLinesMax {
			p.node.meters.refusedWaiters.Inc()
			return false
		}
		to = &reloadLine{msn: r.MSN, part: r.Part}
		to.line.node = p.node
		p.mu.lines = append(p.mu.lines, to)
	}
	if !to.line.join(w) {
		return false
	}
	if e != nil && p.mu.holdEnds == nil {
		p.mu.holdEnds = time.AfterFunc(w.since.Add(holdTargets*e.target).Sub(now), p.holdOver)
	}
	return true
}

// holdOver wakes those who have been held for as long as the specification lets them be
// (section 6.2.5.2): asking again they hear 503.
func (p *playlist) holdOver() {
	now := p.node.cfg.Now()
	hold := holdTargets * p.target()
	p.mu.Lock()
	p.mu.holdEnds = nil
	lines := slices.Clone(p.mu.lines)
	p.mu.Unlock()
	var oldest time.Time
	for _, l := range lines {
		if at := l.line.wakeSince(now.Add(-hold)); !at.IsZero() && (oldest.IsZero() || at.Before(oldest)) {
			oldest = at
		}
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if !oldest.IsZero() && p.mu.holdEnds == nil {
		p.mu.holdEnds = time.AfterFunc(max(oldest.Add(hold).Sub(now), time.Millisecond), p.holdOver)
	}
}

// settle follows an attempt to refresh, the last one if ends is set: it wakes whoever has
// something to hear now.
func (p *playlist) settle(ends bool) {
	e := p.now.Load()
	p.mu.Lock()
	p.mu.settled, p.mu.polls = true, !ends
	var wake []*reloadLine
	kept := p.mu.lines[:0]
	for _, l := range p.mu.lines {
		if !ends && e != nil && e.Media != nil && l.msn >= 0 && l.line.n.Load() > 0 {
			at := e.checked
			if d := e.Decide(Reload{MSN: l.msn, Part: l.part}, at, at); d.Verdict == VerdictWait {
				kept = append(kept, l)
				continue
			}
		}
		wake = append(wake, l)
	}
	clear(p.mu.lines[len(kept):])
	p.mu.lines = kept
	p.mu.Unlock()
	for _, l := range wake {
		l.line.wake()
	}
}

// wakeAll wakes all who wait here, for the playlist or a segment.
func (p *playlist) wakeAll() {
	p.mu.Lock()
	var lines []*line
	for _, l := range p.mu.lines {
		lines = append(lines, &l.line)
	}
	for _, s := range p.mu.segments {
		lines = append(lines, &s.line)
	}
	p.mu.Unlock()
	for _, l := range lines {
		l.wake()
	}
}

// droppable reports whether nothing here is under way.
func (p *playlist) droppable() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return !p.mu.polls && p.mu.fills == 0 && p.mu.strays == 0
}

// drop empties p and says that it is gone, unless something is under way. The caller takes
// it out of the table then. Without force, only what holds nothing goes.
func (p *playlist) drop(force bool) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.mu.gone || p.mu.polls || p.mu.fills > 0 || p.mu.strays > 0 || !force && len(p.mu.segments) > 0 {
		return false
	}
	p.mu.gone = true
	for _, s := range p.mu.segments {
		p.forget(s)
	}
	p.mu.failed = nil
	return true
}
