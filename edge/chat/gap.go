package chat

import (
	"strconv"

	"uproar/core/chat"
)

// gapIn is an event that tells of lines missed in a room; 0: nobody can count them.
func gapIn(room string, missed uint64) chat.Event {
	return &chat.Gap{Place: chat.Place{Room: room}, Missed: missed}
}

func uncounted(room string) []chat.Event { return []chat.Event{gapIn(room, 0)} }

// appendGap appends the NOTICE of a gap that is the servers'.
func appendGap(dst []byte, t *texts, e *chat.Gap, caps capabilities) []byte {
	text := "Some lines of this room may not have reached you; the server cannot tell how many."
	if e.Missed > 0 {
		text = gapText(e.Missed, "because the server has lost them")
	}
	return appendNotice(dst, t, e.Room, &chat.Notice{MsgID: gapMsgID, Text: text}, caps)
}

func gapText(missed uint64, why string) string {
	return strconv.FormatUint(missed, 10) + " lines of this room did not reach you " + why + "."
}

// gap collects the NOTICE that tells of lines lost.
func (s *Session) gap(room string, missed uint32, why string) {
	s.loop.hub.meters.gapNotices.Inc()
	s.notice(room, &chat.Notice{MsgID: gapMsgID, Text: gapText(uint64(missed), why)})
}

// gapsIn counts the gaps among events.
func gapsIn(events []chat.Event) (n int) {
	for _, e := range events {
		if _, ok := e.(*chat.Gap); ok {
			n++
		}
	}
	return n
}
