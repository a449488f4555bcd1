package redisstore

import (
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
	"time"

	"uproar/core/chat"
	"uproar/core/store"
)

// A record is a hash whose fields are absent at their zero value.
type fields map[string]string

// rosterRoles are the roles that are kept: Broadcaster follows from the names. Their
// names are fields of a member and parts of a roster's key.
var rosterRoles = []struct {
	role chat.Roles
	name string
}{{chat.Subscriber, "sub"}, {chat.VIP, "vip"}, {chat.Moderator, "mod"}}

func decodeRoom(f fields) (*store.Room, error) {
	d := decoder{f: f}
	room := &store.Room{
		Modes: chat.Modes{
			Slow:            d.duration("slow"),
			FollowersOnly:   d.flag("followers"),
			FollowersFor:    d.duration("followersfor"),
			SubscribersOnly: d.flag("subscribers"),
			EmoteOnly:       d.flag("emotes"),
			Unique:          d.flag("unique"),
		},
		Created:   d.flag("created"),
		Suspended: d.flag("suspended"),
		HoldTerms: d.flag("hold"),
		NoLinks:   d.flag("nolinks"),
	}
	if terms := f["terms"]; terms != "" {
		d.note("terms", json.Unmarshal([]byte(terms), &room.Terms))
	}
	return room, d.err
}

// decodeMember leaves out a timeout that has ended by now.
func decodeMember(f fields, now time.Time) (*store.Member, error) {
	d := decoder{f: f}
	m := &store.Member{
		Banned:    d.flag("banned"),
		Until:     d.time("until"),
		Follows:   d.time("follows"),
		BannedFor: f["why"],
	}
	for _, r := range rosterRoles {
		if d.flag(r.name) {
			m.Roles |= r.role
		}
	}
	if d.flag("spoken") { // of an older version, see mark.lua
		*m = m.Marked(store.LongAgo)
	}
	if m.Banned && !m.Until.IsZero() && !now.Before(m.Until) {
		m.Banned, m.Until, m.BannedFor = false, time.Time{}, ""
	}
	return m, d.err
}

// decodeMark is m with the times of a mark, which may be empty.
func decodeMark(m store.Member, mark string) (store.Member, error) {
	if mark == "" {
		return m, nil
	}
	first, last, _ := strings.Cut(mark, " ")
	d := decoder{f: fields{"first": first, "last": last}}
	m = m.Marked(d.time("first")).Marked(d.time("last"))
	return m, d.err
}

func decodeAccount(f fields) (*store.Account, error) {
	d := decoder{f: f}
	return &store.Account{Color: f["color"], Banned: d.flag("banned"), Verified: d.flag("verified")}, d.err
}

// decoder keeps the first error.
type decoder struct {
	f   fields
	err error
}

func (d *decoder) flag(field string) bool { return d.f[field] == "1" }

func (d *decoder) time(field string) time.Time {
	if d.f[field] == "" {
		return time.Time{}
	}
	return time.UnixMilli(d.number(field)).UTC()
}

func (d *decoder) duration(field string) time.Duration {
	if d.f[field] == "" {
		return 0
	}
	return time.Duration(d.number(field)) * time.Millisecond
}

func (d *decoder) number(field string) int64 {
	n, err := strconv.ParseInt(d.f[field], 10, 64)
	d.note(field, err)
	return n
}

func (d *decoder) note(field string, err error) {
	if err != nil && d.err == nil {
		d.err = fmt.Errorf("cannot read field %q: %w", field, err)
	}
}

// patch is a Change in the words of change.lua.
type patch struct {
	set           []string // fields, each with its value
	remove        []string // fields
	joins, leaves []string // rosters, by the name of the role
}

func encode(c *store.Change) patch {
	var p patch
	p.flag("created", c.Created)
	p.flag("suspended", c.Suspended)
	p.flag("hold", c.HoldTerms)
	p.flag("nolinks", c.NoLinks)
	if c.Mode != nil {
		p.mode(c.Mode.Mode, &c.Mode.Modes)
	}
	if c.Terms != nil {
		terms := ""
		if len(*c.Terms) > 0 {
			list, _ := json.Marshal(*c.Terms) // strings always marshal
			terms = string(list)
		}
		p.text("terms", terms)
	}
	p.roles(c.Grant, c.Revoke)
	if c.Unban {
		p.remove = append(p.remove, "banned", "until", "why")
	}
	if c.Ban != nil {
		p.text("banned", "1")
		p.time("until", c.Ban.Until)
		p.text("why", c.Ban.Reason)
	}
	if c.Follows != nil {
		p.time("follows", *c.Follows)
	}
	if c.Color != nil {
		p.text("color", *c.Color)
	}
	p.flag("banned", c.Banned)
	p.flag("verified", c.Verified)
	return p
}

// mode sets the fields that belong to m, and no other.
func (p *patch) mode(m chat.Mode, to *chat.Modes) {
	switch m {
	case chat.ModeSlow:
		p.duration("slow", to.Slow)
	case chat.ModeFollowers:
		p.flag("followers", &to.FollowersOnly)
		p.duration("followersfor", to.FollowersFor)
	case chat.ModeSubscribers:
		p.flag("subscribers", &to.SubscribersOnly)
	case chat.ModeEmotes:
		p.flag("emotes", &to.EmoteOnly)
	case chat.ModeUnique:
		p.flag("unique", &to.Unique)
	}
}

// roles: who is granted and revoked the same does not hold it.
func (p *patch) roles(grant, revoke chat.Roles) {
	for _, r := range rosterRoles {
		switch {
		case revoke&r.role != 0:
			p.text(r.name, "")
			p.leaves = append(p.leaves, r.name)
		case grant&r.role != 0:
			p.text(r.name, "1")
			p.joins = append(p.joins, r.name)
		}
	}
}

func (p *patch) text(field, value string) {
	if value == "" {
		p.remove = append(p.remove, field)
		return
	}
	p.set = append(p.set, field, value)
}

func (p *patch) flag(field string, value *bool) {
	switch {
	case value == nil:
	case *value:
		p.text(field, "1")
	default:
		p.text(field, "")
	}
}

func (p *patch) time(field string, t time.Time) {
	if t.IsZero() {
		p.text(field, "")
		return
	}
	p.text(field, strconv.FormatInt(t.UnixMilli(), 10))
}

func (p *patch) duration(field string, d time.Duration) {
	if d == 0 {
		p.text(field, "")
		return
	}
	p.text(field, strconv.FormatInt(d.Milliseconds(), 10))
}
