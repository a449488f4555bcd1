package clue

import "uproar/core/chat"

// lineGap refuses a viewer's line that comes too soon after its last in the room: the
// second that Twitch asks for in every room. Those who are trusted are exempt, and so are
// verified accounts, whose rate would mean nothing otherwise.
func lineGap(f *Facts, _ *Line) *chat.Notice {
	if f.Roles.Trusted() || f.Account.Verified || f.Since < 0 || f.Since >= f.Gap {
		return nil
	}
	return chat.RejectRateLimit
}
