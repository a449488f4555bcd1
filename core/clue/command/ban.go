package command

import (
	"time"

	"uproar/core/chat"
	"uproar/core/store"
)

// TimeoutMax bounds a timeout; TimeoutDefault is one without a duration.
const (
	TimeoutMax     = 2 * week
	TimeoutDefault = 10 * time.Minute
)

func ban() *Command {
	return &Command{
		Name: "ban", may: moderators, takes: user,
		usage:     usage("usage_ban", `"/ban <username> [reason]" - Permanently prevent a user from chatting. Reason is optional and will be shown to the target user and other moderators. Use "/unban" to remove a ban.`),
		anonymous: &chat.Notice{MsgID: "bad_ban_anon", Text: "You cannot ban anonymous users."},
		judge:     judgeBan,
	}
}

func judgeBan(c *Call, reason string) Verdict {
	switch spared(c) {
	case sparedSelf:
		return refuse(notice("bad_ban_self", "You cannot ban yourself."))
	case sparedOwner:
		return refuse(notice("bad_ban_broadcaster", "You cannot ban the broadcaster."))
	case sparedMod:
		return refuse(notice("bad_ban_mod", "You cannot ban moderator %s unless you are the owner of this channel.", name(c.Target.User)))
	}
	if standingOf(c.Target.Member, c.Now) == banned {
		return refuse(alreadyBanned(c))
	}
	v := told("ban_success", "%s is now banned from this channel.", name(c.Target.User))
	return v.excluding(c, 0, reason)
}

var usageTimeout = usage("usage_timeout", `"/timeout <username> [duration][time unit] [reason]" - Temporarily prevent a user from chatting. Duration (optional, default=10 minutes) must be a positive integer; time unit (optional, default=s) must be one of s, m, h, d, w; maximum duration is 2 weeks. Combinations like 1d2h are also allowed. Reason is optional and will be shown to the target user and other moderators. Use "/untimeout" to remove a timeout.`)

func timeout() *Command {
	return &Command{
		Name: "timeout", may: moderators, takes: user,
		usage:     usageTimeout,
		anonymous: &chat.Notice{MsgID: "bad_timeout_anon", Text: "You cannot timeout anonymous users."},
		judge:     judgeTimeout,
	}
}

// judgeTimeout leaves a ban alone: a bot that times out for a late line must not turn
// it into a timeout. Source: Twitch's API, "Ban User", which refuses that as well.
func judgeTimeout(c *Call, rest string) Verdict {
	d, reason, ok := timeoutArgs(rest)
	switch {
	case !ok:
		return refuse(usageTimeout)
	case d > TimeoutMax:
		return refuse(notice("bad_timeout_duration", "You cannot time a user out for more than %d seconds.", TimeoutMax/time.Second))
	}
	switch spared(c) {
	case sparedSelf:
		return refuse(notice("bad_timeout_self", "You cannot timeout yourself."))
	case sparedOwner:
		return refuse(notice("bad_timeout_broadcaster", "You cannot timeout the broadcaster."))
	case sparedMod:
		return refuse(notice("bad_timeout_mod", "You cannot timeout moderator %s unless you are the owner of this channel.", name(c.Target.User)))
	}
	if standingOf(c.Target.Member, c.Now) == banned {
		return refuse(alreadyBanned(c))
	}
	v := told("timeout_success", "%s has been timed out for %s.", name(c.Target.User), Span(d))
	return v.excluding(c, d, reason)
}

// timeoutArgs reads "[duration] [reason]": a first word that begins like a number must
// be a duration, any other begins the reason.
func timeoutArgs(rest string) (d time.Duration, reason string, ok bool) {
	first, after := word(rest)
	if first == "" || first[0] != '-' && first[0] != '+' && (first[0] < '0' || first[0] > '9') {
		return TimeoutDefault, rest, true
	}
	d, ok = parseSpan(first, time.Second)
	return d, after, ok && d > 0
}

// excluding adds a ban, or a timeout of d when d is positive. Moderators who are banned
// or timed out by the broadcaster lose their role, or they could lift it themselves.
func (v Verdict) excluding(c *Call, d time.Duration, reason string) Verdict {
	ban := &store.Ban{Reason: cutBytes(reason, store.ReasonBytesMax)}
	change := store.Change{Ban: ban, Revoke: chat.Moderator | chat.VIP}
	if d > 0 {
		ban.Until = c.Now.Add(d)
		change.Revoke = chat.Moderator
	}
	event := &chat.Clearing{Place: chat.Place{Room: c.Room}, Target: c.Target.User, For: d}
	return v.changing(c, change).showing(event)
}

func alreadyBanned(c *Call) chat.Notice {
	return notice("already_banned", "%s is already banned in this channel.", name(c.Target.User))
}

// sparing says why somebody cannot be banned by the issuer.
type sparing uint8

const (
	sparedNot sparing = iota
	sparedSelf
	sparedOwner
	sparedMod
)

func spared(c *Call) sparing {
	roles := c.targetRoles()
	switch {
	case c.Target.User.Login == c.Issuer.Login:
		return sparedSelf
	case roles&chat.Broadcaster != 0:
		return sparedOwner
	case roles&chat.Moderator != 0 && c.Roles&chat.Broadcaster == 0:
		return sparedMod
	}
	return sparedNot
}
