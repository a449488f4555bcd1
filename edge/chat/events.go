package chat

import (
	"strconv"
	"time"

	"uproar/core/chat"
	"uproar/proto/irc"
)

// The events other than lines, for members with the commands capability. See encode.go
// for what all append functions have in common.

// appendVerb appends ":server VERB #room" and, behind " :", a trailing text if there is
// one.
func appendVerb(dst []byte, t *texts, verb, room, text string) []byte {
	dst = append(append(append(dst, t.prefix...), verb...), " #"...)
	dst = append(dst, room...)
	if text != "" {
		dst = append(append(dst, " :"...), text...)
	}
	return append(dst, '\r', '\n')
}

// appendClearChat: `ban-duration` only for a timeout, a user only where not all is
// cleared.
func appendClearChat(dst []byte, t *texts, e *chat.Clearing, caps capabilities) []byte {
	target := ""
	if e.Target != nil {
		target = e.Target.Login
	}
	if caps&capTags != 0 {
		mark := irc.FirstTag
		if e.For > 0 {
			dst = irc.AppendTagInt(dst, mark, "ban-duration", int64(e.For/time.Second))
			mark = irc.NextTag
		}
		dst = irc.AppendTag(dst, mark, "room-id", e.RoomID)
		if e.Target != nil {
			dst = irc.AppendTag(dst, irc.NextTag, "target-user-id", e.Target.ID)
		}
		dst = append(irc.AppendTagInt(dst, irc.NextTag, "tmi-sent-ts", e.Time.UnixMilli()), ' ')
	}
	return appendVerb(dst, t, "CLEARCHAT", e.Room, target)
}

// appendClearMsg: TwitchLib reads the tags by position, so their order is fixed.
func appendClearMsg(dst []byte, t *texts, e *chat.Deletion, caps capabilities) []byte {
	if caps&capTags != 0 {
		dst = irc.AppendTag(dst, irc.FirstTag, "login", e.Login)
		dst = irc.AppendTag(dst, irc.NextTag, "room-id", e.RoomID)
		dst = irc.AppendTag(dst, irc.NextTag, "target-msg-id", e.MessageID)
		dst = append(irc.AppendTagInt(dst, irc.NextTag, "tmi-sent-ts", e.Time.UnixMilli()), ' ')
	}
	return appendVerb(dst, t, "CLEARMSG", e.Room, e.Text)
}

// appendModeChange appends the ROOMSTATE of the one mode that changed, which clients
// tell from a full one by its two tags, and the NOTICE.
func appendModeChange(dst []byte, t *texts, e *chat.ModeChange, caps capabilities) []byte {
	if caps&capTags != 0 {
		// Alphabetical, as everywhere: "r9k" stands before "room-id" and "slow" behind.
		if e.Mode == chat.ModeSlow || e.Mode == chat.ModeSubscribers {
			dst = irc.AppendTag(dst, irc.FirstTag, "room-id", e.RoomID)
			dst = appendMode(append(dst, ';'), e.Mode, e.Modes)
		} else {
			dst = appendMode(append(dst, '@'), e.Mode, e.Modes)
			dst = irc.AppendTag(dst, irc.NextTag, "room-id", e.RoomID)
		}
		dst = append(dst, ' ')
	}
	dst = appendVerb(dst, t, "ROOMSTATE", e.Room, "")
	if caps&capTags != 0 {
		dst = append(irc.AppendTag(dst, irc.FirstTag, "msg-id", e.Notice.MsgID), ' ')
	}
	return appendVerb(dst, t, "NOTICE", e.Room, e.Notice.Text)
}

// appendMode appends one tag of ROOMSTATE.
func appendMode(dst []byte, mode chat.Mode, m chat.Modes) []byte {
	switch mode {
	case chat.ModeSlow:
		return strconv.AppendInt(append(dst, "slow="...), int64(m.Slow/time.Second), 10)
	case chat.ModeFollowers:
		minutes := int64(-1)
		if m.FollowersOnly {
			minutes = int64(m.FollowersFor / time.Minute)
		}
		return strconv.AppendInt(append(dst, "followers-only="...), minutes, 10)
	case chat.ModeSubscribers:
		return append(append(dst, "subs-only="...), flag(m.SubscribersOnly))
	case chat.ModeEmotes:
		return append(append(dst, "emote-only="...), flag(m.EmoteOnly))
	default:
		return append(append(dst, "r9k="...), flag(m.Unique))
	}
}

