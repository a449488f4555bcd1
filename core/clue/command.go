package clue

import "uproar/core/chat"

// command refuses a command that nobody implements, in Twitch's words: always with
// a slash, whether it was typed with a slash or a dot.
func command(_ *Facts, l *Line) *chat.Rejection {
	if l.Command == "" {
		return nil
	}
	return &chat.Rejection{
		MsgID: chat.RejectCommand.MsgID,
		Text:  chat.RejectCommand.Text + "/" + l.Command,
	}
}
