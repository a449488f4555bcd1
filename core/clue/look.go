package clue

import (
	"hash/maphash"
	"math/bits"
	"time"

	"uproar/core/chat"
	"uproar/core/clue/command"
	"uproar/core/store"
)

// ask is what a line of the batch needs to be decided.
type ask struct {
	line    Line
	command *command.Command // nil: a text, or a command that nobody knows
	text    uint64           // hash
	account uint64           // key in buckets
	speaker uint64           // key in speakers

	room, member, who ref
	draw              int32 // index in fetch.Draws, or -1: the account has nothing to draw from
	asViewer          bool  // drawn as a viewer because nothing was known
}

// limits are the buckets that a line draws from. Twitch counts a viewer's line in two:
// one for rooms where it is a viewer, one for all rooms. A moderator's draws from the
// second alone, so that whoever moderates one room cannot use that to talk more
// elsewhere. A verified account has one bucket of its own. Source: the measurements of
// pajbot/tmi-rate-limits.
type limits struct{ viewer, trusted, verified []store.Limit }

func newLimits(cfg *Config) limits {
	var l limits
	viewer := store.Limit{Name: "viewer", N: cfg.RateLimit.N, Per: cfg.RateLimit.Per}
	anywhere := store.Limit{Name: "all", N: cfg.RateLimitModerator.N, Per: cfg.RateLimitModerator.Per}
	verified := store.Limit{Name: "verified", N: cfg.RateLimitVerified.N, Per: cfg.RateLimitVerified.Per}
	if !cfg.RateLimitModerator.off() {
		l.trusted = append(l.trusted, anywhere)
		l.viewer = append(l.viewer, anywhere)
	}
	if !cfg.RateLimit.off() {
		l.viewer = append(l.viewer, viewer)
	}
	if !cfg.RateLimitVerified.off() {
		l.verified = append(l.verified, verified)
	}
	return l
}

// of returns the buckets that apply.
func (l *limits) of(roles chat.Roles, verified bool) []store.Limit {
	switch {
	case verified:
		return l.verified
	case roles.Trusted():
		return l.trusted
	}
	return l.viewer
}

// lookupsPerLine is the number of records that a line needs: room, member and account.
const lookupsPerLine = 3

// drawNeeds are the rules that look at the lines before.
type drawNeeds struct{ window, gap time.Duration }

// look says what is needed to decide a line, or answers it when nothing is. It changes
// nothing.
func (s *shard) look(sub *Submission, d *Decision, a *ask) {
	if s.now.Sub(sub.Queued) > s.deadline {
		s.meters.timedOut.Inc()
		s.reject(d, Unavailable(sub.Text))
		return
	}
	a.line = Parse(sub.Text)
	if a.line.Text == "" || sub.User.Anonymous {
		d.Outcome = Ignored
		s.meters.ignored.Inc()
		return
	}
	if a.line.Command != "" {
		a.command, _ = command.Lookup(a.line.Command)
	}
	a.account = maphash.String(s.seed, sub.User.Login)
	a.speaker = bits.RotateLeft64(a.account, 31) ^ maphash.String(s.seed, sub.Room)
	a.text = hashOf(a.line.Text)
	if a.line.Action {
		a.text = ^a.text
	}
	login := sub.User.Login
	s.meters.lookups.Add(lookupsPerLine)
	a.room = s.fetch.find(s.cache, store.Key{Kind: store.KindRoom, Room: sub.Room}, s.tick)
	a.member = s.fetch.find(s.cache, store.Key{Kind: store.KindMember, Room: sub.Room, Login: login}, s.tick)
	a.who = s.fetch.find(s.cache, store.Key{Kind: store.KindAccount, Login: login}, s.tick)
	s.draw(sub, a)
}

// draw asks for one line out of the account's buckets, and for its lines before. Which
// buckets depends on its roles: those of a record that is past its time will do, and
// who is unknown draws as a viewer.
func (s *shard) draw(sub *Submission, a *ask) {
	a.draw = -1
	roles, verified := chat.RolesIn(sub.Room, sub.User), false
	if e := a.member.known; e != nil {
		roles |= e.member.Roles
	} else {
		a.asViewer = true
	}
	if e := a.who.known; e != nil {
		verified = e.account.Verified
	} else {
		a.asViewer = true
	}
	limits := s.limits.of(roles, verified)
	unique, slow := true, true
	if e := a.room.known; e != nil {
		unique, slow = e.room.Modes.Unique, e.room.Modes.Slow > 0
	}
	if len(limits) == 0 && !unique && !slow && s.needs == (drawNeeds{}) {
		return
	}
	a.draw = int32(len(s.fetch.Draws))
	s.fetch.Draws = append(s.fetch.Draws, store.Draw{
		Room: sub.Room, Login: sub.User.Login, Limits: limits, Text: a.text, Unique: unique,
	})
}

// ask makes the round trip of the batch, if it needs one.
func (s *shard) ask() bool {
	s.meters.misses.Add(len(s.fetch.Reads))
	if s.fetch.run(s.source, s.cache, s.epoch) {
		return true
	}
	if len(s.fetch.spoken) < batchLinesMax {
		return false
	}
	s.fetch.tellNow(s.source, s.epoch) // a busy shard that asks nothing still tells
	return true
}
