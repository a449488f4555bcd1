package clue

import (
	"time"

	"uproar/core/chat"
	"uproar/core/clue/command"
)

// followersOnly refuses those who do not follow the room, or not for long enough. There
// are three texts: for rooms that ask for no time, for those who do not follow, and for
// those who follow too short a time. Those who are trusted are exempt.
func followersOnly(f *Facts, _ *Line) *chat.Notice {
	modes := &f.Room.Modes
	if !modes.FollowersOnly || f.Roles.Trusted() {
		return nil
	}
	follows := !f.Member.Follows.IsZero()
	since := f.Now.Sub(f.Member.Follows)
	switch {
	case follows && since >= modes.FollowersFor:
		return nil
	case modes.FollowersFor <= 0:
		return &chat.Notice{
			MsgID: "msg_followersonly_zero",
			Text:  "This room is in followers-only mode. Follow " + f.Channel + " to join the community!",
		}
	case !follows:
		return &chat.Notice{
			MsgID: "msg_followersonly",
			Text: "This room is in " + command.Span(modes.FollowersFor) + " followers-only mode. Follow " +
				f.Channel + " to join the community!",
		}
	}
	return &chat.Notice{
		MsgID: "msg_followersonly_followed",
		Text: "This room is in " + command.Span(modes.FollowersFor) + " followers-only mode. You have been following for " +
			command.Span(max(since, time.Second)) + ". Continue following to chat!",
	}
}
