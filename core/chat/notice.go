package chat

// Notice is what a person is told about a room: why a line was refused, say. MsgID is
// Twitch's where Twitch has one, so that client libraries react; the text is what the
// person reads, in the wording that libraries parse.
type Notice struct {
	MsgID string
	Text  string
}

// Rejections of a line. A nil *Notice means accepted.
var (
	RejectRateLimit   = &Notice{"msg_ratelimit", "Your message was not sent because you are sending messages too quickly."}
	RejectUnavailable = &Notice{"msg_unavailable", "Your message was not sent because chat is busy. Please try again."}
	// RejectUnsure is for a line that may appear all the same.
	RejectUnsure = &Notice{RejectUnavailable.MsgID, "Your message may not have been sent because chat is busy. See whether it appears before you try again."}
	// RejectUndone is for a command: a store that did not answer may have made its change.
	RejectUndone  = &Notice{RejectUnavailable.MsgID, "Your command may not have been carried out because chat is busy. Please try again."}
	RejectCommand = &Notice{"unrecognized_cmd", "Unrecognized command: "}
)
