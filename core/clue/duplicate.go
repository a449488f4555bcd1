package clue

import "uproar/core/chat"

// duplicate refuses what the sender said last in this room, if that was within the
// window. Those who are trusted may repeat themselves.
func duplicate(f *Facts, _ *Line) *chat.Notice {
	if f.Roles.Trusted() || !f.Same || f.Since < 0 || f.Since >= f.Window {
		return nil
	}
	return chat.RejectDuplicate
}
