package clue

import (
	"strconv"
	"time"

	"uproar/core/chat"
)

// duplicate refuses what the sender said last in this room, if that was within the
// window. Those who are trusted may repeat themselves.
func duplicate(f *Facts, _ *Line) *chat.Notice {
	if f.Roles.Trusted() || !f.Same || f.Since < 0 || f.Since >= f.Window {
		return nil
	}
	return f.Repeated
}

// rejectDuplicate is made once, for a flood is cheap to refuse. The wording is Twitch's wording, whose window is 30 s.
func rejectDuplicate(window time.Duration) *chat.Notice {
	within := strconv.FormatInt(seconds(window), 10) + " seconds"
	if seconds(window) == 1 {
		within = "1 second"
	}
	return &chat.Notice{
		MsgID: "msg_duplicate",
		Text:  "Your message was not sent because it is identical to the previous one you sent, less than " + within + " ago.",
	}
}
