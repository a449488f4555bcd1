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

// mark finds out whether the store is to mark an accepted line, and notes then that it
// will have: the member's next line is not the first, nor is it returning.
func (s *shard) mark(r *room, l *noted) {
	l.due = s.now.Sub(l.member.member.Last) >= store.MarkEvery
	if !l.due {
		return
	}
	m := l.member.member.Marked(s.now)
	marked := &entry{member: &m, at: l.member.at, doubt: l.member.doubt}
	if s.cache.amend(memberOf(r, l), l.member, marked) {
		l.marked = marked
	}
}

// memberOf is the key of the sender of a line.
func memberOf(r *room, l *noted) store.Key {
	return store.Key{Kind: store.KindMember, Room: r.name, Login: l.message.User.Login}
}
