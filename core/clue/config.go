package clue

import (
	"runtime"
	"time"

	"github.com/VictoriaMetrics/metrics"
)

// Config is the settings of a Clue. Start from Defaults. A zero or negative number
// of Shards or of a bound means its default; a zero rate or window means off.
//
// The bounds are for the whole Clue; each shard or stripe gets an equal part. What
// happens at a bound is counted in uproar_clue_forgotten_total{table="..."}.
type Config struct {
	Shards   int           // goroutines that decide; default GOMAXPROCS
	QueueMax int           // submissions that wait per shard; beyond, ErrBusy; default 16384
	Deadline time.Duration // a submission that waited longer is rejected; default 250 ms

	RateLimit          Rate          // per account, where it is an ordinary viewer
	RateLimitModerator Rate          // per account, everywhere
	JoinLimit          Rate          // rooms joined per account; the window that opens with the first
	DuplicateWindow    time.Duration // the same text by the same user in the same room

	AccountsMax int // rate buckets; beyond, the accounts silent longest start afresh; default 1<<20
	SpeakersMax int // last texts (room and user); beyond, the oldest may be repeated; default 1<<20
	RoomsMax    int // rooms in memory; beyond, the room silent longest is forgotten; default 1<<17
	RecentMax   int // lines that can be answered, over all rooms; beyond, a room's own oldest goes; default 1<<17

	RoomIdle time.Duration // a room silent for longer is forgotten; default 10 min

	Metrics *metrics.Set // where this Clue counts, alone in its set; default a new set
}

// Defaults is Twitch's rules: 20 lines per 30 s, 100 where one may moderate, no line
// twice within 30 s, and 20 rooms joined per 10 s. Source: Twitch's IRC documentation, rate limits.
func Defaults() Config {
	return Config{
		RateLimit:          Rate{N: 20, Per: 30 * time.Second},
		RateLimitModerator: Rate{N: 100, Per: 30 * time.Second},
		JoinLimit:          Rate{N: 20, Per: 10 * time.Second},
		DuplicateWindow:    30 * time.Second,
	}.filled()
}

// filled is c with defaults in place of what was left zero.
func (c Config) filled() Config {
	set := func(v *int, to int) {
		if *v <= 0 {
			*v = to
		}
	}
	set(&c.Shards, runtime.GOMAXPROCS(0))
	set(&c.QueueMax, 16384)
	set(&c.AccountsMax, 1<<20)
	set(&c.SpeakersMax, 1<<20)
	set(&c.RoomsMax, 1<<17)
	set(&c.RecentMax, 1<<17)
	if c.Deadline <= 0 {
		c.Deadline = 250 * time.Millisecond
	}
	if c.RoomIdle <= 0 {
		c.RoomIdle = 10 * time.Minute
	}
	if c.Metrics == nil {
		c.Metrics = metrics.NewSet()
	}
	return c
}
