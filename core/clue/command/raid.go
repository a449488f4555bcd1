package command

import "uproar/core/chat"

func raid() *Command {
	return &Command{
		Name: "raid", may: owner, takes: user,
		usage:   usage("usage_raid", `"/raid <channel>" - Raid another channel. Use "/unraid" to cancel the Raid.`),
		unknown: raidTrouble,
		needs:   func(n *Needs, _ string) { n.Goal, n.Raiding = true, true },
		judge:   judgeRaid,
	}
}

// judgeRaid announces the raid in the room that it goes to, as Twitch does. That and
// the notice, which Twitch has no id for, are all that a raid is here: viewers follow
// by themselves.
func judgeRaid(c *Call, _ string) Verdict {
	goal := c.Target.User
	switch {
	case goal.Login == c.Room:
		return refuse(notice("raid_error_self", "A channel cannot raid itself."))
	case c.Raiding != "":
		return refuse(notice("raid_error_already_raiding", "You already have a raid in progress."))
	case c.RaidOff:
		return refuse(raidTrouble(goal.Login))
	case c.Goal.Room != nil && c.Goal.Room.Suspended, standingOf(c.Goal.Member, c.Now) != free:
		return refuse(notice("raid_error_forbidden", "You cannot raid this channel."))
	case c.Limits.RaidViewersMax > 0 && c.Viewers > c.Limits.RaidViewersMax:
		return refuse(notice("raid_error_too_many_viewers", "Sorry, you have more viewers than the maximum currently supported by raids right now."))
	}
	var there chat.Roles
	if m := c.Goal.Member; m != nil {
		there = m.Roles
	}
	v := told("raid_success", "You started to raid %s.", name(goal))
	return v.showing(&chat.Raid{
		Place: chat.Place{Room: goal.Login}, ID: c.ID, User: c.Issuer, Roles: there, Target: goal.Login, Viewers: c.Viewers,
	})
}

func raidTrouble(room string) chat.Notice {
	return notice("raid_error_unexpected", "There was a problem raiding %s. Please try again in a minute.", room)
}

func unraid() *Command {
	return &Command{
		Name: "unraid", may: owner, takes: nothing,
		usage: usage("usage_unraid", `"/unraid" - Cancel the Raid.`),
		needs: func(n *Needs, _ string) { n.Raiding = true },
		judge: judgeUnraid,
	}
}

func judgeUnraid(c *Call, _ string) Verdict {
	if c.Raiding == "" {
		return refuse(notice("unraid_error_no_active_raid", "You do not have an active raid."))
	}
	v := told("unraid_success", "The raid has been cancelled.")
	return v.showing(&chat.Raid{Place: chat.Place{Room: c.Room}, ID: c.ID, User: c.Issuer, Roles: c.Roles, Target: c.Raiding, Off: true})
}