// appendUserNotice appends the tags of a USERNOTICE, with those of its kind in params,
// which begins with ";" and stands where it belongs by the alphabet, and the line.
func appendUserNotice(dst []byte, t *texts, n *userNotice, caps capabilities) []byte {
	if caps&capTags != 0 {
		u := n.user
		dst = appendBadges(append(dst, "@badge-info=;badges="...), n.roles)
		dst = irc.AppendTag(dst, irc.NextTag, "color", u.Color)
		dst = irc.AppendTag(dst, irc.NextTag, "display-name", u.Display)
		dst = append(dst, ";emotes=;flags="...)
		dst = irc.AppendTag(dst, irc.NextTag, "id", n.id)
		dst = irc.AppendTag(dst, irc.NextTag, "login", u.Login)
		dst = append(append(dst, ";mod="...), flag(n.roles&chat.Moderator != 0))
		dst = irc.AppendTag(dst, irc.NextTag, "msg-id", n.kind)
		for _, p := range n.params {
			if p.key != "" {
				dst = irc.AppendTag(dst, irc.NextTag, p.key, p.value)
			}
		}
		dst = irc.AppendTag(dst, irc.NextTag, "room-id", n.place.RoomID)
		dst = append(append(dst, ";subscriber="...), flag(n.roles&chat.Subscriber != 0))
		dst = irc.AppendTag(dst, irc.NextTag, "system-msg", n.system)
		dst = irc.AppendTagInt(dst, irc.NextTag, "tmi-sent-ts", n.place.Time.UnixMilli())
		dst = append(dst, ";turbo=0"...)
		dst = irc.AppendTag(dst, irc.NextTag, "user-id", u.ID)
		dst = append(append(dst, ";user-type="...), userType(n.roles)...)
		dst = append(dst, ' ')
	}
	return appendVerb(dst, t, "USERNOTICE", n.place.Room, n.text)
}

// userNotice is what the kinds of USERNOTICE have in common.
type userNotice struct {
	place  *chat.Place
	kind   string // msg-id
	id     string
	user   *chat.User
	roles  chat.Roles
	params [4]param // in alphabetical order; those without a key are left out
	system string   // what clients without a text of their own show
	text   string   // what the user wrote, or empty
}

type param struct{ key, value string }

func appendAnnouncement(dst []byte, t *texts, e *chat.Announcement, caps capabilities) []byte {
	n := userNotice{place: &e.Place, kind: "announcement", id: e.ID, user: e.User, roles: e.Roles, text: e.Text}
	n.params[0] = param{"msg-param-color", e.Color}
	return appendUserNotice(dst, t, &n, caps)
}

func appendRaid(dst []byte, t *texts, e *chat.Raid, caps capabilities) []byte {
	n := userNotice{place: &e.Place, kind: "raid", id: e.ID, user: e.User, roles: e.Roles}
	if e.Off {
		n.kind, n.system = "unraid", "The raid has been cancelled."
		return appendUserNotice(dst, t, &n, caps)
	}
	count := strconv.Itoa(e.Viewers)
	n.system = count + " raiders from " + e.User.Display + " have joined!"
	n.params = [4]param{
		{"msg-param-displayName", e.User.Display}, {"msg-param-login", e.User.Login}, {"msg-param-viewerCount", count},
	}
	return appendUserNotice(dst, t, &n, caps)
}

// appendWhisper appends a whisper to a login.
func appendWhisper(dst []byte, w *chat.Whisper, to string, caps capabilities, t *texts) []byte {
	u := w.From
	if caps&capTags != 0 {
		dst = append(dst, "@badges="...)
		dst = irc.AppendTag(dst, irc.NextTag, "color", u.Color)
		dst = irc.AppendTag(dst, irc.NextTag, "display-name", u.Display)
		dst = irc.AppendTag(dst, irc.NextTag, "emotes", w.Emotes)
		dst = irc.AppendTag(dst, irc.NextTag, "message-id", w.ID)
		dst = irc.AppendTag(dst, irc.NextTag, "thread-id", w.ThreadID)
		dst = append(dst, ";turbo=0"...)
		dst = irc.AppendTag(dst, irc.NextTag, "user-id", u.ID)
		dst = append(dst, ";user-type= "...)
	}
	dst = append(appendSource(dst, t, u.Login), "WHISPER "...)
	dst = append(append(dst, to...), " :"...)
	return append(append(dst, w.Text...), '\r', '\n')
}
