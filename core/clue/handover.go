package clue

import "uproar/core/chat"

// toDesk hands a command to the desk, which answers it.
func (s *shard) toDesk(sub *Submission, d *Decision, a *ask) {
	_, args := commandOf(sub.Text)
	if id := a.command.Needs(args).Line; id != "" {
		if r := s.rooms.byName[sub.Room]; r != nil {
			sub.about = r.parent(id)
		}
	}
	if err := s.desk.put(sub); err != nil {
		s.meters.deskFull.Inc()
		s.reject(d, chat.RejectUnavailable)
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

// take gives the events the room's next numbers and publishes them, then answers who
// caused them.
func (s *shard) take(h handover) {
	s.clock()
	r := s.rooms.speak(h.room, s.now, s.tick)
	for _, e := range h.events {
		r.seq++
		*e.Where() = chat.Place{Room: r.name, RoomID: r.id, Seq: r.seq, Time: s.now}
	}
	if err := s.publisher.Publish(r.name, h.events); err != nil {
		s.meters.publishFailed.Inc()
		s.reject(&h.answer, chat.RejectUnavailable)
	} else {
		s.meters.told.Inc()
	}
	s.decisions[0] = h.answer
	s.replier.Decided(s.decisions[:1])
	clear(s.decisions[:1])
}
