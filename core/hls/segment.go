package hls

import (
	"strconv"
	"strings"
	"time"
)

// segment is one name below a media playlist: bytes, a fetch under way, or a failure. The
// lock of its playlist guards it.
type segment struct {
	of   *playlist
	name string
	line line // who waits for an answer

	filling bool
	object  *Object // one reference; nil: nothing yet, or a failure
	ready   bool    // object may be given out
	verdict verdict

	plan       plan
	keep       time.Time // until when viewers must be able to load it; zero: not known
	next, prev *segment  // of those with an object
	pooled     *segment  // the next in the queue of the VOD pool
	used       bool      // asked for since it was last looked at there
}

// plan is how a segment is fetched and kept, by what the playlist said of it then.
type plan struct {
	pool    *pool
	stray   bool   // no playlist here lists it
	whole   bool   // goes out only when it is whole
	hint    bool   // the Source may hold the answer
	control string // Cache-Control
}

// Cache-Control of segments: 6 target durations are what appendix B.1 has for what was
// asked for before it was there; the URI of what is not live any more never changes.
func segmentControl(p plan, target time.Duration, live bool) string {
	if live {
		return maxAge(6*target) + ", immutable"
	}
	if p.stray {
		return maxAge(6 * target)
	}
	return "public, max-age=1209600, immutable"
}

// maxAge is a Cache-Control of whole seconds, one at least.
func maxAge(d time.Duration) string {
	return "public, max-age=" + strconv.FormatInt(int64(max(d, time.Second)/time.Second), 10)
}

// segment answers a request for a segment.
func (n *Node) segment(q *Request, w *Waiter, now time.Time) Answer {
	for {
		p := n.lookUp(&Path{Kind: KindMedia, Channel: q.Path.Channel, Broadcast: q.Path.Broadcast, Rendition: q.Path.Rendition}, now)
		p.mu.Lock()
		a, found := p.find(q.Path.Name, w, now)
		p.mu.Unlock()
		if found {
			return a
		}
		// Slow path.
		p.listing.Lock()
		item, listed := p.listing.live.Find(q.Path.Name, now)
		p.listing.Unlock()
		if listed && item.Gap {
			n.meters.negative.Inc()
			return Answer{Status: 404, CacheControl: maxAge(p.target()), CacheStatus: statusVerdict}
		}
		p.mu.Lock()
		if p.mu.gone {
			p.mu.Unlock()
			continue
		}
		a, found = p.find(q.Path.Name, w, now)
		if !found {
			a = p.miss(q, item, listed, w, now)
		}
		p.mu.Unlock()
		return a
	}
}

// find answers from what is here, if it can. The caller holds the lock.
func (p *playlist) find(name string, w *Waiter, now time.Time) (Answer, bool) {
	s := p.mu.segments[name]
	switch {
	case s == nil:
		return Answer{}, false
	case s.ready:
		if w.since.IsZero() { // who waited for it does not make it wanted again
			s.used = true
		}
		o := s.object
		o.retain()
		a := Answer{
			Status: 200, ContentType: o.contentType, CacheControl: s.plan.control, ETag: o.etag, LastModified: o.lastModified,
			Expires: s.keep, Age: max(now.Sub(o.born), 0), CacheStatus: cacheStatus(w), Object: o,
		}
		p.node.meters.hit(w)
		return a, true
	case s.filling:
		if !s.line.join(w) {
			return busy(), true
		}
		return Answer{Wait: true}, true
	case s.verdict.status != 0 && now.Before(s.verdict.until):
		p.node.meters.negative.Inc()
		return s.verdict.answer(w, now), true
	default:
		return Answer{}, false
	}
}

// miss has a segment fetched and queues w for it. The caller holds the lock.
func (p *playlist) miss(q *Request, item Item, listed bool, w *Waiter, now time.Time) Answer {
	how := p.planOf(item, listed)
	if !p.admit(how.stray) {
		return busy()
	}
	name := strings.Clone(q.Path.Name)
	s := p.mu.segments[name]
	if s == nil {
		s = &segment{of: p, name: name}
		s.line.node = p.node
		p.mu.segments[name] = s
	}
	s.filling, s.plan, s.keep, s.verdict = true, how, item.Keep, verdict{listed: listed}
	w.waits(now)
	w.led = true
	if !s.line.join(w) || !p.fill(s, q.Hops) {
		w.leave()
		s.filling = false
		delete(p.mu.segments, name)
		p.admitted(how.stray, -1)
		return busy()
	}
	return Answer{Wait: true}
}

