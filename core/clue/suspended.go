package clue

import "uproar/core/chat"

var rejectRoom = &chat.Notice{MsgID: "msg_channel_suspended", Text: "This channel does not exist or has been suspended."}

// suspended refuses all lines of a room that is suspended, or does not exist.
func suspended(f *Facts, _ *Line) *chat.Notice {
	if f.Room.Suspended || f.Created && !f.Room.Created {
		return rejectRoom
	}
	return nil
}
