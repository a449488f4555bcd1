package chat

import (
	"slices"

	"uproar/core/chat"
	"uproar/edge/engine"
)

// Deliver takes events of one room, in order, and mails them to the loops that have
// members. A loop that is too far behind loses them, and its members are told. For one
// room it must not be called by two goroutines at once.
func (h *Hub) Deliver(name string, events []chat.Event) {
	if name == chat.Everywhere {
		h.everywhere(events)
		return
	}
	events = h.withViewers(events)
	rooms, last := h.index.deliver(name, events)
	if len(rooms) == 0 {
		return
	}
	kept := slices.Clone(events) // shared by the loops, modified by none
	for _, r := range rooms {
		// What follows a loss is lost too until the loop has told of it, so that the gap is
		// where the lines are missing.
		if r.lost.Load() == 0 && r.loop.Post(delivery{r, kept, last}, len(kept)) {
			continue
		}
		r.lostUpTo.Store(last)
		// At most one per room is waiting, and one for each ban, which moderators bound.
		if bans := banned(kept); r.lost.Add(int64(len(kept))) == int64(len(kept)) || len(bans) > 0 {
			r.loop.PostAlways(lossTask{r, bans})
		}
	}
}

// Gap tells a room's members, between the lines before and those after, that lines will
// not come; 0: nobody knows how many. It is a Deliver of one event.
func (h *Hub) Gap(room string, missed uint64) {
	h.Deliver(room, []chat.Event{gapIn(room, missed)})
}

// Late notes that events which have been delivered are late, see exchange.InboxConfig: who
// has read them elsewhere and comes back here is told that lines may be missing.
func (h *Hub) Late(room string, events []chat.Event) {
	h.recent.markLate(room, events)
}

// everywhere takes what is for users wherever they are.
func (h *Hub) everywhere(events []chat.Event) {
	for _, e := range events {
		switch e := e.(type) {
		case *chat.Whisper:
			h.Whisper(e.To, e)
		case *chat.Notify:
			h.Notify(e.Logins, e.About, e.Notice)
		case *chat.Gap: // nobody knows whom to tell
			h.meters.whispersLost.Add(int(max(e.Missed, 1)))
		}
	}
}

// withViewers fills in how many raid, where clue could not know it: it may be a process
// without members.
func (h *Hub) withViewers(events []chat.Event) []chat.Event {
	unknown := func(e chat.Event) bool {
		r, ok := e.(*chat.Raid)
		return ok && !r.Off && r.Viewers == 0
	}
	if !slices.ContainsFunc(events, unknown) {
		return events
	}
	events = slices.Clone(events)
	for i, e := range events {
		if unknown(e) {
			raid := *e.(*chat.Raid)
			raid.Viewers = h.Viewers(raid.User.Login)
			events[i] = &raid
		}
	}
	return events
}

// delivery is events for the members of a room on one loop.
type delivery struct {
	room   *room
	events []chat.Event
	last   uint64 // number of the last, see recent; 0 where they have none
}

func (d delivery) Run(*engine.Loop) {
	if d.last != 0 {
		d.room.number(d.last, len(d.events))
	}
	d.room.add(d.events)
}

// lossTask tells a room of events that its loop could not take. Whoever they ban leaves
// all the same.
type lossTask struct {
	room   *room
	banned []string
}

func (t lossTask) Run(*engine.Loop) {
	r := t.room
	lost := int(r.lost.Swap(0))
	switch {
	case lost == 0: // told with the loss before
	case len(r.pending) < pendingMax:
		r.loop.hub.meters.linesLost.Add(lost)
		r.add([]chat.Event{gapIn(r.name, uint64(lost))})
	default:
		r.untold += lost
	}
	r.evict(t.banned)
}
