package command

import (
	"uproar/core/chat"
	"uproar/core/store"
)

// setting is the verdict that makes one mode what it is in modes. The whole room is
// told, the issuer with it: tmi.js settles /slow and /followers by the ROOMSTATE alone.
func setting(c *Call, mode chat.Mode, modes chat.Modes, n chat.Notice) Verdict {
	return Verdict{
		Changes: []KeyedChange{{
			Key:    store.Key{Kind: store.KindRoom, Room: c.Room},
			Change: store.Change{Mode: &store.ModeValue{Mode: mode, Modes: modes}},
		}},
		Events: []chat.Event{&chat.ModeChange{Place: chat.Place{Room: c.Room}, Mode: mode, Modes: modes, Notice: n}},
	}
}

// modeSwitch is a mode that is on or off and nothing else.
type modeSwitch struct {
	mode              chat.Mode
	of                func(*chat.Modes) *bool
	name              string   // the command; with "off" behind it, the other
	aliases           []string // likewise
	id                string   // of what is told: "subs" gives subs_on, already_subs_off
	called            string   // in texts
	usageOn, usageOff string
}

var switches = []*modeSwitch{
	{
		mode: chat.ModeUnique, of: func(m *chat.Modes) *bool { return &m.Unique },
		name: "uniquechat", aliases: []string{"r9kbeta"}, id: "r9k", called: "unique-chat mode",
		usageOn:  `"/uniquechat" - Enables unique-chat mode. Use "/uniquechatoff" to disable.`,
		usageOff: `"/uniquechatoff" - Disables unique-chat mode.`,
	},
	{
		mode: chat.ModeEmotes, of: func(m *chat.Modes) *bool { return &m.EmoteOnly },
		name: "emoteonly", id: "emote_only", called: "emote-only mode",
		usageOn:  `"/emoteonly" - Enables emote-only mode (only emoticons may be used in chat). Use "/emoteonlyoff" to disable.`,
		usageOff: `"/emoteonlyoff" - Disables emote-only mode.`,
	},
	{
		mode: chat.ModeSubscribers, of: func(m *chat.Modes) *bool { return &m.SubscribersOnly },
		name: "subscribers", id: "subs", called: "subscribers-only mode",
		usageOn:  `"/subscribers" - Enables subscribers-only mode (only subscribers may chat in this channel). Use "/subscribersoff" to disable.`,
		usageOff: `"/subscribersoff" - Disables subscribers-only mode.`,
	},
}

// command is the half of the switch that turns the mode on, or off.
func (s *modeSwitch) command(on bool) *Command {
	c := &Command{Name: s.name, aliases: s.aliases, may: moderators, takes: nothing}
	c.usage = usage("usage_"+s.id+"_on", s.usageOn)
	if !on {
		c.Name, c.aliases = s.name+"off", nil
		for _, alias := range s.aliases {
			c.aliases = append(c.aliases, alias+"off")
		}
		c.usage = usage("usage_"+s.id+"_off", s.usageOff)
	}
	c.judge = func(call *Call, _ string) Verdict { return s.judge(call, on) }
	return c
}

func (s *modeSwitch) judge(c *Call, on bool) Verdict {
	modes := c.Modes
	is := s.of(&modes)
	switch {
	case on && *is:
		return refuse(notice("already_"+s.id+"_on", "This room is already in %s.", s.called))
	case !on && !*is:
		return refuse(notice("already_"+s.id+"_off", "This room is not in %s.", s.called))
	}
	*is = on
	n := notice(s.id+"_on", "This room is now in %s.", s.called)
	if !on {
		n = notice(s.id+"_off", "This room is no longer in %s.", s.called)
	}
	return setting(c, s.mode, modes, n)
}