// planOf decides how a segment is fetched. What no live playlist lists has no claim to the
// memory of the live window; and as nobody knows here whether it is a part, it goes out as
// parts do.
func (p *playlist) planOf(item Item, listed bool) plan {
	e := p.now.Load()
	live := listed && e != nil && !e.Media.EndList
	how := plan{
		pool: &p.node.vod, stray: !listed, hint: listed && item.Kind == ItemHint,
		whole: !listed || item.Kind == ItemPart || item.Kind == ItemHint, // section 6.2.6
	}
	if live {
		how.pool = &p.node.live
	}
	how.control = segmentControl(how, p.target(), live)
	return how
}

// admit counts a fetch, if there is room for one more. The caller holds the lock.
func (p *playlist) admit(stray bool) bool {
	n := p.node
	if stray && (p.mu.strays >= n.cfg.RenditionStrays || n.strays.Load() >= int64(n.cfg.StraysMax)) {
		n.meters.refusedStrays.Inc()
		return false
	}
	if !stray && (p.mu.fills >= n.cfg.RenditionFillsMax || n.fills.Load() >= int64(n.cfg.FillsMax)) {
		n.meters.refusedFills.Inc()
		return false
	}
	p.admitted(stray, 1)
	return true
}

func (p *playlist) admitted(stray bool, by int) {
	if stray {
		p.mu.strays += by
		p.node.strays.Add(int64(by))
	} else {
		p.mu.fills += by
		p.node.fills.Add(int64(by))
	}
}

// fail remembers a failure for its time: one target duration (appendix B.1). The caller
// holds the lock.
func (p *playlist) fail(s *segment, status int, now time.Time) {
	s.verdict.status, s.verdict.until = status, now.Add(p.target())
	p.mu.failed = append(p.mu.failed, s.name)
	for len(p.mu.failed) > p.node.cfg.VerdictsMax {
		oldest := p.mu.segments[p.mu.failed[0]]
		p.mu.failed = p.mu.failed[1:]
		if oldest != nil && oldest != s && oldest.object == nil && !oldest.filling {
			p.forget(oldest)
			p.node.meters.forgotVerdicts.Inc()
		}
	}
}

// keepObject puts s, which has an object now, last among those that do. The caller holds
// the lock.
func (p *playlist) keepObject(s *segment) {
	s.prev, s.next = p.mu.last, nil
	if p.mu.last == nil {
		p.mu.first = s
	} else {
		p.mu.last.next = s
	}
	p.mu.last = s
}

// dropObject gives the cache's reference back. The caller holds the lock.
func (p *playlist) dropObject(s *segment) {
	if s.object == nil {
		return
	}
	if s.prev == nil {
		p.mu.first = s.next
	} else {
		s.prev.next = s.next
	}
	if s.next == nil {
		p.mu.last = s.prev
	} else {
		s.next.prev = s.prev
	}
	s.prev, s.next = nil, nil
	s.object.Release()
	s.object, s.ready = nil, false
}

// forget takes s out. The caller holds the lock.
func (p *playlist) forget(s *segment) {
	p.dropObject(s)
	delete(p.mu.segments, s.name)
}

// relist brings the segments into line with a new version: until when they are kept, and
// that what failed before it was listed may be asked for again.
func (p *playlist) relist(now time.Time) {
	type found struct {
		s      *segment
		item   Item
		listed bool
	}
	var all []found
	p.mu.Lock()
	for _, s := range p.mu.segments {
		all = append(all, found{s: s})
	}
	p.mu.Unlock()
	p.listing.Lock()
	for i := range all {
		all[i].item, all[i].listed = p.listing.live.Find(all[i].s.name, now)
	}
	p.listing.Unlock()
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, f := range all {
		s := f.s
		if p.mu.segments[s.name] != s || s.filling {
			continue
		}
		s.keep = f.item.Keep
		switch {
		case s.object == nil && f.listed && f.item.Listed && f.item.Kind != ItemHint && !s.verdict.listed:
			p.forget(s)
		case s.object != nil && !f.listed && s.plan.pool == &p.node.live:
			p.forget(s)
			p.node.meters.evictedDeadline.Inc()
		}
	}
}
