package redisstore

import (
	"strconv"
	"strings"

	"uproar/core/store"
)

// keys makes the names of the package doc's table.
type keys struct{ prefix string } // "up:{env}:"

func (k keys) inRoom(room, rest string) string { return k.prefix + roomTag(room) + ":" + rest }
func (k keys) ofUser(login, rest string) string {
	return k.prefix + userTag(login) + ":" + rest
}

// roomTag and userTag are what decides where a key lives.
func roomTag(room string) string  { return "{r:" + room + "}" }
func userTag(login string) string { return "{u:" + login + "}" }

func (k keys) room(room string) string           { return k.inRoom(room, "room") }
func (k keys) member(room, login string) string  { return k.inRoom(room, "m:"+login) }
func (k keys) roster(room, role string) string   { return k.inRoom(room, "roster:"+role) }
func (k keys) mark(room, login string) string    { return k.inRoom(room, "mark:"+login) }
func (k keys) last(room, login string) string    { return k.inRoom(room, "last:"+login) }
func (k keys) said(room string, h uint64) string { return k.inRoom(room, "said:"+textHash(h)) }
func (k keys) account(login string) string       { return k.ofUser(login, "account") }
func (k keys) rate(login, limit string) string   { return k.ofUser(login, "rate:"+limit) }
func (k keys) stale() string                     { return k.prefix + "stale" }
func textHash(h uint64) string                   { return strconv.FormatUint(h, 36) }

// record is the key of the hash that holds r, and the tag that it lives by.
func (k keys) record(r store.Key) (key, tag string) {
	switch r.Kind {
	case store.KindRoom:
		return k.room(r.Room), roomTag(r.Room)
	case store.KindMember:
		return k.member(r.Room, r.Login), roomTag(r.Room)
	case store.KindAccount:
		return k.account(r.Login), userTag(r.Login)
	default:
		return "", ""
	}
}

// notice is how the channel names r.
func notice(r store.Key) string {
	switch r.Kind {
	case store.KindRoom:
		return "r:" + r.Room
	case store.KindMember:
		return "m:" + r.Room + ":" + r.Login
	default:
		return "a:" + r.Login
	}
}

// parseNotice is the inverse of notice. What it cannot read, of another version of this
// program, is the zero Key: everything is stale.
func parseNotice(text string) store.Key {
	kind, name, _ := strings.Cut(text, ":")
	switch room, login, two := strings.Cut(name, ":"); {
	case name == "":
		return store.Key{}
	case kind == "r" && !two:
		return store.Key{Kind: store.KindRoom, Room: name}
	case kind == "a" && !two:
		return store.Key{Kind: store.KindAccount, Login: name}
	case kind == "m" && room != "" && login != "":
		return store.Key{Kind: store.KindMember, Room: room, Login: login}
	default:
		return store.Key{}
	}
}
