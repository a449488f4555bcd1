package hls

import (
	"slices"
	"strings"
	"time"

	"uproar/proto/m3u8"
)

// Item is one file that a playlist lists, listed of late, or announces.
type Item struct {
	Kind     ItemKind
	Listed   bool // by the current Version
	Gap      bool // it is listed, and is known to be missing: it is not to be asked for
	MSN      int64
	Part     int // of an ItemPart, counted from the first that was seen; else 0
	ListedAt time.Time
	// Keep is until when viewers must be able to load it (section 6.2.2). Zero: as long as
	// it is listed, which has no planned end. It moves, but never back.
	Keep time.Time
}

// ItemKind is what an Item is to the playlist.
type ItemKind uint8

const (
	ItemSegment ItemKind = iota
	ItemPart
	ItemMap  // initialisation section
	ItemHint // announced by EXT-X-PRELOAD-HINT alone: its request is held (section 6.2.6)
)

type item struct {
	Item
	duration time.Duration
	seen     *m3u8.Media // the last version that lists it
}

// Find says what a name is to this playlist. It is false for a name that was never listed,
// for one that need not be kept any more, and for a hint that was withdrawn: for them
// the answer is 404 (section 6.2.6).
func (l *Live) Find(name string, now time.Time) (Item, bool) {
	it, ok := l.items[name]
	if !ok || !it.Listed && !now.Before(it.Keep) {
		return Item{}, false
	}
	return it.Item, true
}

// itemsMax bounds the items of one playlist: more than one version of it can list. Beyond it,
// what the current version does not list is forgotten before its time.
const itemsMax = 1 << 18

// list brings the items up to date, and forgets those that need not be kept.
func (l *Live) list(m *m3u8.Media, now time.Time) {
	if l.items == nil {
		l.items = make(map[string]*item)
	}
	msn := m.MediaSequence
	for i := range m.Segments {
		s := &m.Segments[i]
		if s.Map != nil {
			l.see(s.Map.URI, Item{Kind: ItemMap, MSN: msn}, s.Duration, m, now)
		}
		l.seeParts(s.Parts, msn, m, now)
		l.see(s.URI, Item{Kind: ItemSegment, MSN: msn, Gap: s.Gap}, s.Duration, m, now)
		msn++
	}
	if m.Open.Map != nil {
		l.see(m.Open.Map.URI, Item{Kind: ItemMap, MSN: msn}, m.TargetDuration, m, now)
	}
	l.seeParts(m.Open.Parts, msn, m, now)
	for _, h := range m.Hints {
		if it := l.items[h.URI]; it == nil || it.seen != m {
			l.see(h.URI, Item{Kind: ItemHint, MSN: msn}, 0, m, now)
		}
	}
	full := len(l.items) > itemsMax
	for name, it := range l.items {
		if it.seen != m {
			l.unlist(it, m, now)
		}
		if !it.Listed && (full || !now.Before(it.Keep)) {
			delete(l.items, name)
		}
	}
}

func (l *Live) seeParts(parts []m3u8.Part, msn int64, m *m3u8.Media, now time.Time) {
	for i := range parts {
		p := &parts[i]
		l.see(p.URI, Item{Kind: ItemPart, MSN: msn, Part: i, Gap: p.Gap}, p.Duration, m, now)
	}
}

func (l *Live) see(name string, as Item, duration time.Duration, m *m3u8.Media, now time.Time) {
	it := l.items[name]
	switch {
	case it == nil:
		it = &item{Item: as}
		it.ListedAt = now
		l.items[name] = it
	case it.Kind == ItemHint && as.Kind != ItemHint, it.Kind == ItemPart && as.Kind == ItemSegment:
		as.ListedAt, as.Keep = it.ListedAt, it.Keep
		if it.Kind == ItemHint {
			as.ListedAt = now
		}
		it.Item = as
	}
	it.Listed, it.seen = true, m
	it.duration = max(it.duration, duration)
	switch {
	case as.Kind == ItemHint || m.EndList:
		it.Keep = time.Time{}
	case as.Kind == ItemPart:
		it.keep(now.Add(2 * holdTargets * m.TargetDuration))
	case as.Kind == ItemMap:
		it.keep(now.Add(it.duration + l.longest))
	default:
		it.keep(it.ListedAt.Add(it.duration + l.longest))
	}
}

// unlist is for what the current version does not list any more (section 6.2.2).
func (l *Live) unlist(it *item, m *m3u8.Media, now time.Time) {
	if !it.Listed {
		return
	}
	it.Listed = false
	switch {
	case it.Kind == ItemHint:
		it.Keep = time.Time{} // withdrawn: not found
	case it.Kind == ItemPart:
		it.keep(now.Add(holdTargets * m.TargetDuration))
	case m.EndList || it.Kind == ItemMap:
		it.keep(now.Add(it.duration + l.longest))
	}
}

func (it *item) keep(until time.Time) {
	if until.After(it.Keep) {
		it.Keep = until
	}
}

// rangeLog knows when date ranges were added and removed, for section 6.2.5.1.
type rangeLog struct {
	added   map[string]time.Time // the ids that are listed
	removed []removedRange       // in order of time
}

type removedRange struct {
	id string
	at time.Time
}

// removedMax bounds what a log remembers of removed date ranges; the oldest are forgotten.
const removedMax = 512

func (l *rangeLog) update(m *m3u8.Media, now time.Time) {
	if len(l.added) == 0 && len(m.DateRanges) == 0 {
		return
	}
	listed := make(map[string]time.Time, len(m.DateRanges))
	for _, r := range m.DateRanges {
		at, ok := l.added[r.ID]
		if !ok {
			at = now
		}
		listed[r.ID] = at
	}
	gone := len(l.removed)
	for id := range l.added {
		if _, ok := listed[id]; !ok {
			l.removed = append(l.removed, removedRange{id, now})
		}
	}
	slices.SortFunc(l.removed[gone:], func(a, b removedRange) int { return strings.Compare(a.id, b.id) })
	if over := len(l.removed) - removedMax; over > 0 {
		l.removed = slices.Delete(l.removed, 0, over)
	}
	l.added = listed
}

// recent are the date ranges that were added, and the ids of those that were removed, within
// the Skip Boundary.
func (l *rangeLog) recent(m *m3u8.Media, now time.Time) (kept []m3u8.DateRange, removed []string) {
	since := now.Add(-m.Control.CanSkipUntil)
	for _, r := range m.DateRanges {
		if !l.added[r.ID].Before(since) {
			kept = append(kept, r)
		}
	}
	for _, r := range l.removed {
		if !r.at.Before(since) {
			removed = append(removed, r.id)
		}
	}
	return kept, removed
}
