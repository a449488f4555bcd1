package command

import (
	"uproar/core/chat"
	"uproar/core/store"
)

func vip() *Command {
	return &Command{
		Name: "vip", may: owner, takes: user,
		usage: usage("usage_vip", `"/vip <username>" - Grant VIP status to a user. Use "/vips" to list the VIPs of this channel.`),
		needs: func(n *Needs, _ string) { n.VIPs = true },
		judge: judgeVIP,
	}
}

// judgeVIP makes a VIP of a moderator too: one is either. The broadcaster counts as VIP.
func judgeVIP(c *Call, _ string) Verdict {
	who := name(c.Target.User)
	switch {
	case standingOf(c.Target.Member, c.Now) != free:
		return refuse(notice("bad_vip_grantee_banned", "%s is banned in this channel. You must unban this user before granting VIP status.", who))
	case c.targetRoles()&(chat.VIP|chat.Broadcaster) != 0:
		return refuse(notice("bad_vip_grantee_already_vip", "%s is already a VIP of this channel.", who))
	case c.Limits.VIPsMax > 0 && len(c.VIPs) >= c.Limits.VIPsMax:
		return refuse(notice("bad_vip_max_vips_reached", "Unable to add VIP. This channel has all the VIPs that it can have."))
	}
	v := told("vip_success", "You have added %s as a vip of this channel.", who)
	return v.changing(c, store.Change{Grant: chat.VIP, Revoke: chat.Moderator})
}

func unvip() *Command {
	return &Command{
		Name: "unvip", may: owner | chat.VIP, takes: user,
		usage: usage("usage_unvip", `"/unvip <username>" - Revoke VIP status from a user. Use "/vips" to list the VIPs of this channel.`),
		judge: judgeUnvip,
	}
}

func judgeUnvip(c *Call, _ string) Verdict {
	who := name(c.Target.User)
	return revoked(c, chat.VIP,
		notice("bad_unvip_grantee_not_vip", "%s is not a VIP of this channel.", who),
		notice("unvip_success", "You have removed %s as a VIP of this channel.", who))
}
