package command

import "uproar/core/chat"

// lineIDBytesMax is more than any id of a line is long.
const lineIDBytesMax = 64

var usageDelete = usage("usage_delete", `"/delete <msg id>" - Deletes the specified message.`)

func deletion() *Command {
	return &Command{
		Name: "delete", may: moderators, takes: text,
		usage: usageDelete,
		needs: func(n *Needs, rest string) {
			if id, _ := word(rest); len(id) <= lineIDBytesMax {
				n.Line = id
			}
		},
		judge: judgeDelete,
	}
}

// judgeDelete goes by what the author was when the line was said.
func judgeDelete(c *Call, args string) Verdict {
	id, _ := word(args)
	m := c.Line
	switch {
	case id == "":
		return refuse(usageDelete)
	case m == nil || m.ID != id || m.Room != c.Room:
		return refuse(notice("bad_delete_message_error", "There was a problem deleting the message: it is not known, or too old."))
	}
	if c.Roles&chat.Broadcaster == 0 && m.User.Login != c.Issuer.Login {
		switch roles := m.Roles | chat.RolesIn(c.Room, m.User); {
		case roles&chat.Broadcaster != 0:
			return refuse(notice("bad_delete_message_broadcaster", "You cannot delete the broadcaster's messages."))
		case roles&chat.Moderator != 0:
			return refuse(notice("bad_delete_message_mod", "You cannot delete messages from another moderator %s.", name(m.User)))
		}
	}
	text := m.Text
	if m.Action {
		text = "\x01ACTION " + text + "\x01"
	}
	v := told("delete_message_success", "The message from %s is now deleted.", name(m.User))
	return v.showing(&chat.Deletion{Place: chat.Place{Room: c.Room}, MessageID: m.ID, Login: m.User.Login, Text: text})
}
