package clue

import (
	"sync"

	"github.com/VictoriaMetrics/metrics"

	"uproar/core/chat"
	"uproar/core/recall"
)

// bucketStripes is the number of locks over the accounts: many more than shards, so
// that two shards seldom meet at one.
const bucketStripes = 64

// buckets counts the lines of each account, as limits says, while the store cannot, and
// the rooms that it joins and its logins. A window opens with a line and refills all at once when it
// ends.
//
// Full, it forgets the accounts silent longest, which start with full buckets: a
// flood of accounts weakens the limit of others, it never silences them.
type buckets struct {
	viewer, anywhere, verified, join, joinVerified, login, loginVerified Rate

	forgotten *metrics.Counter // accounts, before their time
	stripes   [bucketStripes]bucketStripe
}

type bucketStripe struct {
	mu struct {
		sync.Mutex
		accounts *recall.Table[account]
	}
}

// account is what one account has spent.
type account struct{ viewer, anywhere, verified, join, login window }

// window is a number of lines, joins or logins since a tick.
type window struct {
	since int64
	lines int32
}

func newBuckets(cfg *Config, forgotten *metrics.Counter) *buckets {
	b := &buckets{
		viewer: cfg.RateLimit, anywhere: cfg.RateLimitModerator, verified: cfg.RateLimitVerified,
		join: cfg.JoinLimit, joinVerified: cfg.JoinLimitVerified,
		login: cfg.AuthLimit, loginVerified: cfg.AuthLimitVerified,
		forgotten: forgotten,
	}
	life := int64(max(b.viewer.Per, b.anywhere.Per, b.verified.Per, b.join.Per, b.joinVerified.Per, b.login.Per, b.loginVerified.Per))
	for i := range b.stripes {
		b.stripes[i].mu.accounts = recall.New[account](cfg.AccountsMax/bucketStripes, life)
	}
	return b
}

// draw takes one line out of the account's buckets and reports whether there was one
// in each. If not, it takes none. The key is the hash of the login.
func (b *buckets) draw(key uint64, roles chat.Roles, verified bool, now int64) bool {
	viewer, anywhere, known := b.viewer, b.anywhere, Rate{}
	switch {
	case verified:
		viewer, anywhere, known = Rate{}, Rate{}, b.verified
	case roles.Trusted():
		viewer = Rate{}
	}
	if viewer.off() && anywhere.off() && known.off() {
		return true
	}
	s := &b.stripes[key%bucketStripes]
	s.mu.Lock()
	defer s.mu.Unlock()
	a, _ := s.mu.accounts.Get(key)
	if !a.viewer.has(viewer, now) || !a.anywhere.has(anywhere, now) || !a.verified.has(known, now) {
		return false
	}
	a.viewer.take(viewer)
	a.anywhere.take(anywhere)
	a.verified.take(known)
	if n := s.mu.accounts.Put(key, a, now); n > 0 {
		b.forgotten.Add(n)
	}
	return true
}

// drawJoin takes one room out of the account's bucket and reports whether there was one.
func (b *buckets) drawJoin(key uint64, verified bool, now int64) bool {
	rate := b.join
	if verified {
		rate = b.joinVerified
	}
	return b.drawOne(key, rate, now, func(a *account) *window { return &a.join })
}

// drawLogin does the same with one login.
func (b *buckets) drawLogin(key uint64, verified bool, now int64) bool {
	rate := b.login
	if verified {
		rate = b.loginVerified
	}
	return b.drawOne(key, rate, now, func(a *account) *window { return &a.login })
}

func (b *buckets) drawOne(key uint64, rate Rate, now int64, of func(*account) *window) bool {
	if rate.off() {
		return true
	}
	s := &b.stripes[key%bucketStripes]
	s.mu.Lock()
	defer s.mu.Unlock()
	a, _ := s.mu.accounts.Get(key)
	w := of(&a)
	if !w.has(rate, now) {
		return false
	}
	w.take(rate)
	if n := s.mu.accounts.Put(key, a, now); n > 0 {
		b.forgotten.Add(n)
	}
	return true
}

// has reports whether the rate leaves a line, after it has refilled a window that
// has ended. A rate that is off leaves the window as it is.
func (w *window) has(r Rate, now int64) bool {
	if r.off() {
		return true
	}
	if w.lines == 0 || now-w.since >= int64(r.Per) {
		*w = window{since: now}
	}
	return int(w.lines) < r.N
}

// take takes one line, unless the rate is off.
func (w *window) take(r Rate) {
	if !r.off() {
		w.lines++
	}
}
