package clue

import "uproar/core/chat"

var rejectSuspended = &chat.Notice{MsgID: "msg_suspended", Text: "You don't have permission to perform that action."}

// siteBan refuses those whose account is banned from the whole site.
func siteBan(f *Facts, _ *Line) *chat.Notice {
	if !f.Account.Banned {
		return nil
	}
	return rejectSuspended
}
