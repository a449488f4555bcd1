package clue

import (
	"hash/maphash"
	"strings"
	"sync/atomic"
	"time"

	"github.com/maypok86/otter/v2"

	"uproar/core/chat"
	"uproar/core/store"
)

// stampStripes is the number of counters of invalidations.
const stampStripes = 1024

// cache holds records of the store. It is shared by all goroutines of a Clue.
//
// A record is fresh for the time to live of its kind, unless the store's Watch, or a
// change made here, says that it has changed: then it is gone. A record that is past
// its time stays, and serves as long as the store cannot be asked; so do all records
// after Watch may have missed something. Records that nobody has changed are zero and
// are kept like others. Beyond the bound those seldom used go.
//
// An answer that was under way while its record changed is not kept: whoever asks takes
// a stamp before, and put compares it after.
type cache struct {
	table  *otter.Cache[store.Key, *entry]
	epoch  time.Time
	ttl    [store.KindAccount + 1]int64
	seed   maphash.Seed
	doubt  atomic.Uint32 // grows when everything may be stale
	stamps [stampStripes]atomic.Uint32
}

// entry is one record. It does not change but for look.
type entry struct {
	room    *store.Room
	member  *store.Member
	account *store.Account
	at      int64  // tick of its answer
	doubt   uint32 // cache.doubt when it was asked for

	look atomic.Pointer[chat.User] // of an account: the user as others see it, see dress
}

func newCache(cfg *Config, epoch time.Time) *cache {
	c := &cache{epoch: epoch, seed: maphash.MakeSeed()}
	c.table = otter.Must(&otter.Options[store.Key, *entry]{
		MaximumSize: cfg.CacheMax,
		Executor:    func(fn func()) { fn() }, // evicting is short, and a Clue owns all of its goroutines
	})
	c.ttl[store.KindRoom] = int64(cfg.RoomTTL)
	c.ttl[store.KindMember] = int64(cfg.MemberTTL)
	c.ttl[store.KindAccount] = int64(cfg.AccountTTL)
	return c
}

// get returns what is known of k, or nil, and whether that may be used without asking.
func (c *cache) get(k store.Key, tick int64) (e *entry, fresh bool) {
	e, _ = c.table.GetIfPresent(k)
	if e == nil {
		return nil, false
	}
	return e, tick-e.at < c.ttl[k.Kind] && e.doubt == c.doubt.Load()
}

// stamp is taken before a record is asked for.
func (c *cache) stamp(k store.Key) uint64 {
	return uint64(c.doubt.Load())<<32 | uint64(c.stripe(k).Load())
}

// put keeps the answer to a Read that had no error.
func (c *cache) put(r *store.Read, stamp uint64, tick int64) *entry {
	e := &entry{room: r.Room, member: r.Member, account: r.Account, at: tick, doubt: uint32(stamp >> 32)}
	k := r.Key
	if c.stripe(k).Load() != uint32(stamp) { // it changed on the way
		return e
	}
	if _, known := c.table.GetIfPresent(k); !known { // the table must not keep a client's line alive
		k.Room, k.Login = strings.Clone(k.Room), strings.Clone(k.Login)
	}
	c.table.Set(k, e)
	if c.stripe(k).Load() != uint32(stamp) {
		c.table.Invalidate(k) // it changes just now
	}
	return e
}

// amend replaces what is known of k by something newer that this process has told the
// store, or will, until the store is asked again. It reports whether old was still what is
// known.
func (c *cache) amend(k store.Key, old, by *entry) bool {
	stamp := c.stripe(k).Load()
	if now, _ := c.table.GetIfPresent(k); now != old {
		return false
	}
	c.table.Set(k, by)
	if c.stripe(k).Load() != stamp {
		c.table.Invalidate(k)
	}
	return true
}

// stale is told of every change: k's record is gone; all are in doubt when k is zero.
//
// Gone means that whoever needs it is refused while the store is away: somebody did
// change it, so what was known is false, and the notice does not say in what. A mode and a
// suspension look the same.
func (c *cache) stale(k store.Key) {
	if k == (store.Key{}) {
		c.doubt.Add(1)
		return
	}
	c.stripe(k).Add(1) // before, or an answer under way could be kept
	c.table.Invalidate(k)
	c.stripe(k).Add(1) // and after, for those who have just read what is gone now
}

// suspect is told of a change that failed, and may have been made all the same: k's record
// is in doubt. It is asked for again, and serves while the store does not answer: unlike
// after a notice nobody knows that it is false, and it was true a moment ago. If the
// change was made after all, a notice follows.
func (c *cache) suspect(k store.Key) {
	c.stripe(k).Add(1) // as in stale
	stamp := c.stripe(k).Load()
	if e, _ := c.table.GetIfPresent(k); e != nil {
		c.table.Set(k, &entry{room: e.room, member: e.member, account: e.account, at: e.at, doubt: c.doubt.Load() - 1})
	}
	if c.stripe(k).Load() != stamp {
		c.table.Invalidate(k) // a notice has come meanwhile
	}
	c.stripe(k).Add(1)
}

func (c *cache) stripe(k store.Key) *atomic.Uint32 {
	return &c.stamps[maphash.Comparable(c.seed, k)%stampStripes]
}

// dress is u in the colour of its account. It makes no new user as long as the same one
// comes.
func (e *entry) dress(u *chat.User) *chat.User {
	a := e.account
	if a.Color == "" || a.Color == u.Color { // Fast path
		return u
	}
	if w := e.look.Load(); w != nil && w.ID == u.ID && w.Login == u.Login && w.Display == u.Display {
		return w
	}
	w := *u
	w.Color = a.Color
	e.look.Store(&w)
	return &w
}
