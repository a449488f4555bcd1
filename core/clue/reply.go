package clue

import (
	"strings"

	"uproar/core/chat"
)

// replyTo is what a line that answers parent carries.
func replyTo(parent *chat.Message) *chat.Reply {
	r := &chat.Reply{
		ParentID:   parent.ID,
		ParentUser: parent.User,
		ParentText: parent.Text,
		ThreadID:   parent.ID,
		ThreadUser: parent.User,
	}
	if parent.Reply != nil {
		r.ThreadID, r.ThreadUser = parent.Reply.ThreadID, parent.Reply.ThreadUser
	}
	return r
}

// addressed is the text of a reply as it is relayed: it begins with "@Parent ",
// which is added unless the sender's client has done so. The whole is cut again to
// the length of a line.
func addressed(text string, parent *chat.User) string {
	name := parent.Display
	if n := len(name) + 1; len(text) >= n && text[0] == '@' && strings.EqualFold(text[1:n], name) &&
		(len(text) == n || text[n] == ' ') {
		return text
	}
	return cut("@" + name + " " + text)
}
