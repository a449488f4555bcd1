package command

import "uproar/core/chat"

func clearing() *Command {
	return &Command{
		Name: "clear", may: moderators, takes: nothing,
		usage: usage("usage_clear", `"/clear" - Clear chat history for all users in this room.`),
		judge: func(c *Call, _ string) Verdict {
			return Verdict{}.showing(&chat.Clearing{Place: chat.Place{Room: c.Room}})
		},
	}
}
