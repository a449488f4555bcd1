package clue

import "uproar/core/chat"

// ban refuses those who are banned from the room for ever. Clients look for how the
// text begins.
func ban(f *Facts, _ *Line) *chat.Notice {
	if !f.Member.Banned || !f.Member.Until.IsZero() {
		return nil
	}
	return rejectBanned(f.Channel)
}

func rejectBanned(room string) *chat.Notice {
	return &chat.Notice{MsgID: "msg_banned", Text: "You are permanently banned from talking in " + room + "."}
}
