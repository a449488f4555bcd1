package command

import "uproar/core/store"

func unban() *Command {
	return &Command{
		Name: "unban", may: moderators, takes: user,
		usage: usage("usage_unban", `"/unban <username>" - Removes a ban on a user.`),
		judge: judgeUnban,
	}
}

// judgeUnban lifts a timeout as well, and says so with the other command's id, which
// tmi.js takes for success.
func judgeUnban(c *Call, _ string) Verdict {
	switch standingOf(c.Target.Member, c.Now) {
	case banned:
		v := told("unban_success", "%s is no longer banned from this channel.", name(c.Target.User))
		return v.changing(c, store.Change{Unban: true})
	case timedOut:
		return liftTimeout(c)
	}
	return refuse(notice("bad_unban_no_ban", "%s is not banned from this channel.", name(c.Target.User)))
}

func untimeout() *Command {
	return &Command{
		Name: "untimeout", may: moderators, takes: user,
		usage: usage("usage_untimeout", `"/untimeout <username>" - Removes a timeout on a user.`),
		judge: judgeUntimeout,
	}
}

func judgeUntimeout(c *Call, _ string) Verdict {
	switch standingOf(c.Target.Member, c.Now) {
	case banned:
		return refuse(notice("untimeout_banned", `%s is permanently banned. Use "/unban" to remove a ban.`, name(c.Target.User)))
	case timedOut:
		return liftTimeout(c)
	}
	return refuse(notice("timeout_no_timeout", "%s is not timed out from this channel.", name(c.Target.User)))
}

func liftTimeout(c *Call) Verdict {
	v := told("untimeout_success", "%s is no longer timed out in this channel.", name(c.Target.User))
	return v.changing(c, store.Change{Unban: true})
}
