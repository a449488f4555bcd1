package store

import (
	"slices"
	"time"

	"uproar/core/chat"
)

// Records that nobody has changed are the same few values.
var (
	zeroRoom    = &Room{}
	zeroMember  = &Member{}
	zeroAccount = &Account{}
)

// patched is r after c. It shares nothing with c that the caller may write to.
func (r Room) patched(c *Change) Room {
	set(&r.Created, c.Created)
	set(&r.Suspended, c.Suspended)
	set(&r.HoldTerms, c.HoldTerms)
	set(&r.NoLinks, c.NoLinks)
	if c.Terms != nil {
		r.Terms = nil
		if len(*c.Terms) > 0 {
			r.Terms = slices.Clone(*c.Terms)
		}
	}
	if c.Mode != nil {
		c.Mode.apply(&r.Modes)
	}
	return r
}

func (r *Room) isZero() bool {
	return r.Modes == chat.Modes{} && !r.Created && !r.Suspended && len(r.Terms) == 0 && !r.HoldTerms && !r.NoLinks
}

// apply sets the fields of m that belong to the mode, and no other.
func (v *ModeValue) apply(m *chat.Modes) {
	switch v.Mode {
	case chat.ModeSlow:
		m.Slow = v.Modes.Slow
	case chat.ModeFollowers:
		m.FollowersOnly, m.FollowersFor = v.Modes.FollowersOnly, v.Modes.FollowersFor
	case chat.ModeSubscribers:
		m.SubscribersOnly = v.Modes.SubscribersOnly
	case chat.ModeEmotes:
		m.EmoteOnly = v.Modes.EmoteOnly
	case chat.ModeUnique:
		m.Unique = v.Modes.Unique
	}
}

// patched is m after c.
func (m Member) patched(c *Change) Member {
	m.Roles = (m.Roles | c.Grant) &^ (c.Revoke | chat.Broadcaster)
	if c.Unban {
		m.Banned, m.Until, m.BannedFor = false, time.Time{}, ""
	}
	if c.Ban != nil {
		m.Banned, m.Until, m.BannedFor = true, stamp(c.Ban.Until), c.Ban.Reason
	}
	if c.Follows != nil {
		m.Follows = stamp(*c.Follows)
	}
	return m
}

// lapsed reports whether m is of a timeout that has ended.
func (m *Member) lapsed(now time.Time) bool {
	return m.Banned && !m.Until.IsZero() && !now.Before(m.Until)
}

// patched is a after c.
func (a Account) patched(c *Change) Account {
	set(&a.Color, c.Color)
	set(&a.Banned, c.Banned)
	set(&a.Verified, c.Verified)
	return a
}

func set[V any](field, to *V) {
	if to != nil {
		*field = *to
	}
}

// stamp is t as it comes back from a file: to the millisecond, in UTC.
func stamp(t time.Time) time.Time {
	if t.IsZero() {
		return time.Time{}
	}
	return time.UnixMilli(t.UnixMilli()).UTC()
}
