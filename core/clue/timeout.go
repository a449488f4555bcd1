package clue

import (
	"strconv"

	"uproar/core/chat"
)

// timeout refuses those who are timed out, and tells how many seconds are left, which
// clients read as the sixth word.
func timeout(f *Facts, _ *Line) *chat.Notice {
	m := f.Member
	if !m.Banned || m.Until.IsZero() || !f.Now.Before(m.Until) {
		return nil
	}
	left := strconv.FormatInt(seconds(m.Until.Sub(f.Now)), 10)
	return &chat.Notice{MsgID: "msg_timedout", Text: "You are timed out for " + left + " more seconds."}
}
