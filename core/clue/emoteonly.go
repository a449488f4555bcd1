package clue

import "uproar/core/chat"

var rejectEmoteOnly = &chat.Notice{MsgID: "msg_emoteonly", Text: "This room is in emote-only mode. You can find your currently available emoticons using the smiley in the chat text area."}

// emoteOnly refuses a text that is not emotes alone. Those who are trusted are exempt.
func emoteOnly(f *Facts, _ *Line) *chat.Notice {
	if !f.Room.Modes.EmoteOnly || f.Emotes || f.Roles.Trusted() {
		return nil
	}
	return rejectEmoteOnly
}
