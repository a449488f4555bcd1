package clue

import (
	"hash/maphash"
	"time"

	"github.com/VictoriaMetrics/metrics"

	"uproar/core/store"
)

// Gate holds an account to its limits of logins and joins. A Clue has one; a process whose
// clue is elsewhere makes its own. Any goroutine may call its methods; a loop may, for they
// never wait.
type Gate struct {
	accounts *buckets
	verified func(login string, tick int64) bool
	seed     maphash.Seed
	epoch    time.Time // ticks are nanoseconds since; monotonic
}

// NewGate returns a Gate with the AuthLimit, JoinLimit and AccountsMax of a Config. It
// counts the accounts that it has forgotten in Config.Metrics. It knows no verified
// accounts: for it all have the limits of others.
func NewGate(cfg Config) *Gate {
	cfg = cfg.filled()
	nobody := func(string, int64) bool { return false }
	return newGate(&cfg, time.Now(), nobody, forgotAccounts(cfg.Metrics))
}

func newGate(cfg *Config, epoch time.Time, verified func(string, int64) bool, forgotten *metrics.Counter) *Gate {
	return &Gate{accounts: newBuckets(cfg, forgotten), verified: verified, seed: maphash.MakeSeed(), epoch: epoch}
}

// MayJoin takes one room out of what an account may join now, and reports whether there
// was one. A verified account may join more as soon as it is known as one.
func (g *Gate) MayJoin(login string) bool {
	tick := int64(time.Since(g.epoch))
	return g.accounts.drawJoin(maphash.String(g.seed, login), g.verified(login, tick), tick)
}

// MayLogin takes one login out of what an account has now, as MayJoin does with rooms. It
// is to be asked once a token has proved whose login it is: otherwise anybody could use up
// what another has.
func (g *Gate) MayLogin(login string) bool {
	tick := int64(time.Since(g.epoch))
	return g.accounts.drawLogin(maphash.String(g.seed, login), g.verified(login, tick), tick)
}

// verified reports whether the cache knows an account as verified.
func (c *cache) verified(login string, tick int64) bool {
	e, _ := c.get(store.Key{Kind: store.KindAccount, Login: login}, tick)
	return e != nil && e.account.Verified
}
