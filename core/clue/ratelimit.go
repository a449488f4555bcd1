package clue

import "uproar/core/chat"

// rateLimit refuses a line whose sender has spent the lines of this window.
func rateLimit(f *Facts, _ *Line) *chat.Notice {
	if f.RateLeft {
		return nil
	}
	return chat.RejectRateLimit
}
