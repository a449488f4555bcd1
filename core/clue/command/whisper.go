package command

import "uproar/core/chat"

var usageWhisper = usage("usage_whisper", `"/w <username> <message>"`)

func whisper() *Command {
	return &Command{
		Name: "w", aliases: []string{"whisper"}, Personal: true, takes: user,
		usage: usageWhisper,
		unknown: func(string) chat.Notice {
			return notice("whisper_invalid_login", "No user matching that username.")
		},
		needs: func(n *Needs, _ string) { n.Whispers = true },
		judge: judgeWhisper,
	}
}

func judgeWhisper(c *Call, text string) Verdict {
	to := c.Target.User
	switch {
	case text == "":
		return refuse(usageWhisper)
	case c.Banned:
		return refuse(notice("whisper_banned", "You have been banned from sending whispers."))
	case to.Login == c.Issuer.Login:
		return refuse(notice("whisper_invalid_self", "You cannot whisper to yourself."))
	case c.Target.Banned:
		return refuse(notice("whisper_banned_recipient", "That user has been banned from receiving whispers."))
	case c.Spent == SpentSecond:
		return refuse(notice("whisper_limit_per_sec", "You are sending whispers too fast. Try again in a second."))
	case c.Spent == SpentMinute:
		return refuse(notice("whisper_limit_per_min", "You are sending whispers too fast. Try again in a minute."))
	}
	return Verdict{Whisper: &Whisper{To: to, Line: &chat.Whisper{
		ID: c.ID, ThreadID: thread(c.Issuer.ID, to.ID), From: c.Issuer, Text: cutRunes(text, chat.TextRunesMax),
	}}}
}

// thread names what two users whisper: both ids, the lower first. They are decimal and
// without leading zeros, so the shorter is the lower.
func thread(a, b string) string {
	if len(a) > len(b) || len(a) == len(b) && a > b {
		a, b = b, a
	}
	return a + "_" + b
}
