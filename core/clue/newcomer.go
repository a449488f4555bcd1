package clue

import (
	"time"

	"uproar/core/store"
)

// A returning chatter said its first line in the room at most newFor ago, and its last
// one apart ago or more: it has come again. Twitch calls so who is new to a room within
// 30 days and chats again; how long it must have been away is ours.
const (
	newFor = 30 * 24 * time.Hour
	apart  = 12 * time.Hour
)

// newcomer reports whether this is the sender's first line in the room ever, or else the
// first one since it came again. Of the lines of a batch only the first is either.
func (s *shard) newcomer(a *ask) (first, returning bool) {
	m := s.facts.Member
	first = m.First.IsZero()
	returning = !first && s.now.Sub(m.First) <= newFor && s.now.Sub(m.Last) >= apart
	if !first && !returning {
		return false, false
	}
	if _, again := s.firsts[a.speaker]; again {
		return false, false
	}
	s.firsts[a.speaker] = struct{}{}
	return first, returning
}

// markDue reports whether the store is to mark the line of an accepted one, and notes
// then that it will have: the member's next line is not the first, nor is it returning.
func (s *shard) markDue(a *accepted) bool {
	e, _ := s.fetch.resolve(a.ask.member)
	if s.now.Sub(e.member.Last) < store.MarkEvery {
		return false
	}
	m := e.member.Marked(s.now)
	s.cache.amend(store.Key{Kind: store.KindMember, Room: a.room.name, Login: a.decision.Message.User.Login}, e, &m)
	return true
}
