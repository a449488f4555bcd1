package clue

import (
	"uproar/core/chat"
	"uproar/core/clue/command"
	"uproar/core/trace"
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

// take publishes what the desk has handed over. Who caused it is answered when it is
// published, or cannot be.
func (s *shard) take(h handover) {
	s.clock()
	s.held.sweep(s.tick)
	p := s.next
	p.handed, p.answers = h, append(p.answers, h.answer)
	if h.held != nil && !s.held.has(h.held) { // somebody was quicker, or the time is over
		s.reject(&p.answers[0], &command.HeldGone)
		s.replier.Decided(p.answers)
		p.reset()
		return
	}
	var err error
	if len(h.events) > 0 {
		r := s.rooms.speak(h.room, s.now, s.tick)
		s.number(r, &h)
		if err = s.publisher.Publish(r.name, h.events, p.done); err == nil {
			if s.leaves(p, r) {
				return
			}
			err = p.err
		}
	}
	s.shown(p, err)
	p.reset()
}

// number gives the events the room's next numbers.
func (s *shard) number(r *room, h *handover) {
	for _, e := range h.events {
		*e.Where() = r.place(s.now)
		if m, ok := e.(*chat.Message); ok {
			s.trace.Note(trace.Decided, m.ID)
		}
	}
	if h.held != nil {
		h.held.underWay = true
	}
}

// shown answers who caused a handover, now that everybody can see it, or that err says why
// not.
func (s *shard) shown(p *publication, err error) {
	h := &p.handed
	if h.held != nil {
		h.held.underWay = false
	}
	if err != nil {
		s.meters.publishFailed.Inc()
		for _, e := range h.events {
			if r, ok := e.(*chat.Raid); ok {
				s.desk.raids.undo(h.answer.Room, r)
			}
		}
		s.reject(&p.answers[0], chat.RejectUndone)
	} else {
		s.meters.told.Inc()
		if h.held != nil {
			s.settle(h.held, h.fate)
		}
	}
	s.replier.Decided(p.answers)
}
