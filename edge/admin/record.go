package admin

import (
	"net/http"
	"time"

	"uproar/core/chat"
	"uproar/core/store"
)

// What no chat command sets, and what is shown with it. The fields of each resource can
// be set; the others of its record are for reading.
var (
	rooms = resource{
		key: func(r *http.Request) store.Key { return store.Key{Kind: store.KindRoom, Room: r.PathValue("room")} },
		fields: map[string]field{
			"created":    flag(func(c *store.Change) **bool { return &c.Created }),
			"suspended":  flag(func(c *store.Change) **bool { return &c.Suspended }),
			"hold_terms": flag(func(c *store.Change) **bool { return &c.HoldTerms }),
			"no_links":   flag(func(c *store.Change) **bool { return &c.NoLinks }),
			"terms":      setTerms,
		},
		view: viewRoom,
	}
	members = resource{
		key: func(r *http.Request) store.Key {
			return store.Key{Kind: store.KindMember, Room: r.PathValue("room"), Login: r.PathValue("login")}
		},
		fields: map[string]field{"subscriber": role(chat.Subscriber), "follows": setFollows},
		view:   viewMember,
	}
	accounts = resource{
		key: func(r *http.Request) store.Key {
			return store.Key{Kind: store.KindAccount, Login: r.PathValue("login")}
		},
		fields: map[string]field{
			"banned":   flag(func(c *store.Change) **bool { return &c.Banned }),
			"verified": flag(func(c *store.Change) **bool { return &c.Verified }),
		},
		view: viewAccount,
	}
)

type roomRecord struct {
	Room      string      `json:"room"`
	Created   bool        `json:"created"`
	Suspended bool        `json:"suspended"`
	Terms     []string    `json:"terms"`
	HoldTerms bool        `json:"hold_terms"`
	NoLinks   bool        `json:"no_links"`
	Modes     modesRecord `json:"modes"`
}

type modesRecord struct {
	SlowSeconds         int64 `json:"slow_seconds"` // 0: off
	FollowersOnly       bool  `json:"followers_only"`
	FollowersForSeconds int64 `json:"followers_for_seconds"`
	SubscribersOnly     bool  `json:"subscribers_only"`
	EmoteOnly           bool  `json:"emote_only"`
	Unique              bool  `json:"unique"`
}

func viewRoom(read *store.Read) any {
	m := &read.Room.Modes
	v := roomRecord{
		Room: read.Key.Room, Created: read.Room.Created, Suspended: read.Room.Suspended,
		Terms: read.Room.Terms, HoldTerms: read.Room.HoldTerms, NoLinks: read.Room.NoLinks,
		Modes: modesRecord{
			SlowSeconds:   int64(m.Slow / time.Second),
			FollowersOnly: m.FollowersOnly, FollowersForSeconds: int64(m.FollowersFor / time.Second),
			SubscribersOnly: m.SubscribersOnly, EmoteOnly: m.EmoteOnly, Unique: m.Unique,
		},
	}
	if v.Terms == nil {
		v.Terms = []string{}
	}
	return v
}

type memberRecord struct {
	Room       string     `json:"room"`
	Login      string     `json:"login"`
	Subscriber bool       `json:"subscriber"`
	Follows    *time.Time `json:"follows"` // since when
	Roles      []string   `json:"roles"`
	Ban        *banRecord `json:"ban"`
	Timeout    *banRecord `json:"timeout"`
}

// banRecord is a ban, or a timeout that has not ended.
type banRecord struct {
	Until  *time.Time `json:"until,omitempty"`
	Reason string     `json:"reason"`
}

func viewMember(read *store.Read) any {
	m, k := read.Member, read.Key
	roles := m.Roles | chat.RolesIn(k.Room, &chat.User{Login: k.Login})
	v := memberRecord{Room: k.Room, Login: k.Login, Subscriber: roles&chat.Subscriber != 0, Roles: roleNames(roles)}
	if !m.Follows.IsZero() {
		v.Follows = &m.Follows
	}
	switch {
	case m.Banned && m.Until.IsZero():
		v.Ban = &banRecord{Reason: m.BannedFor}
	case m.Banned:
		v.Timeout = &banRecord{Until: &m.Until, Reason: m.BannedFor}
	}
	return v
}

// roleNames are never nil, so that JSON has a list.
func roleNames(roles chat.Roles) []string {
	names := []string{}
	for _, r := range []struct {
		role chat.Roles
		name string
	}{{chat.Broadcaster, "broadcaster"}, {chat.Moderator, "moderator"}, {chat.VIP, "vip"}, {chat.Subscriber, "subscriber"}} {
		if roles&r.role != 0 {
			names = append(names, r.name)
		}
	}
	return names
}

type accountRecord struct {
	Login    string  `json:"login"`
	Verified bool    `json:"verified"`
	Banned   bool    `json:"banned"` // from the whole site
	Color    *string `json:"color"`  // "#RRGGBB"
}

func viewAccount(read *store.Read) any {
	a := read.Account
	v := accountRecord{Login: read.Key.Login, Verified: a.Verified, Banned: a.Banned}
	if a.Color != "" {
		v.Color = &a.Color
	}
	return v
}
