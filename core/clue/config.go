package clue

import (
	"runtime"
	"time"

	"github.com/VictoriaMetrics/metrics"

	"uproar/core/chat"
	"uproar/core/clue/command"
	"uproar/core/store"
	"uproar/core/trace"
)

// Config is the settings of a Clue. Start from Defaults. A zero or negative number
// of Shards, of a bound or of a time to live means its default; a zero rate, gap or
// window means off.
//
// The bounds are for the whole Clue; each shard or stripe gets an equal part. What
// happens at a bound is counted in uproar_clue_forgotten_total{table="..."}.
type Config struct {
	Shards   int           // goroutines that decide; default GOMAXPROCS
	QueueMax int           // submissions that wait per shard; beyond, ErrBusy; default 16384
	Deadline time.Duration // a submission that waited longer is rejected; default 250 ms

	Store        store.Store   // default: embedded, in memory alone
	StoreLocal   bool          // its Fetch never waits: event loops may cause one
	StoreTimeout time.Duration // of one round trip; below Deadline; default 100 ms

	RateLimit          Rate          // per account, where it is an ordinary viewer
	RateLimitModerator Rate          // per account, everywhere
	RateLimitVerified  Rate          // per verified account, in place of both
	LineGap            time.Duration // least time between two lines of a viewer in a room
	JoinLimit          Rate          // rooms joined per account; the window that opens with the first
	JoinLimitVerified  Rate          // of a verified account
	AuthLimit          Rate          // logins per account; the window that opens with the first
	AuthLimitVerified  Rate          // of a verified account
	DuplicateWindow    time.Duration // the same text by the same user in the same room
	RoomsCreated       bool          // rooms that nobody has created do not exist

	AccountsMax int // rate buckets of this process; beyond, the accounts silent longest start afresh; default 1<<20
	SpeakersMax int // last texts (room and user); beyond, the oldest may be repeated; default 1<<20
	RoomsMax    int // rooms in memory; beyond, the room silent longest is forgotten; default 1<<17
	RecentMax   int // lines that can be answered, over all rooms; beyond, a room's own oldest goes; default 1<<17
	CacheMax    int // records of the store in memory; beyond, those seldom used are asked again; default 1<<18

	CommandsMax   int // commands that wait at the desk; beyond, refused; default 4096
	AdmissionsMax int // admissions that wait per lane of the door; beyond, refused; default 4096

	RoomIdle   time.Duration // a room silent for longer is forgotten; default 10 min
	RoomTTL    time.Duration // a record is used for this long without asking again; default 30 s
	MemberTTL  time.Duration // default 30 s
	AccountTTL time.Duration // default 60 s

	Commands  command.Limits                 // of the site; Defaults has Twitch's
	Emotes    *Emotes                        // default none
	Admitter  Admitter                       // needed by Admit
	Messenger Messenger                      // default: whispers go nowhere, and moderators are not told of held lines
	Users     func(login string) *chat.User  // who has that login, or nil; must not block; default: every valid name is somebody
	Viewers   func(room string) (number int) // members of a room; must not block; default none

	// Heard is a line of a room that another process has decided, or nil: it can be replied
	// to and deleted too. It is called by all shards and must not block; default none.
	Heard func(room, id string) *chat.Message

	Trace   *trace.Recorder // notes accepted lines; nil is off
	Metrics *metrics.Set    // where this Clue counts, alone in its set; default a new set
}

// Messenger reaches all sessions of a user. It must not block.
type Messenger interface {
	Whisper(to string, w *chat.Whisper)
	// Notify tells users something about a room, in their sessions that are in it. It may
	// keep the slice, which nobody modifies.
	Notify(logins []string, room string, n chat.Notice)
}

// Defaults is Twitch's rules: 20 lines per 30 s, 100 where one may moderate, 7500 of a
// verified account, a second between lines, no line twice within 30 s, and 20 rooms
// joined and 20 logins per 10 s, 2000 of each by a verified account. Source: Twitch's IRC documentation, rate
// limits; the second: pajbot/tmi-rate-limits.
func Defaults() Config {
	return Config{
		RateLimit:          Rate{N: 20, Per: 30 * time.Second},
		RateLimitModerator: Rate{N: 100, Per: 30 * time.Second},
		RateLimitVerified:  Rate{N: 7500, Per: 30 * time.Second},
		LineGap:            time.Second,
		JoinLimit:          Rate{N: 20, Per: 10 * time.Second},
		JoinLimitVerified:  Rate{N: 2000, Per: 10 * time.Second},
		AuthLimit:          Rate{N: 20, Per: 10 * time.Second},
		AuthLimitVerified:  Rate{N: 2000, Per: 10 * time.Second},
		DuplicateWindow:    30 * time.Second,
		Commands:           command.DefaultLimits,
	}.filled()
}

// filled is c with defaults in place of what was left zero.
func (c Config) filled() Config {
	set := func(v *int, to int) {
		if *v <= 0 {
			*v = to
		}
	}
	last := func(v *time.Duration, to time.Duration) {
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
	set(&c.CacheMax, 1<<18)
	set(&c.CommandsMax, 4096)
	set(&c.AdmissionsMax, 4096)
	last(&c.Deadline, 250*time.Millisecond)
	last(&c.StoreTimeout, 100*time.Millisecond)
	last(&c.RoomIdle, 10*time.Minute)
	last(&c.RoomTTL, 30*time.Second)
	last(&c.MemberTTL, 30*time.Second)
	last(&c.AccountTTL, time.Minute)
	if c.Metrics == nil {
		c.Metrics = metrics.NewSet()
	}
	if c.Users == nil {
		c.Users = anybody
	}
	if c.Viewers == nil {
		c.Viewers = func(string) int { return 0 }
	}
	if c.Heard == nil {
		c.Heard = func(string, string) *chat.Message { return nil }
	}
	if c.Emotes == nil {
		c.Emotes = NoEmotes()
	}
	return c
}

// anybody takes every valid name for an account, as open authentication does.
func anybody(login string) *chat.User {
	if !chat.ValidName([]byte(login)) {
		return nil
	}
	return &chat.User{ID: chat.StableID(login), Login: login, Display: login}
}
