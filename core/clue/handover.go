package clue

import (
	"uproar/core/chat"
	"uproar/core/clue/command"
)

// toDesk hands a command to the desk, which answers it.
func (s *shard) toDesk(sub *Submission, d *Decision, a *ask) {
	_, args := commandOf(sub.Text)
	needs := a.command.Needs(args)
	if needs.Line != "" {
		sub.about = s.lineOf(sub.Room, needs.Line)
	}
	if needs.Held != "" {
		sub.held = s.held.find(sub.Room, needs.Held)
	}
	sub.turn = sub.Room
	if a.command.Personal { // it may be given in a room that all clients of a kind use for that
		sub.turn = "@" + sub.User.Login
	}
	if err := s.desk.turns.put(sub); err != nil {
		s.meters.deskFull.Inc()
		s.reject(d, chat.RejectUndone)
	}
}

// takeHanded publishes what the desk has handed over, and does not wait for more.
func (s *shard) takeHanded() {
	for {
		select {
		case h := <-s.handed:
			s.take(h)
		default:
			return
		}
	}
}

// take carries out what the desk has handed over, then answers who caused it.
func (s *shard) take(h handover) {
	s.clock()
	s.held.sweep(s.tick)
	switch {
	case h.held != nil && !s.held.has(h.held): // somebody was quicker, or the time is over
		s.reject(&h.answer, &command.HeldGone)
	case !s.show(&h):
		s.meters.publishFailed.Inc()
		for _, e := range h.events {
			if r, ok := e.(*chat.Raid); ok {
				s.desk.raids.undo(h.answer.Room, r)
			}
		}
		s.reject(&h.answer, chat.RejectUndone)
	default:
		s.meters.told.Inc()
		if h.held != nil {
			s.settle(h.held, h.fate)
		}
	}
	s.decisions[0] = h.answer
	s.replier.Decided(s.decisions[:1])
	clear(s.decisions[:1])
}

// show gives the events the room's next numbers and publishes them. It reports false
// when nobody took them.
func (s *shard) show(h *handover) bool {
	if len(h.events) == 0 {
		return true
	}
	r := s.rooms.speak(h.room, s.now, s.tick)
	for _, e := range h.events {
		*e.Where() = r.place(s.now)
	}
	return s.publisher.Publish(r.name, h.events) == nil
}
