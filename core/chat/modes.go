package chat

import "time"

// Modes are the restrictions of a room. The zero Modes restrict nothing.
type Modes struct {
	Slow            time.Duration // least time between two lines of a viewer
	FollowersOnly   bool
	FollowersFor    time.Duration // least time of following, when FollowersOnly
	SubscribersOnly bool
	EmoteOnly       bool
	Unique          bool // no text twice (r9k)
}
