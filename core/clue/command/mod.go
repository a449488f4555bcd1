package command

import (
	"uproar/core/chat"
	"uproar/core/store"
)

func mod() *Command {
	return &Command{
		Name: "mod", may: owner, takes: user,
		usage: usage("usage_mod", `"/mod <username>" - Grant moderator status to a user. Use "/mods" to list the moderators of this channel.`),
		judge: judgeMod,
	}
}

// judgeMod makes a moderator of a VIP too: one is either.
func judgeMod(c *Call, _ string) Verdict {
	who := name(c.Target.User)
	switch {
	case standingOf(c.Target.Member, c.Now) != free:
		return refuse(notice("bad_mod_banned", "%s is banned in this channel. You must unban this user before granting mod status.", who))
	case c.targetRoles().Moderates():
		return refuse(notice("bad_mod_mod", "%s is already a moderator of this channel.", who))
	}
	v := told("mod_success", "You have added %s as a moderator of this channel.", who)
	return v.changing(c, store.Change{Grant: chat.Moderator, Revoke: chat.VIP})
}

func unmod() *Command {
	return &Command{
		Name: "unmod", may: moderators, takes: user,
		usage: usage("usage_unmod", `"/unmod <username>" - Revoke moderator status from a user. Use "/mods" to list the moderators of this channel.`),
		judge: judgeUnmod,
	}
}

func judgeUnmod(c *Call, _ string) Verdict {
	who := name(c.Target.User)
	return revoked(c, chat.Moderator,
		notice("bad_unmod_mod", "%s is not a moderator of this channel.", who),
		notice("unmod_success", "You have removed %s as a moderator of this channel.", who))
}

// revoked takes a role away: those who have it may step down, and the broadcaster may take
// it from anybody.
func revoked(c *Call, role chat.Roles, none, done chat.Notice) Verdict {
	switch {
	case c.Roles&chat.Broadcaster == 0 && c.Target.User.Login != c.Issuer.Login:
		return refuse(noPermission)
	case c.targetRoles()&role == 0:
		return refuse(none)
	}
	return Verdict{Notice: done}.changing(c, store.Change{Revoke: role})
}
