package clue

import (
	"hash/maphash"
	"sync"

	"uproar/core/chat"
)

// bucketStripes is the number of locks over the accounts: many more than shards, so
// that two shards seldom meet at one.
const bucketStripes = 64

// buckets counts the lines of each account over all rooms, in two buckets: one for
// rooms where it is an ordinary viewer, one for all rooms. A viewer's line draws
// from both, a moderator's only from the second; whoever moderates one room cannot
// use that to talk more elsewhere. A third counts the rooms it joins. A window opens with a line and refills all at
// once when it ends. Source: the measurements of pajbot/tmi-rate-limits.
//
// Full, it forgets the accounts silent longest, which start with full buckets: a
// flood of accounts weakens the limit of others, it never silences them.
type buckets struct {
	viewer, anywhere, join Rate
	seed                   maphash.Seed
	meters                 *meters
	stripes                [bucketStripes]bucketStripe
}

type bucketStripe struct {
	mu struct {
		sync.Mutex
		accounts *recall[account]
	}
}

// account is what one account has spent.
type account struct{ viewer, anywhere, join window }

// window is a number of lines, or joins, since a tick.
type window struct {
	since int64
	lines int32
}

func newBuckets(cfg *Config, seed maphash.Seed, m *meters) *buckets {
	b := &buckets{viewer: cfg.RateLimit, anywhere: cfg.RateLimitModerator, join: cfg.JoinLimit, seed: seed, meters: m}
	life := int64(max(b.viewer.Per, b.anywhere.Per, b.join.Per))
	for i := range b.stripes {
		b.stripes[i].mu.accounts = newRecall[account](cfg.AccountsMax/bucketStripes, life)
	}
	return b
}

// draw takes one line out of the account's buckets and reports whether there was one
// in each. If not, it takes none. The key is the hash of the login.
func (b *buckets) draw(key uint64, roles chat.Roles, now int64) bool {
	if b.viewer.off() && b.anywhere.off() {
		return true
	}
	s := &b.stripes[key%bucketStripes]
	s.mu.Lock()
	defer s.mu.Unlock()
	a, _ := s.mu.accounts.get(key)
	viewer := !roles.Moderates()
	if !a.anywhere.has(b.anywhere, now) || viewer && !a.viewer.has(b.viewer, now) {
		return false
	}
	a.anywhere.lines++
	if viewer {
		a.viewer.lines++
	}
	if n := s.mu.accounts.put(key, a, now); n > 0 {
		b.meters.forgotAccounts.Add(n)
	}
	return true
}

// drawJoin takes one room out of the account's bucket and reports whether there was one.
func (b *buckets) drawJoin(key uint64, now int64) bool {
	if b.join.off() {
		return true
	}
	s := &b.stripes[key%bucketStripes]
	s.mu.Lock()
	defer s.mu.Unlock()
	a, _ := s.mu.accounts.get(key)
	if !a.join.has(b.join, now) {
		return false
	}
	a.join.lines++
	if n := s.mu.accounts.put(key, a, now); n > 0 {
		b.meters.forgotAccounts.Add(n)
	}
	return true
}

// has reports whether the rate leaves a line, after it has refilled a window that
// has ended.
func (w *window) has(r Rate, now int64) bool {
	if r.off() {
		w.lines = 0
		return true
	}
	if w.lines == 0 || now-w.since >= int64(r.Per) {
		*w = window{since: now}
	}
	return int(w.lines) < r.N
}
