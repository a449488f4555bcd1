package clue

import (
	"uproar/core/chat"
	"uproar/core/store"
)

// publish hands on the accepted lines of the batch, room by room: it lays them out
// by room in one array, in order, and publishes slices of that.
func (s *shard) publish() {
	next := 0
	for _, r := range s.speaking {
		r.batchNext = next
		next += r.batchLines
	}
	for i := range s.accepted {
		r := s.accepted[i].room
		s.published[r.batchNext] = s.accepted[i].decision.Message
		r.batchNext++
	}
	for _, r := range s.speaking {
		lines := s.published[r.batchNext-r.batchLines : r.batchNext]
		if err := s.publisher.Publish(r.name, lines); err != nil {
			s.takeBack(r)
		} else {
			s.meters.accepted.Add(len(lines))
		}
		r.batchLines = 0
	}
	s.keepSpoken()
	clear(s.published[:next])
	clear(s.speaking)
	clear(s.accepted)
	s.speaking, s.accepted = s.speaking[:0], s.accepted[:0]
}

// takeBack rejects the accepted lines of a room whose publication failed. Their
// senders may say the same again; their sequence numbers are not used again, for
// nobody knows how far they got.
func (s *shard) takeBack(r *room) {
	for i := range s.accepted {
		a := &s.accepted[i]
		if a.room != r {
			continue
		}
		r.recent.drop(a.decision.Message)
		s.speakers.Drop(a.ask.speaker)
		if a.unique {
			s.texts.Drop(s.textKey(r.name, a.ask.text))
		}
		s.meters.publishFailed.Inc()
		s.reject(a.decision, chat.RejectUnavailable)
	}
}

// keepSpoken collects what the store is told with the next round trip.
func (s *shard) keepSpoken() {
	for i := range s.accepted {
		a := &s.accepted[i]
		m := a.decision.Message
		if m == nil { // taken back
			continue
		}
		mark := s.markDue(a)
		if !mark && !a.kept {
			continue
		}
		if len(s.fetch.spoken) == spokenMax {
			s.meters.dropped.Inc()
			continue
		}
		s.fetch.spoken = append(s.fetch.spoken, spoken{at: s.tick, Spoken: store.Spoken{
			Room: a.room.name, Login: m.User.Login, Text: a.ask.text, Unique: a.unique, Mark: mark,
		}})
	}
}
