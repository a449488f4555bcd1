package command

import (
	"time"

	"uproar/core/chat"
)

// FollowersMax bounds how long one may have to follow: Twitch's 3 months, 129,600
// minutes.
const FollowersMax = 3 * month

var usageFollowers = usage("usage_followers_on", `"/followers [duration]" - Enables followers-only mode (only users who have followed for "duration" may chat). Examples: "30m", "1 week", "5 days 12 hours". Must be less than 3 months.`)

func followers() *Command {
	return &Command{
		Name: "followers", may: moderators, takes: text,
		usage: usageFollowers,
		judge: judgeFollowers,
	}
}

// judgeFollowers takes a number without a unit for minutes, as tmi.js sends it, and
// rounds up to minutes, which is what ROOMSTATE tells.
func judgeFollowers(c *Call, args string) Verdict {
	var d time.Duration
	if args != "" {
		var ok bool
		if d, ok = parseSpan(args, time.Minute); !ok || d > FollowersMax {
			return refuse(usageFollowers)
		}
	}
	d = (d + time.Minute - 1).Truncate(time.Minute)
	if c.Modes.FollowersOnly && c.Modes.FollowersFor == d {
		if d == 0 {
			return refuse(notice("already_followers_on", "This room is already in followers-only mode."))
		}
		return refuse(notice("already_followers_on", "This room is already in %s followers-only mode.", Span(d)))
	}
	modes := c.Modes
	modes.FollowersOnly, modes.FollowersFor = true, d
	n := notice("followers_on_zero", "This room is now in followers-only mode.")
	if d > 0 {
		n = notice("followers_on", "This room is now in %s followers-only mode.", Span(d))
	}
	return setting(c, chat.ModeFollowers, modes, n)
}

func followersOff() *Command {
	return &Command{
		Name: "followersoff", may: moderators, takes: nothing,
		usage: usage("usage_followers_off", `"/followersoff" - Disables followers-only mode.`),
		judge: judgeFollowersOff,
	}
}

func judgeFollowersOff(c *Call, _ string) Verdict {
	if !c.Modes.FollowersOnly {
		return refuse(notice("already_followers_off", "This room is not in followers-only mode."))
	}
	modes := c.Modes
	modes.FollowersOnly, modes.FollowersFor = false, 0
	return setting(c, chat.ModeFollowers, modes, notice("followers_off", "This room is no longer in followers-only mode."))
}
