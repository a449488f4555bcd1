package store

import (
	"hash/maphash"
	"sync"
	"time"

	"uproar/core/recall"
)

// entriesMax bounds what is remembered for limits, in each of three tables: buckets of
// accounts, last lines of members, texts of rooms with unique chat. Each forgets those
// silent longest first, who then start with full buckets and as if they had not spoken:
// a flood of accounts weakens the limits of others, it never silences them.
const entriesMax = 1 << 20

// limits is what accounts have spent, and what was said lately. It lives in memory
// alone. Ticks are nanoseconds of the monotonic clock.
type limits struct {
	seed    maphash.Seed
	meters  *meters
	stripes [stripeCount]limitStripe
}

// limitStripe guards three tables that have nothing to do with each other but the lock.
type limitStripe struct {
	mu struct {
		sync.Mutex
		windows *recall.Table[window]   // by account and name of the limit
		lines   *recall.Table[lastLine] // by room and account
		texts   *recall.Table[int64]    // by room and text: when
	}
}

// window is a number of lines since a tick.
type window struct {
	since int64
	lines int32
}

type lastLine struct {
	at   int64
	text uint64
}

// newLimits bounds each table to most entries.
func newLimits(m *meters, most int) *limits {
	l := &limits{seed: maphash.MakeSeed(), meters: m}
	for i := range l.stripes {
		mu := &l.stripes[i].mu
		mu.windows = recall.New[window](most/stripeCount, int64(time.Minute))
		mu.lines = recall.New[lastLine](most/stripeCount, int64(SpokenFor))
		mu.texts = recall.New[int64](most/stripeCount, int64(SpokenFor))
	}
	return l
}

// note remembers a line that was accepted, unless a later one is known.
func (l *limits) note(sp *Spoken, now int64) {
	room, at := l.hash(sp.Room), now-int64(max(0, sp.Ago))
	key := mix(room, l.hash(sp.Login))
	s := l.stripe(key)
	s.mu.Lock()
	if last, ok := s.mu.lines.Get(key); !ok || last.at <= at {
		l.meters.forgotLines.Add(s.mu.lines.Put(key, lastLine{at, sp.Text}, now))
	}
	s.mu.Unlock()
	if !sp.Unique {
		return
	}
	key = mix(room, sp.Text)
	s = l.stripe(key)
	s.mu.Lock()
	if last, ok := s.mu.texts.Get(key); !ok || last <= at {
		l.meters.forgotTexts.Add(s.mu.texts.Put(key, at, now))
	}
	s.mu.Unlock()
}

// draw fills in the results of d.
func (l *limits) draw(d *Draw, now int64) {
	room, login := l.hash(d.Room), l.hash(d.Login)
	d.Left = l.take(login, d.Limits, now)
	d.Since, d.Same, d.Seen, d.Err = -1, false, false, nil

	key := mix(room, login)
	s := l.stripe(key)
	s.mu.Lock()
	last, ok := s.mu.lines.Get(key)
	s.mu.Unlock()
	if age := now - last.at; ok && age < int64(SpokenFor) {
		d.Since, d.Same = time.Duration(age), last.text == d.Text
	}
	if !d.Unique {
		return
	}
	key = mix(room, d.Text)
	s = l.stripe(key)
	s.mu.Lock()
	at, ok := s.mu.texts.Get(key)
	s.mu.Unlock()
	d.Seen = ok && now-at < int64(SpokenFor)
}

// take draws from all of the account's buckets or, if one is empty, from none.
func (l *limits) take(login uint64, from []Limit, now int64) bool {
	s := l.stripe(login)
	s.mu.Lock()
	defer s.mu.Unlock()
	for i := range from {
		w, _ := s.mu.windows.Get(l.windowKey(login, &from[i]))
		if !w.has(&from[i], now) {
			return false
		}
	}
	for i := range from {
		if from[i].off() {
			continue
		}
		key := l.windowKey(login, &from[i])
		w, _ := s.mu.windows.Get(key)
		w.has(&from[i], now)
		w.lines++
		s.mu.windows.Keep(int64(from[i].Per))
		l.meters.forgotWindows.Add(s.mu.windows.Put(key, w, now))
	}
	return true
}

// has reports whether the limit leaves a line, after it has refilled a window that has
// ended.
func (w *window) has(from *Limit, now int64) bool {
	if from.off() {
		return true
	}
	if w.lines == 0 || now-w.since >= int64(from.Per) {
		*w = window{since: now}
	}
	return int(w.lines) < from.N
}

// off reports whether the limit limits nothing, as everywhere in this product.
func (l *Limit) off() bool { return l.N <= 0 || l.Per <= 0 }

func (l *limits) windowKey(login uint64, from *Limit) uint64 { return mix(login, l.hash(from.Name)) }

func (l *limits) hash(name string) uint64 { return maphash.String(l.seed, name) }

func (l *limits) stripe(key uint64) *limitStripe { return &l.stripes[key>>32%stripeCount] }

// mix makes one key of two, of which the first is a hash with the secret seed.
func mix(a, b uint64) uint64 {
	h := a*0x9E3779B97F4A7C15 ^ b
	h ^= h >> 32
	h *= 0xD6E8FEB86659FD93
	return h ^ h>>32
}
