// Package store is the shared state that clue decides by: what rooms, members and
// accounts are, and what they have spent of their limits. It holds the interface and
// the embedded implementation; core/store/redisstore is the other. One contract test,
// core/store/storetest, holds for both.
//
// A Store is used by several goroutines at once. Its methods wait, for a disk or a
// network, up to the deadline of their context: event loops never call them.
//
// # The file of the embedded store
//
// A bbolt file, mode 0600, with four buckets. Every commit is synced to the disk.
//
//	bucket    key                    value
//	meta      "layout"               "1"
//	rooms     room                   a Room
//	members   room, 0x00, login      a Member
//	accounts  login                  an Account
//
// A value is one byte, its version (1), and a JSON object whose names are in codec.go;
// times are milliseconds since 1970, what is zero is left out, and so is a record that
// is zero altogether. A member of an older version that has "spoke" is read as one of
// LongAgo, and written with its times when it next changes. A layout, version or name that this program does not know is an
// error of Open. What limits have been spent and what was said lately is not in it.
package store

import (
	"context"
	"time"

	"uproar/core/chat"
)

// Store is what clue needs of shared state.
type Store interface {
	// Fetch does all that one batch of lines needs, in one round trip per shard of the
	// store, and fills the results in place. A failure of one shard is in the Err of
	// what lives there, and the rest is done; Fetch itself returns nothing. Results of
	// an earlier Fetch in b are overwritten. Of what was not asked because a breaker is
	// open, Err wraps ErrOpen.
	Fetch(ctx context.Context, b *Batch)
	// Change makes what is set in c true of the record k, all of it or nothing. After nil
	// it is durable, and the Watch of every process has been or is being told. An error
	// may mean that it was made and the answer was lost, unless it is ErrNotDone: making
	// it twice does no harm.
	Change(ctx context.Context, k Key, c Change) error
	// Roster lists the logins that hold all of roles in a room, sorted, at most
	// RosterMax of them; of no roles, nobody.
	Roster(ctx context.Context, room string, roles chat.Roles) ([]string, error)
	// Watch calls stale for every key that any process has changed, itself included,
	// until ctx ends; then it returns nil. The zero Key means that changes may have
	// been missed: everything is stale; it may come at any time, and at the start.
	// What Spoken changes is not told: a Last that is not fresh is too old. stale must not block.
	Watch(ctx context.Context, stale func(Key)) error
}

// RosterMax bounds a Roster: more moderators than that are not listed.
const RosterMax = 1000

// Kind says what a Key names.
type Kind uint8

const (
	KindRoom    Kind = iota + 1 // Room
	KindMember                  // Room and Login: what an account is in a room
	KindAccount                 // Login
)

// Key names one record. Records that nobody has changed are zero, not missing.
type Key struct {
	Kind  Kind
	Room  string
	Login string
}

// Room is the state of a room. Immutable once fetched.
type Room struct {
	Modes     chat.Modes
	Created   bool // somebody has created it; rooms may exist without, see clue
	Suspended bool
	Terms     []string // blocked: "word", or with '*' at either end; lower case, at most TermsMax
	HoldTerms bool     // a line with a blocked term is held for moderators and not refused
	NoLinks   bool     // links of viewers without a role are refused
}

// TermsMax bounds the blocked terms of a room, TermBytesMax each of them.
const (
	TermsMax     = 500
	TermBytesMax = 64
)

// Member is what an account is in a room. Immutable once fetched.
type Member struct {
	Roles     chat.Roles // without Broadcaster, which follows from the names
	Banned    bool       // for ever, or until Until
	Until     time.Time  // end of a timeout; zero for a ban
	Follows   time.Time  // since when; zero when it does not
	First     time.Time  // its first line here; zero: it never spoke; LongAgo: nobody knows when
	Last      time.Time  // its last line here that was marked: an hour or so older than its last
	BannedFor string     // reason, for moderators
}

// Account is what is known of a login everywhere. Immutable once fetched.
type Account struct {
	Color    string // "#RRGGBB", or empty when never chosen
	Banned   bool   // from the whole site
	Verified bool   // a known bot: higher limits
}

// Batch is all that one batch of lines needs. The caller fills what it asks; Fetch the
// rest.
type Batch struct {
	Reads  []Read
	Draws  []Draw
	Spoken []Spoken // what was said since the last Fetch, and counts before Draws
}

// Read asks for one record. One of the three pointers, by the Key's Kind, is set when
// Err is nil.
type Read struct {
	Key     Key
	Room    *Room
	Member  *Member
	Account *Account
	Err     error
}

// Draw takes one line out of an account's limits, and asks what it needs to know of
// the lines before.
type Draw struct {
	Room, Login string
	Limits      []Limit // buckets of the account, by name; Twitch's draw from several at once
	Text        uint64  // hash of the text
	Unique      bool    // ask whether anybody said Text in the room in the last 10 minutes

	Left  bool          // every bucket had a line left, and has given it
	Since time.Duration // since this account's last line in the room; negative: none lately
	Same  bool          // that line's hash was Text
	Seen  bool          // Text was said in the room, when Unique
	Err   error
}

// Limit is a bucket of N in every window of Per, which opens with the first draw. Both
// are above 0: a limit that is off is left out.
type Limit struct {
	Name string // part of the key: short, of [a-z]
	N    int
	Per  time.Duration
}

// Spoken tells of a line that was accepted.
type Spoken struct {
	Room, Login string
	Text        uint64
	Ago         time.Duration // from its acceptance to the Fetch that tells of it: Since counts from then
	Unique      bool          // remember Text for the whole room
	Mark        bool          // Member.First and Last are to know of it; once every MarkEvery is enough

	Err error // the store does not know of it, or has not said that it does
}

// SpokenFor is how long Since, Same and Seen look back.
const SpokenFor = 10 * time.Minute

// Change is a patch of one record: what is nil or zero stays as it is.
type Change struct {
	// Of a room.
	Created, Suspended, HoldTerms, NoLinks *bool
	Mode                                   *ModeValue
	Terms                                  *[]string
	// Of a member.
	Grant, Revoke chat.Roles
	Ban           *Ban // ban or timeout, in place of any before
	Unban         bool
	Follows       *time.Time // zero time: follows no longer
	// Of an account.
	Color            *string
	Banned, Verified *bool
}

// ModeValue sets one mode: the fields of Modes that belong to it.
type ModeValue struct {
	Mode  chat.Mode
	Modes chat.Modes
}

// Ban is what Change sets.
type Ban struct {
	Until  time.Time // zero: for ever
	Reason string    // at most ReasonBytesMax
}

// ReasonBytesMax bounds the reason of a ban.
const ReasonBytesMax = 500
