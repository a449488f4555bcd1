package command

import "uproar/core/chat"

// Fate is what becomes of a line that is held for moderators.
type Fate uint8

// Fates.
const (
	Undecided Fate = iota
	Approved       // it is published, by Verdict.Events
	Denied         // its sender is told that it was refused
)

// HeldGone is for a held line that is not there to be decided. Its id, like those of the
// other answers here, is our own: Twitch decides such lines outside chat.
var HeldGone = chat.Notice{MsgID: "bad_held_unknown", Text: "No such line is held in this room: it has been decided, has waited for more than 5 minutes, or had to make room for others."}

func approve() *Command {
	return decision("approve", `"/approve <id>" - Publish a message that is held for moderators.`, judgeApprove)
}

func deny() *Command {
	return decision("deny", `"/deny <id>" - Refuse a message that is held for moderators.`, judgeDeny)
}

// decision is one of the two about a held line.
func decision(as, explained string, judge func(c *Call) Verdict) *Command {
	c := &Command{
		Name: as, may: moderators, takes: text,
		usage: usage("usage_"+as, explained),
		needs: func(n *Needs, rest string) {
			if id, _ := word(rest); len(id) <= lineIDBytesMax {
				n.Held = id
			}
		},
	}
	c.judge = func(call *Call, args string) Verdict {
		switch id, _ := word(args); {
		case id == "":
			return refuse(c.usage)
		case call.Held == nil:
			return refuse(HeldGone)
		}
		return judge(call)
	}
	return c
}

// judgeApprove asks whether the sender may still speak at all: what the room asks of
// lines has been asked when the line was held.
func judgeApprove(c *Call) Verdict {
	if c.Target.Banned || standingOf(c.Target.Member, c.Now) != free {
		return refuse(notice("bad_approve_banned", "%s is banned or timed out by now. The message is not published.", name(c.Held.User)))
	}
	v := told("approve_success", "The message from %s is published.", name(c.Held.User))
	v.Fate = Approved
	return v.showing(c.Held)
}

func judgeDeny(c *Call) Verdict {
	v := told("deny_success", "The message from %s is refused.", name(c.Held.User))
	v.Fate = Denied
	return v
}
