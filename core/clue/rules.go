package clue

import (
	"time"

	"uproar/core/chat"
	"uproar/core/store"
)

// Facts is what the rules judge a line by. The shard gathers them before, so that no
// rule looks anything up.
type Facts struct {
	Channel string // the room's name
	Now     time.Time
	Room    *store.Room
	Member  *store.Member  // the sender in this room
	Account *store.Account // the sender
	Roles   chat.Roles     // of the sender in this room, Broadcaster included

	RateLeft bool          // the account's buckets had a line left for this one
	Since    time.Duration // since the sender's last delivered line here; negative: none lately
	Same     bool          // that line was this text
	Seen     bool          // somebody has said this text here lately; only told under unique chat
	Emotes   bool          // the text is emotes alone; only told under emote-only

	Created bool          // Config.RoomsCreated: rooms that nobody has created do not exist
	Window  time.Duration // Config.DuplicateWindow
	Gap     time.Duration // Config.LineGap

	Repeated *chat.Notice // rejectDuplicate(Window)
}

// A rule looks at a line and the facts and says why the line may not be said, or nil.
// It is a pure function: it keeps neither pointer.
type rule func(f *Facts, l *Line) *chat.Notice

// gates are asked of every line and of every command but the personal ones, in this
// order; the first to refuse is the one that the sender hears of. What lasts longest
// comes first. The rate comes before all that looks at the text, for lines that another
// rule refuses have drawn from it too (pajbot/tmi-rate-limits), and a flood is cheap to
// refuse.
var gates = [...]rule{
	siteBan,
	suspended,
	ban,
	timeout,
	rateLimit,
}

// rules are asked of every line that is no command, after the gates: first what the
// room asks of people, then what it asks of texts. A command that nobody knows ends at
// the first.
var rules = [...]rule{
	unknownCommand,
	subscribersOnly,
	followersOnly,
	slowMode,
	lineGap,
	emoteOnly,
	duplicate,
	uniqueChat,
	blockedTerms,
	links,
}

// judge asks the gates, then the rules.
func judge(f *Facts, l *Line) *chat.Notice {
	if r := judgeGates(f, l); r != nil {
		return r
	}
	for _, refuses := range rules {
		if r := refuses(f, l); r != nil {
			return r
		}
	}
	return nil
}

// judgeGates asks the gates alone.
func judgeGates(f *Facts, l *Line) *chat.Notice {
	for _, refuses := range gates {
		if r := refuses(f, l); r != nil {
			return r
		}
	}
	return nil
}

// seconds is d in whole seconds, rounded up, at least 1: what people are told to wait.
func seconds(d time.Duration) int64 {
	return max(1, int64((d+time.Second-1)/time.Second))
}
