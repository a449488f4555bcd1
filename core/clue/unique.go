package clue

import "uproar/core/chat"

var rejectUnique = &chat.Notice{MsgID: "msg_r9k", Text: "This room is in unique-chat mode and the message you attempted to send is not unique."}

// uniqueChat refuses what anybody has said in the room lately (store.SpokenFor). Those
// who are trusted are exempt.
func uniqueChat(f *Facts, _ *Line) *chat.Notice {
	if !f.Room.Modes.Unique || !f.Seen || f.Roles.Trusted() {
		return nil
	}
	return rejectUnique
}
