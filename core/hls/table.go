package hls

import (
	"hash/maphash"
	"sync"
	"sync/atomic"
)

// table holds the playlists of a Node, media and multivariant, with all that hangs on them.
//
// Those that are only asked for, of which nothing has come yet or a refusal, stand in a queue
// of UnknownMax besides: whatever names viewers think of, they push out each other.
type table struct {
	node    *Node
	seed    maphash.Seed
	stripes [tableStripes]struct {
		sync.RWMutex
		m map[feed]*playlist
	}
	known atomic.Int64

	unknown struct {
		sync.Mutex
		queue []*playlist // the oldest first
	}
}

const tableStripes = 64

// feed is the key of a playlist.
type feed struct{ channel, broadcast, rendition string }

func feedOf(p *Path) feed { return feed{p.Channel, p.Broadcast, p.Rendition} }

func (t *table) init(n *Node) {
	t.node, t.seed = n, maphash.MakeSeed()
	for i := range t.stripes {
		t.stripes[i].m = make(map[feed]*playlist)
	}
}

func (t *table) stripe(f *feed) int {
	h := maphash.String(t.seed, f.channel)*31 + maphash.String(t.seed, f.rendition)
	return int(h % tableStripes)
}

// get finds a playlist, or returns nil.
func (t *table) get(f feed) *playlist {
	s := &t.stripes[t.stripe(&f)]
	s.RLock()
	defer s.RUnlock()
	return s.m[f]
}

// add finds a playlist or makes one.
func (t *table) add(path *Path) *playlist {
	f := feedOf(path)
	s := &t.stripes[t.stripe(&f)]
	s.Lock()
	p := s.m[f]
	if p != nil {
		s.Unlock()
		return p
	}
	p = newPlaylist(t.node, f)
	s.m[p.feed] = p
	s.Unlock()
	t.queue(p)
	return p
}

// queue bounds the unknown ones. What is being asked for right now stays: StraysMax bounds it.
func (t *table) queue(p *playlist) {
	u := &t.unknown
	u.Lock()
	u.queue = append(u.queue, p)
	var gone []*playlist
	for range len(u.queue) {
		if len(u.queue) <= t.node.cfg.UnknownMax {
			break
		}
		oldest := u.queue[0]
		u.queue[0] = nil
		u.queue = u.queue[1:]
		switch {
		case oldest.known.Load():
		case oldest.drop(true):
			gone = append(gone, oldest)
		default:
			u.queue = append(u.queue, oldest)
		}
	}
	u.Unlock()
	for _, p := range gone {
		t.node.meters.forgotPlaylists.Inc()
		t.remove(p)
	}
}

// know is called when something has come of p. It reports false if there is no room for it.
func (t *table) know(p *playlist) bool {
	if !p.known.CompareAndSwap(false, true) {
		return true
	}
	if t.known.Add(1) <= int64(t.node.cfg.PlaylistsMax) {
		return true
	}
	var idle *playlist
	t.each(func(q *playlist) {
		if q != p && q.known.Load() && q.droppable() && (idle == nil || q.asked.Load() < idle.asked.Load()) {
			idle = q
		}
	})
	if idle != nil && idle.drop(true) {
		t.node.meters.forgotPlaylists.Inc()
		t.remove(idle)
		return true
	}
	p.known.Store(false)
	t.known.Add(-1)
	t.node.meters.refusedPlaylists.Inc()
	return false
}

// remove takes out what drop has emptied.
func (t *table) remove(p *playlist) {
	s := &t.stripes[t.stripe(&p.feed)]
	s.Lock()
	if s.m[p.feed] == p {
		delete(s.m, p.feed)
	}
	s.Unlock()
	if p.known.CompareAndSwap(true, false) {
		t.known.Add(-1)
	}
}

// each calls f for every playlist, with no lock held.
func (t *table) each(f func(*playlist)) {
	var some []*playlist
	for i := range t.stripes {
		s := &t.stripes[i]
		s.RLock()
		some = some[:0]
		for _, p := range s.m {
			some = append(some, p)
		}
		s.RUnlock()
		for _, p := range some {
			f(p)
		}
	}
}

// size is how many playlists there are.
func (t *table) size() int {
	n := 0
	for i := range t.stripes {
		s := &t.stripes[i]
		s.RLock()
		n += len(s.m)
		s.RUnlock()
	}
	return n
}
