package chat

import (
	"uproar/core/chat"
	"uproar/proto/irc"
)

// Every append function here appends one line or more, each with its CRLF, and
// allocates nothing but what dst grows by. Tags stand in alphabetical order: Twitch
// promises none, but has always had that one and clients rely on it.

// appendSource appends ":u!u@u.host ".
func appendSource(dst []byte, t *texts, login string) []byte {
	dst = append(dst, ':')
	dst = append(dst, login...)
	dst = append(dst, '!')
	dst = append(dst, login...)
	dst = append(dst, '@')
	dst = append(dst, login...)
	dst = append(dst, '.')
	dst = append(dst, t.host...)
	return append(dst, ' ')
}

func appendJoin(dst []byte, t *texts, login, room string) []byte {
	dst = append(appendSource(dst, t, login), "JOIN #"...)
	return append(append(dst, room...), '\r', '\n')
}

func appendPart(dst []byte, t *texts, login, room string) []byte {
	dst = append(appendSource(dst, t, login), "PART #"...)
	return append(append(dst, room...), '\r', '\n')
}

// namesBytesMax bounds a line of 353 (RFC 2812 section 2.3: 512 with CRLF).
const namesBytesMax = 510

// appendNames appends 353 and 366 for login: the others, then itself in the last line.
func appendNames(dst []byte, t *texts, login, room string, others []string) []byte {
	for len(others) > 0 {
		start := len(dst)
		dst = appendNamesHead(dst, t, login, room)
		dst = append(dst, others[0]...)
		others = others[1:]
		for len(others) > 0 && len(dst)-start+1+len(others[0]) <= namesBytesMax {
			dst = append(append(dst, ' '), others[0]...)
			others = others[1:]
		}
		dst = append(dst, '\r', '\n')
	}
	dst = append(appendNamesHead(dst, t, login, room), login...)
	dst = append(dst, '\r', '\n')
	dst = appendNumericSource(dst, t, login)
	dst = append(append(dst, "366 "...), login...)
	dst = append(append(dst, " #"...), room...)
	return append(dst, " :End of /NAMES list\r\n"...)
}

func appendNamesHead(dst []byte, t *texts, login, room string) []byte {
	dst = append(append(appendNumericSource(dst, t, login), "353 "...), login...)
	dst = append(append(dst, " = #"...), room...)
	return append(dst, " :"...)
}

// appendNumericSource appends ":u.host ", which 353 and 366 come from on Twitch.
func appendNumericSource(dst []byte, t *texts, login string) []byte {
	dst = append(append(dst, ':'), login...)
	dst = append(append(dst, '.'), t.host...)
	return append(dst, ' ')
}

// appendBadges appends the badges of roles; always "name/version", for go-twitch-irc
// splits without a check.
func appendBadges(dst []byte, roles chat.Roles) []byte {
	start := len(dst)
	for _, b := range [...]struct {
		role  chat.Roles
		badge string
	}{
		{chat.Broadcaster, "broadcaster/1"}, {chat.Moderator, "moderator/1"},
		{chat.VIP, "vip/1"}, {chat.Subscriber, "subscriber/0"},
	} {
		if roles&b.role == 0 {
			continue
		}
		if len(dst) > start {
			dst = append(dst, ',')
		}
		dst = append(dst, b.badge...)
	}
	return dst
}

func flag(set bool) byte {
	if set {
		return '1'
	}
	return '0'
}

func userType(roles chat.Roles) string {
	if roles&chat.Moderator != 0 {
		return "mod"
	}
	return ""
}

func appendGlobalUserState(dst []byte, t *texts, u *chat.User, caps capabilities) []byte {
	if caps&capTags != 0 {
		dst = append(dst, "@badge-info=;badges="...)
		dst = irc.AppendTag(dst, irc.NextTag, "color", u.Color)
		dst = irc.AppendTag(dst, irc.NextTag, "display-name", u.Display)
		dst = append(dst, ";emote-sets=0;turbo=0"...)
		dst = irc.AppendTag(dst, irc.NextTag, "user-id", u.ID)
		dst = append(dst, ";user-type= "...)
	}
	return append(append(dst, t.prefix...), "GLOBALUSERSTATE\r\n"...)
}

// appendUserState appends USERSTATE; m is the line that it acknowledges, or nil after
// a JOIN.
func appendUserState(dst []byte, t *texts, room string, u *chat.User, roles chat.Roles, caps capabilities, m *chat.Message) []byte {
	if caps&capTags != 0 {
		dst = appendBadges(append(dst, "@badge-info=;badges="...), roles)
		if m != nil && m.Nonce != "" {
			dst = irc.AppendTag(dst, irc.NextTag, "client-nonce", m.Nonce)
		}
		dst = irc.AppendTag(dst, irc.NextTag, "color", u.Color)
		dst = irc.AppendTag(dst, irc.NextTag, "display-name", u.Display)
		dst = append(dst, ";emote-sets=0"...)
		if m != nil {
			dst = irc.AppendTag(dst, irc.NextTag, "id", m.ID)
		}
		dst = append(append(dst, ";mod="...), flag(roles&chat.Moderator != 0))
		dst = append(append(dst, ";subscriber="...), flag(roles&chat.Subscriber != 0))
		dst = append(append(dst, ";turbo=0;user-type="...), userType(roles)...)
		dst = append(dst, ' ')
	}
	dst = append(append(dst, t.prefix...), "USERSTATE #"...)
	return append(append(dst, room...), '\r', '\n')
}

