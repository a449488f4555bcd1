package redisstore

import (
	"strconv"
	"strings"
	"testing"
	"time"

	"uproar/core/chat"
	"uproar/core/store"
	"uproar/core/store/redistest"
)

// ttl is for how long a key is still kept; negative for ever, or when there is none.
func ttl(t *testing.T, server *redistest.Server, key string) time.Duration {
	t.Helper()
	ms, err := strconv.ParseInt(strings.TrimPrefix(server.Do("PTTL", key), ":"), 10, 64)
	if err != nil {
		t.Fatal(err)
	}
	return time.Duration(ms) * time.Millisecond
}

const noKey = -2 * time.Millisecond // as PTTL says

// What a client can make by itself leaves; what people with a say have done stays.
func TestNothingThatClientsMakeStaysForEver(t *testing.T) {
	server := redistest.Start(t)
	s := open(t, Config{Addrs: []string{server.Addr}, Env: "test"})
	const day = 24 * time.Hour
	member, account := "up:test:{r:room}:m:bob", "up:test:{u:bob}:account"
	mark := "up:test:{r:room}:mark:bob"
	yes, color, since := true, "#FF0000", time.Now()
	near := func(what, key string, want time.Duration) {
		t.Helper()
		if got := ttl(t, server, key); want < 0 && got != want || (got-want).Abs() > time.Minute {
			t.Errorf("%s: kept for %v, want %v", what, got, want)
		}
	}
	const forEver = -time.Millisecond
	of := func(c store.Change) { t.Helper(); change(t, s, memberKey("room", "bob"), c) }
	timeout := store.Change{Ban: &store.Ban{Until: since.Add(time.Hour), Reason: "why"}}

	s.Fetch(within(t, time.Second), &store.Batch{Spoken: []store.Spoken{{Room: "room", Login: "bob", Mark: true}}})
	near("a mark", mark, store.MarkFor)
	near("a member that only spoke", member, noKey)
	of(timeout)
	near("a timeout", member, time.Hour+day)
	of(store.Change{Ban: &store.Ban{Until: since.Add(2 * time.Hour)}})
	near("a longer one without a reason", member, 2*time.Hour+day)
	of(store.Change{Ban: &store.Ban{}})
	near("a ban", member, forEver)
	of(timeout)
	of(store.Change{Grant: chat.VIP})
	near("a role", member, forEver)
	of(store.Change{Revoke: chat.VIP})
	near("the timeout, without the role", member, time.Hour+day)
	of(store.Change{Follows: &since})
	near("a follow", member, forEver)
	of(store.Change{Unban: true, Follows: &time.Time{}})
	near("nothing", member, noKey)

	change(t, s, store.Key{Kind: store.KindAccount, Login: "bob"}, store.Change{Color: &color})
	near("a color", account, colorFor)
	change(t, s, store.Key{Kind: store.KindAccount, Login: "bob"}, store.Change{Banned: &yes})
	near("a banned account", account, forEver)
	change(t, s, roomKey("room"), store.Change{Created: &yes})
	near("a room", "up:test:{r:room}:room", forEver)
}

// An older version kept a field of the member for ever, and no time.
func TestMemberOfAnOlderVersionHasSpokenLongAgo(t *testing.T) {
	server := redistest.Start(t)
	s := open(t, Config{Addrs: []string{server.Addr}, Env: "test"})
	server.Do("HSET", "up:test:{r:room}:m:bob", "spoken", "1")
	if m := read(t, s, memberKey("room", "bob")).Member; m.First != store.LongAgo {
		t.Errorf("before it speaks again: %+v", m)
	}
	now := time.Now()
	for range 2 {
		s.Fetch(within(t, time.Second), &store.Batch{Spoken: []store.Spoken{{Room: "room", Login: "bob", Mark: true}}})
		m := read(t, s, memberKey("room", "bob")).Member
		if m.First != store.LongAgo || m.Last.Sub(now).Abs() > time.Minute {
			t.Errorf("after: %+v", m)
		}
	}
	if got := server.Do("EXISTS", "up:test:{r:room}:m:bob"); got != ":0" {
		t.Errorf("the old record is still there: %s", got)
	}
}
