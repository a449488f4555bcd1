package clue

import (
	"time"

	"uproar/core/chat"
)

// Facts is what the rules judge a line by. The shard gathers them before, so that no
// rule looks anything up.
type Facts struct {
	Roles     chat.Roles    // of the sender in this room
	RateLeft  bool          // the account's buckets had a line left for this one
	Repeats   bool          // the sender's last delivered line in this room was this text
	RepeatAge time.Duration // how long ago that was; 0 when it does not repeat
	Window    time.Duration // Config.DuplicateWindow
}

// A rule looks at a line and the facts and says why the line may not be said, or nil.
// It is a pure function: it keeps neither pointer.
type rule func(f *Facts, l *Line) *chat.Rejection

// rules in the order in which they are asked; the first to refuse is the one that
// the sender hears of. The rate comes first, for lines that another rule refuses
// have drawn from it too (pajbot/tmi-rate-limits), and a flood is cheap to refuse.
var rules = [...]rule{
	rateLimit,
	command,
	duplicate,
}

// judge asks every rule in order.
func judge(f *Facts, l *Line) *chat.Rejection {
	for _, refuses := range rules {
		if r := refuses(f, l); r != nil {
			return r
		}
	}
	return nil
}
