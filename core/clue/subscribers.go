package clue

import "uproar/core/chat"

// subscribersOnly refuses those who neither subscribe nor are trusted.
func subscribersOnly(f *Facts, _ *Line) *chat.Notice {
	if !f.Room.Modes.SubscribersOnly || f.Roles.Trusted() || f.Roles&chat.Subscriber != 0 {
		return nil
	}
	return &chat.Notice{
		MsgID: "msg_subsonly",
		Text: "This room is in subscribers only mode. To talk, purchase a channel subscription at https://www.twitch.tv/products/" +
			f.Channel + "/ticket?ref=subscriber_only_mode_chat.",
	}
}
