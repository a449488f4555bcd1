package clue

import "uproar/core/chat"

// unknownCommand refuses a command, in Twitch's words: always with a slash, whether it
// was typed with a slash or a dot. Those that somebody knows do not come here.
func unknownCommand(_ *Facts, l *Line) *chat.Notice {
	if l.Command == "" {
		return nil
	}
	return &chat.Notice{
		MsgID: chat.RejectCommand.MsgID,
		Text:  chat.RejectCommand.Text + "/" + l.Command,
	}
}
