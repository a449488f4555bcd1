package clue

import (
	"strconv"

	"uproar/core/chat"
)

// slowMode refuses a viewer's line that comes too soon after the last, and tells how
// many seconds are left, which clients read as the 22nd word. Those who are trusted are
// exempt.
func slowMode(f *Facts, _ *Line) *chat.Notice {
	slow := f.Room.Modes.Slow
	if slow <= 0 || f.Roles.Trusted() || f.Since < 0 || f.Since >= slow {
		return nil
	}
	left := strconv.FormatInt(seconds(slow-f.Since), 10)
	return &chat.Notice{
		MsgID: "msg_slowmode",
		Text:  "This room is in slow mode and you are sending messages too quickly. You will be able to talk again in " + left + " seconds.",
	}
}
