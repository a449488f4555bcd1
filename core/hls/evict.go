package hls

import (
	"slices"
	"sync"
	"time"
)

// pool is memory for segments and who gives way in it. The live window's gives up, when it is
// full, the oldest segment of the rendition that is wanted least. The other pool, of video on
// demand and of what no playlist lists, is a queue in which what was asked for meanwhile
// gets a second round. Neither takes from the other.
type pool struct {
	arena *arena
	queue struct {
		sync.Mutex
		first, last *segment
	}
}

// grow gets o more room, up to want bytes, by evicting others if need be.
func (pl *pool) grow(o *Object, want int64) bool {
	n := o.line.node
	for !o.grow(want) {
		if pl == &n.live && !n.evictLive() || pl == &n.vod && !n.evictVOD() {
			n.meters.refusedMemory.Inc()
			return false
		}
	}
	return true
}

// enter is called once s is whole, with the lock of its playlist.
func (pl *pool) enter(s *segment) {
	if pl != &s.of.node.vod {
		return
	}
	pl.queue.Lock()
	defer pl.queue.Unlock()
	pl.push(s)
}

// push appends s to the queue. The caller holds the queue's lock.
func (pl *pool) push(s *segment) {
	s.pooled = nil
	if pl.queue.last == nil {
		pl.queue.first = s
	} else {
		pl.queue.last.pooled = s
	}
	pl.queue.last = s
}

func (pl *pool) pop() *segment {
	pl.queue.Lock()
	defer pl.queue.Unlock()
	s := pl.queue.first
	if s == nil {
		return nil
	}
	if pl.queue.first = s.pooled; pl.queue.first == nil {
		pl.queue.last = nil
	}
	s.pooled = nil
	return s
}

// evictLive evicts one segment of the live window. It reports false when none can be: those
// that come in, and those that readers hold, would free nothing.
func (n *Node) evictLive() bool {
	var all []*playlist
	n.playlists.each(func(p *playlist) { all = append(all, p) })
	slices.SortFunc(all, func(a, b *playlist) int { return int(int64(a.wanted.Load()) - int64(b.wanted.Load())) })
	for _, p := range all {
		if p.evictOldest() {
			n.meters.evictedBytes.Inc()
			return true
		}
	}
	return false
}

func (p *playlist) evictOldest() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	for s := p.mu.first; s != nil; s = s.next {
		if s.plan.pool == &p.node.live && !s.filling && !s.object.pinned() {
			p.forget(s)
			return true
		}
	}
	return false
}

// evictVOD evicts one segment of the other pool.
func (n *Node) evictVOD() bool {
	for range 1 << 16 { // two rounds and more of what the pool can hold in segments of some size
		s := n.vod.pop()
		if s == nil {
			return false
		}
		if evicted, again := s.leaveVOD(); evicted {
			n.meters.evictedVOD.Inc()
			return true
		} else if again {
			n.vod.queue.Lock()
			n.vod.push(s)
			n.vod.queue.Unlock()
		}
	}
	return false
}

// leaveVOD evicts s, or says that it stays for another round.
func (s *segment) leaveVOD() (evicted, again bool) {
	p := s.of
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.mu.segments[s.name] != s || s.object == nil || s.filling {
		return false, false // it went some other way
	}
	if s.used || s.object.pinned() {
		s.used = false
		return false, true
	}
	p.forget(s)
	return true, false
}

// sweep ends what is past its time: segments, verdicts and playlists.
func (n *Node) sweep(turn int) {
	now := n.cfg.Now()
	n.playlists.each(func(p *playlist) {
		if turn%10 == 0 {
			p.wanted.Store(p.wanted.Load() / 2)
		}
		p.sweep(now)
		if p.idle(now, n.cfg.IdleAfter) && p.drop(false) {
			n.playlists.remove(p)
		}
	})
	if turn%10 == 0 {
		n.live.arena.trim()
		n.vod.arena.trim()
	}
}

// sweep forgets segments that need not be kept, and verdicts. While the playlist is refreshed
// each version sees to what it does not list any more; else the times count that the last
// one gave.
func (p *playlist) sweep(now time.Time) {
	p.mu.Lock()
	defer p.mu.Unlock()
	asleep := !p.mu.polls && p.idle(now, p.node.cfg.IdleAfter)
	for _, s := range p.mu.segments {
		switch {
		case s.filling:
		case s.object == nil:
			if !now.Before(s.verdict.until) {
				p.forget(s)
			}
		case s.plan.pool == &p.node.vod:
		case asleep && now.After(s.keep):
			p.forget(s)
			p.node.meters.evictedDeadline.Inc()
		}
	}
}
