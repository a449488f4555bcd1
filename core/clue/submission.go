package clue

import (
	"time"

	"uproar/core/chat"
)

// Submission is one line that somebody wants to say. Whoever fills it has checked
// that Room is a valid name and that Text is valid UTF-8 without control bytes
// other than \x01.
type Submission struct {
	Room    string
	User    *chat.User
	Text    string // as typed, up to what one protocol line holds
	Nonce   string // client-nonce, up to chat.NonceBytesMax bytes, or empty
	ReplyTo string // id of the line it answers, or empty
	Origin  chat.Origin
	Ticket  uint32    // the edge's own number of this question; comes back with the answer
	Queued  time.Time // set by Submit

	about *chat.Message // of a command that names a line: that line, if the room knows it
	held  *heldLine     // likewise, a line that is held
	turn  string        // of a command: whose turn it takes at the desk
}

// Outcome is what became of a submission.
type Outcome uint8

const (
	Accepted Outcome = iota + 1 // Message is set; it has been published
	Rejected                    // Rejection is set; the sender gets its NOTICE
	Ignored                     // nothing to say, as on Twitch: an empty line, or an anonymous sender
	Told                        // a command that was carried out: Notice is set, with an empty MsgID when there is nothing to tell
)

// Decision answers one submission. It is a value that the shard reuses: a Replier
// copies what it keeps.
type Decision struct {
	Outcome   Outcome
	Room      string
	User      *chat.User
	Nonce     string
	Origin    chat.Origin
	Ticket    uint32
	Message   *chat.Message // nil unless Accepted
	Rejection *chat.Notice  // nil unless Rejected
	Notice    chat.Notice   // of Told
	Events    []chat.Event  // of Told: what members have been shown; a sender who is none has not seen it
	Roles     chat.Roles    // of the sender in the room, when Accepted or Told
}
