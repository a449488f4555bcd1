package clue

import "uproar/core/chat"

var rejectSuspended = &chat.Rejection{MsgID: "msg_suspended", Text: "You don't have permission to perform that action."}

// siteBan refuses those whose account is banned from the whole site.
func siteBan(f *Facts, _ *Line) *chat.Rejection {
	if !f.Account.Banned {
		return nil
	}
	return rejectSuspended
}