// appendRoomState appends the full ROOMSTATE: clients wait for all six tags.
func appendRoomState(dst []byte, t *texts, r *room, caps capabilities) []byte {
	if caps&capTags != 0 {
		dst = appendMode(append(dst, '@'), chat.ModeEmotes, r.modes)
		dst = appendMode(append(dst, ';'), chat.ModeFollowers, r.modes)
		dst = appendMode(append(dst, ';'), chat.ModeUnique, r.modes)
		dst = irc.AppendTag(dst, irc.NextTag, "room-id", r.id)
		dst = appendMode(append(dst, ';'), chat.ModeSlow, r.modes)
		dst = appendMode(append(dst, ';'), chat.ModeSubscribers, r.modes)
		dst = append(dst, ' ')
	}
	dst = append(append(dst, t.prefix...), "ROOMSTATE #"...)
	return append(append(dst, r.name...), '\r', '\n')
}

// appendEvent appends an event as members with these capabilities read it: nothing,
// when they are not told of its kind.
func appendEvent(dst []byte, t *texts, e chat.Event, caps capabilities) []byte {
	switch e := e.(type) {
	case *chat.Message:
		return appendPrivmsg(dst, t, e, caps)
	case *chat.Gap:
		return appendGap(dst, t, e, caps)
	}
	if caps&capCommands == 0 {
		return dst
	}
	switch e := e.(type) {
	case *chat.Clearing:
		return appendClearChat(dst, t, e, caps)
	case *chat.Deletion:
		return appendClearMsg(dst, t, e, caps)
	case *chat.ModeChange:
		return appendModeChange(dst, t, e, caps)
	case *chat.Announcement:
		return appendAnnouncement(dst, t, e, caps)
	case *chat.Raid:
		return appendRaid(dst, t, e, caps)
	}
	return dst
}

// appendPrivmsg appends a line of chat.
func appendPrivmsg(dst []byte, t *texts, m *chat.Message, caps capabilities) []byte {
	if caps&capTags != 0 {
		dst = appendMessageTags(dst, m)
	}
	dst = append(appendSource(dst, t, m.User.Login), "PRIVMSG #"...)
	dst = append(append(dst, m.Room...), " :"...)
	if m.Action {
		dst = append(dst, "\x01ACTION "...)
		dst = append(dst, m.Text...)
		return append(dst, "\x01\r\n"...)
	}
	dst = append(dst, m.Text...)
	return append(dst, '\r', '\n')
}

func appendMessageTags(dst []byte, m *chat.Message) []byte {
	u := m.User
	dst = appendBadges(append(dst, "@badge-info=;badges="...), m.Roles)
	if m.Nonce != "" {
		dst = irc.AppendTag(dst, irc.NextTag, "client-nonce", m.Nonce)
	}
	dst = irc.AppendTag(dst, irc.NextTag, "color", u.Color)
	dst = irc.AppendTag(dst, irc.NextTag, "display-name", u.Display)
	dst = irc.AppendTag(dst, irc.NextTag, "emotes", m.Emotes)
	dst = append(append(dst, ";first-msg="...), flag(m.First))
	dst = append(dst, ";flags="...)
	dst = irc.AppendTag(dst, irc.NextTag, "id", m.ID)
	dst = append(append(dst, ";mod="...), flag(m.Roles&chat.Moderator != 0))
	if m.Reply != nil {
		dst = appendReplyTags(dst, m.Reply)
	}
	dst = append(append(dst, ";returning-chatter="...), flag(m.Returning))
	dst = irc.AppendTag(dst, irc.NextTag, "room-id", m.RoomID)
	dst = append(append(dst, ";subscriber="...), flag(m.Roles&chat.Subscriber != 0))
	dst = irc.AppendTagInt(dst, irc.NextTag, "tmi-sent-ts", m.Time.UnixMilli())
	dst = append(dst, ";turbo=0"...)
	dst = irc.AppendTag(dst, irc.NextTag, "user-id", u.ID)
	dst = append(append(dst, ";user-type="...), userType(m.Roles)...)
	if m.Roles&chat.VIP != 0 {
		dst = append(dst, ";vip=1"...)
	}
	return append(dst, ' ')
}

func appendReplyTags(dst []byte, r *chat.Reply) []byte {
	dst = irc.AppendTag(dst, irc.NextTag, "reply-parent-display-name", r.ParentUser.Display)
	dst = irc.AppendTag(dst, irc.NextTag, "reply-parent-msg-body", r.ParentText)
	dst = irc.AppendTag(dst, irc.NextTag, "reply-parent-msg-id", r.ParentID)
	dst = irc.AppendTag(dst, irc.NextTag, "reply-parent-user-id", r.ParentUser.ID)
	dst = irc.AppendTag(dst, irc.NextTag, "reply-parent-user-login", r.ParentUser.Login)
	dst = irc.AppendTag(dst, irc.NextTag, "reply-thread-parent-display-name", r.ThreadUser.Display)
	dst = irc.AppendTag(dst, irc.NextTag, "reply-thread-parent-msg-id", r.ThreadID)
	dst = irc.AppendTag(dst, irc.NextTag, "reply-thread-parent-user-id", r.ThreadUser.ID)
	return irc.AppendTag(dst, irc.NextTag, "reply-thread-parent-user-login", r.ThreadUser.Login)
}
