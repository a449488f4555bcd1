package clue

import "uproar/core/chat"

// rejectViewer has Twitch's words but for the address of its shop, which sells nothing
// that counts here. Client libraries go by the id.
var rejectViewer = &chat.Notice{MsgID: "msg_subsonly", Text: "This room is in subscribers only mode. To talk, purchase a channel subscription."}

// subscribersOnly refuses those who neither subscribe nor are trusted.
func subscribersOnly(f *Facts, _ *Line) *chat.Notice {
	if !f.Room.Modes.SubscribersOnly || f.Roles.Trusted() || f.Roles&chat.Subscriber != 0 {
		return nil
	}
	return rejectViewer
}
