package command

import "uproar/core/chat"

// announce is one of the five: "/announce" in the room's own colour, and four with
// theirs.
func announce(as, color string) *Command {
	c := &Command{
		Name: as, may: moderators, takes: text,
		usage: usage("usage_"+as, `"/`+as+` <message>" - Call attention to your message with a highlight.`),
	}
	c.judge = func(call *Call, args string) Verdict {
		if args == "" {
			return refuse(c.usage)
		}
		return Verdict{}.showing(&chat.Announcement{
			Place: chat.Place{Room: call.Room}, ID: call.ID, User: call.Issuer, Roles: call.Roles,
			Text: cutRunes(args, chat.TextRunesMax), Color: color,
		})
	}
	return c
}
