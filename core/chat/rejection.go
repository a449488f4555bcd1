package chat

// Notice is what a person is told about a room. MsgID is Twitch's where Twitch has one.
type Notice struct {
	MsgID string
	Text  string
}

// Rejection says why a line was refused. Its MsgID is Twitch's where Twitch has
// one, so that client libraries react; the text is what the person reads, in the
// wording that libraries parse.
type Rejection Notice

// Rejections of a line. A nil *Rejection means accepted.
var (
	RejectDuplicate   = &Rejection{"msg_duplicate", "Your message was not sent because it is identical to the previous one you sent, less than 30 seconds ago."}
	RejectRateLimit   = &Rejection{"msg_ratelimit", "Your message was not sent because you are sending messages too quickly."}
	RejectUnavailable = &Rejection{"msg_unavailable", "Your message was not sent because chat is busy. Please try again."}
	RejectCommand     = &Rejection{"unrecognized_cmd", "Unrecognized command: "}
)
