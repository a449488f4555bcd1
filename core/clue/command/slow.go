package command

import (
	"time"

	"uproar/core/chat"
)

// Bounds of slow mode. SlowDefault is that of Twitch's usage text; SlowMax was
// Twitch's before its API came with 2 minutes, and tmi.js defaults to 5.
const (
	SlowDefault = 30 * time.Second
	SlowMax     = 30 * time.Minute
)

var usageSlow = usage("usage_slow_on", `"/slow [duration]" - Enables slow mode (limit how often users may send messages). Duration (optional, default=30) must be a positive integer number of seconds. Use "/slowoff" to disable.`)

func slow() *Command {
	return &Command{
		Name: "slow", may: moderators, takes: text,
		usage: usageSlow,
		judge: judgeSlow,
	}
}

func judgeSlow(c *Call, args string) Verdict {
	d := SlowDefault
	if args != "" {
		var ok bool
		if d, ok = parseSpan(args, time.Second); !ok || d < time.Second {
			return refuse(usageSlow)
		}
	}
	switch {
	case d > SlowMax:
		return refuse(notice("bad_slow_duration", "You cannot set slow delay to more than %d seconds.", SlowMax/time.Second))
	case d == c.Modes.Slow:
		return refuse(notice("already_slow_on", "This room is already in %d-second slow mode.", d/time.Second))
	}
	modes := c.Modes
	modes.Slow = d
	return setting(c, chat.ModeSlow, modes,
		notice("slow_on", "This room is now in slow mode. You may send messages every %d seconds.", d/time.Second))
}

func slowOff() *Command {
	return &Command{
		Name: "slowoff", may: moderators, takes: nothing,
		usage: usage("usage_slow_off", `"/slowoff" - Disables slow mode.`),
		judge: judgeSlowOff,
	}
}

func judgeSlowOff(c *Call, _ string) Verdict {
	if c.Modes.Slow == 0 {
		return refuse(notice("already_slow_off", "This room is not in slow mode."))
	}
	modes := c.Modes
	modes.Slow = 0
	return setting(c, chat.ModeSlow, modes, notice("slow_off", "This room is no longer in slow mode."))
}
