package clue

import (
	"hash/maphash"
	"math/bits"
	"strings"
	"time"

	"github.com/google/uuid"

	"uproar/core/chat"
	"uproar/core/store"
	"uproar/core/trace"
)

// pinnedBytesMax is how much of a submitted text a line may keep alive beyond its
// own. A text that lost more to trimming or cutting is copied.
const pinnedBytesMax = 64

// decide decides one submission by what is known now. It changes no state unless the
// line is accepted, is held, or goes to the desk; but what the store could not count has
// been drawn from the buckets of this process.
func (s *shard) decide(sub *Submission, d *Decision, a *ask) {
	if s.now.Sub(sub.Queued) > s.deadline {
		s.meters.timedOut.Inc()
		s.reject(d, Unavailable(sub.Text))
		return
	}
	who, known := s.gather(sub, a)
	switch {
	case a.command != nil && a.command.Personal:
		if r := rateLimit(&s.facts, &a.line); r != nil {
			s.reject(d, r)
			return
		}
		s.toDesk(sub, d, a)
	case !known:
		s.meters.unknown.Inc()
		s.reject(d, Unavailable(sub.Text))
	case a.command != nil:
		if r := judgeGates(&s.facts, &a.line); r != nil {
			s.reject(d, r)
			return
		}
		s.toDesk(sub, d, a)
	default:
		if r := judge(&s.facts, &a.line); r != nil {
			if r == rejectHeld {
				s.hold(sub, a, who.dress(sub.User))
			}
			s.reject(d, r)
			return
		}
		s.accept(sub, d, a, who.dress(sub.User))
	}
}

// gather fills the facts, and reports whether all are known: who may speak is never
// guessed.
func (s *shard) gather(sub *Submission, a *ask) (who *entry, known bool) {
	room, member, who := s.resolve(a.room), s.resolve(a.member), s.resolve(a.who)
	f := &s.facts
	*f = Facts{
		Channel: sub.Room, Now: s.now, Since: -1, RateLeft: true,
		Roles:   chat.RolesIn(sub.Room, sub.User),
		Created: s.created, Window: s.needs.window, Gap: s.needs.gap, Repeated: s.repeated,
	}
	verified := false
	if member != nil {
		f.Member = member.member
		f.Roles |= f.Member.Roles
	}
	if who != nil {
		f.Account = who.account
		verified = f.Account.Verified
	}
	if room != nil {
		f.Room = room.room
		f.Emotes = f.Room.Modes.EmoteOnly && s.emotes.Only(a.line.Text)
	}
	s.recallLines(sub, a, verified)
	return who, room != nil && member != nil && who != nil
}

// resolve returns a record, stale if need be, or nil.
func (s *shard) resolve(r ref) *entry {
	e, stale := s.fetch.resolve(r)
	if stale {
		s.meters.stale.Inc()
		s.meters.staleSeconds.Update(time.Duration(s.tick - e.at).Seconds())
	}
	return e
}

// recallLines fills the facts about the lines before: what the store says, and what
// this shard has accepted since. When the store says nothing, the buckets of this
// process count.
func (s *shard) recallLines(sub *Submission, a *ask, verified bool) {
	s.before, s.spoke = said{}, false
	if a.draw < 0 {
		return
	}
	f := &s.facts
	draw := &s.fetch.Draws[a.draw]
	if draw.Err == nil {
		// An account that turns out to be trusted has drawn from the wrong buckets: once
		// per record that was not in the cache, its line is free.
		f.RateLeft = draw.Left || a.asViewer && (f.Roles.Trusted() || verified)
		f.Since, f.Same, f.Seen = draw.Since, draw.Same, draw.Seen
	} else {
		f.RateLeft = s.accounts.draw(a.account, f.Roles, verified, s.tick)
	}
	if last, ok := s.speakers.Get(a.speaker); ok {
		s.before, s.spoke = last, true
		if since := time.Duration(s.tick - last.at); f.Since < 0 || since <= f.Since {
			f.Since, f.Same = since, last.text == a.text
		}
	}
	if f.Room != nil && f.Room.Modes.Unique && !f.Seen {
		at, ok := s.texts.Get(s.textKey(sub.Room, a.text))
		f.Seen = ok && s.tick-at < int64(store.SpokenFor)
	}
}

// textKey is the key of a text of a room in texts.
func (s *shard) textKey(room string, text uint64) uint64 {
	return bits.RotateLeft64(maphash.String(s.seed, room), 17) ^ text
}

// accept makes the line and remembers it.
func (s *shard) accept(sub *Submission, d *Decision, a *ask, u *chat.User) {
	r := s.rooms.speak(sub.Room, s.now, s.tick)
	m, id := s.compose(sub, a, u)
	m.Place = r.place(s.now)
	m.First, m.Returning = s.newcomer(a)
	s.rooms.remember(r, id, m)
	s.trace.Note(trace.Decided, m.ID)
	d.Outcome, d.Message, d.Roles = Accepted, m, m.Roles
	if r.batchLines == 0 {
		s.speaking = append(s.speaking, r)
	}
	r.batchLines++
	s.accepted = append(s.accepted, accepted{room: r, decision: d})
	l := &s.accepted[len(s.accepted)-1].noted
	l.message = m
	l.member, _ = s.fetch.resolve(a.member)
	s.remember(l, a)
}

// compose makes the line but for its place in the room.
func (s *shard) compose(sub *Submission, a *ask, u *chat.User) (*chat.Message, uuid.UUID) {
	id := s.ids.next()
	m := &chat.Message{
		ID:     id.String(),
		User:   u,
		Roles:  s.facts.Roles,
		Text:   a.line.Text,
		Action: a.line.Action,
		Nonce:  sub.Nonce,
		Origin: sub.Origin,
	}
	if sub.ReplyTo != "" {
		if parent := s.lineOf(sub.Room, sub.ReplyTo); parent != nil {
			m.Reply = replyTo(parent)
			m.Text = addressed(m.Text, parent.User)
		}
	}
	m.Emotes = s.emotes.Tag(m.Text)
	if len(sub.Text)-len(m.Text) > pinnedBytesMax {
		m.Text = strings.Clone(m.Text)
	}
	return m, id
}

// remember keeps what the rules ask of the lines before, if any of them does here. A line
// counts as said from now on, though it may be under way for a while, and be taken back.
func (s *shard) remember(l *noted, a *ask) {
	modes := &s.facts.Room.Modes
	l.speaker, l.said = a.speaker, said{a.text, s.tick}
	if s.needs == (drawNeeds{}) && modes.Slow <= 0 && !modes.Unique {
		return
	}
	l.kept, l.unique = true, modes.Unique
	l.before, l.spoke = s.before, s.spoke
	forgotten := s.speakers.Put(l.speaker, l.said, s.tick)
	if modes.Unique {
		forgotten += s.texts.Put(s.textKey(l.message.Room, a.text), s.tick, s.tick)
	}
	if forgotten > 0 {
		s.meters.forgotSpeakers.Add(forgotten)
	}
}

// lineOf is one of the last lines of a room, or nil.
func (s *shard) lineOf(room, id string) *chat.Message {
	if r := s.rooms.byName[room]; r != nil {
		if m := r.parent(id); m != nil {
			return m
		}
	}
	return s.heard(room, id)
}

// parent is the line of that id, or nil.
func (r *room) parent(replyTo string) *chat.Message {
	id, err := uuid.Parse(replyTo)
	if err != nil {
		return nil
	}
	return r.recent.find(id)
}
