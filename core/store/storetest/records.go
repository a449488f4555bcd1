package storetest

import (
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"time"

	"uproar/core/chat"
	"uproar/core/store"
)

func zeroRecords(h *house) {
	if r := h.read(h.roomKey("r")).Room; !sameRoom(r, &store.Room{}) {
		h.t.Errorf("room %+v", r)
	}
	if m := h.member("r", "a"); m != (store.Member{}) {
		h.t.Errorf("member %+v", m)
	}
	if a := h.read(h.accountKey("a")).Account; *a != (store.Account{}) {
		h.t.Errorf("account %+v", a)
	}
}

func bigBatch(h *house) {
	const groups = 100
	color := "#00FF7F"
	for i := 0; i < groups; i += 10 {
		n := fmt.Sprint("n", i)
		h.change(h.roomKey(n), mode(chat.ModeSlow, chat.Modes{Slow: time.Duration(i+1) * time.Second}))
		h.change(h.memberKey(n, "a"), store.Change{Grant: chat.VIP})
		h.change(h.accountKey(n), store.Change{Color: &color})
	}
	var b store.Batch
	for i := range groups {
		n := fmt.Sprint("n", i)
		for _, k := range []store.Key{h.accountKey(n), h.roomKey(n), h.memberKey(n, "a"), h.roomKey(n)} {
			b.Reads = append(b.Reads, store.Read{Key: k})
		}
	}
	h.fetch(&b)
	for i := range groups {
		var slow time.Duration
		var roles chat.Roles
		var c string
		if i%10 == 0 {
			slow, roles, c = time.Duration(i+1)*time.Second, chat.VIP, color
		}
		got := b.Reads[4*i : 4*i+4]
		if got[0].Account.Color != c || got[1].Room.Modes.Slow != slow || got[2].Member.Roles != roles || got[3].Room.Modes.Slow != slow {
			h.t.Fatalf("group %d: %+v %+v %+v %+v", i, got[0].Account, got[1].Room, got[2].Member, got[3].Room)
		}
	}
}

func batchAgain(h *house) {
	old := errors.New("of the last time")
	limits := []store.Limit{{Name: "x", N: 1, Per: time.Hour}}
	b := store.Batch{
		Reads: []store.Read{{Key: h.roomKey("r"), Member: &store.Member{}, Err: old}},
		Draws: []store.Draw{{Room: h.name("r"), Login: h.name("a"), Limits: limits, Since: time.Hour, Same: true, Seen: true, Err: old}},
	}
	h.fetch(&b)
	if r := b.Reads[0]; r.Room == nil || r.Member != nil {
		h.t.Errorf("%+v", r)
	}
	if d := b.Draws[0]; !d.Left || d.Since >= 0 || d.Same || d.Seen {
		h.t.Errorf("%+v", d)
	}
	h.fetch(&b)
	if b.Draws[0].Left {
		h.t.Error("left as the last time")
	}
}

func readOfNoKind(h *house) {
	b := store.Batch{Reads: []store.Read{{Key: store.Key{}}, {Key: h.accountKey("a")}}}
	h.Fetch(h.context(), &b)
	if b.Reads[0].Err == nil {
		h.t.Error("no error")
	}
	if b.Reads[1].Err != nil || b.Reads[1].Account == nil {
		h.t.Errorf("the rest was not done: %+v", b.Reads[1])
	}
}

func patchRoom(h *house) {
	k, yes, no := h.roomKey("r"), true, false
	terms, none := []string{"word", "*left", "right*"}, []string{}
	var want store.Room
	for i, step := range []struct {
		c    store.Change
		then func()
	}{
		{store.Change{Created: &yes}, func() { want.Created = true }},
		{store.Change{Suspended: &yes}, func() { want.Suspended = true }},
		{store.Change{HoldTerms: &yes, NoLinks: &yes}, func() { want.HoldTerms, want.NoLinks = true, true }},
		{store.Change{Terms: &terms}, func() { want.Terms = terms }},
		{mode(chat.ModeSlow, chat.Modes{Slow: 30 * time.Second}), func() { want.Modes.Slow = 30 * time.Second }},
		{store.Change{}, func() {}},
		{store.Change{Created: &no}, func() { want.Created = false }},
		{store.Change{HoldTerms: &no}, func() { want.HoldTerms = false }},
		{store.Change{Terms: &none, Created: &yes}, func() { want.Terms, want.Created = nil, true }},
		{store.Change{Suspended: &no, NoLinks: &no}, func() { want.Suspended, want.NoLinks = false, false }},
		{mode(chat.ModeSlow, chat.Modes{}), func() { want.Modes.Slow = 0 }},
		{store.Change{Created: &no}, func() { want.Created = false }},
	} {
		h.change(k, step.c)
		step.then()
		if got := h.read(k).Room; !sameRoom(got, &want) {
			h.t.Fatalf("step %d: %+v, want %+v", i, *got, want)
		}
	}
	if got := h.read(h.roomKey("other")).Room; !sameRoom(got, &store.Room{}) {
		h.t.Errorf("another room: %+v", got)
	}
}

func patchMode(h *house) {
	k := h.roomKey("r")
	all := chat.Modes{Slow: 90 * time.Second, FollowersOnly: true, FollowersFor: 10 * time.Minute, SubscribersOnly: true, EmoteOnly: true, Unique: true}
	var want chat.Modes
	for _, on := range []struct {
		mode chat.Mode
		then func()
	}{
		{chat.ModeFollowers, func() { want.FollowersOnly, want.FollowersFor = true, 10*time.Minute }},
		{chat.ModeUnique, func() { want.Unique = true }},
		{chat.ModeSlow, func() { want.Slow = 90 * time.Second }},
		{chat.ModeEmotes, func() { want.EmoteOnly = true }},
		{chat.ModeSubscribers, func() { want.SubscribersOnly = true }},
	} {
		h.change(k, mode(on.mode, all))
		on.then()
		if got := h.read(k).Room.Modes; got != want {
			h.t.Fatalf("mode %d on: %+v, want %+v", on.mode, got, want)
		}
	}
	h.change(k, mode(chat.ModeFollowers, chat.Modes{}))
	want.FollowersOnly, want.FollowersFor = false, 0
	if got := h.read(k).Room.Modes; got != want {
		h.t.Fatalf("followers off: %+v, want %+v", got, want)
	}
}

func replaceTerms(h *house) {
	k := h.roomKey("r")
	terms := make([]string, store.TermsMax)
	for i := range terms {
		terms[i] = fmt.Sprintf("%04d", i) + strings.Repeat("ü\"", (store.TermBytesMax-4)/3)
	}
	given := slices.Clone(terms)
	h.change(k, store.Change{Terms: &given})
	given[0] = "the caller's slice is the caller's"
	if got := h.read(k).Room.Terms; !slices.Equal(got, terms) {
		h.t.Fatalf("%d terms, the first %q; want the %d given", len(got), got[:min(1, len(got))], len(terms))
	}
	one := []string{"*only*"}
	h.change(k, store.Change{Terms: &one})
	if got := h.read(k).Room.Terms; !slices.Equal(got, one) {
		h.t.Fatalf("%q, want %q", got, one)
	}
}

func patchAccount(h *house) {
	k, yes, no, red, none := h.accountKey("a"), true, false, "#FF0000", ""
	var want store.Account
	for i, step := range []struct {
		c    store.Change
		then func()
	}{
		{store.Change{Color: &red}, func() { want.Color = red }},
		{store.Change{Verified: &yes}, func() { want.Verified = true }},
		{store.Change{Banned: &yes}, func() { want.Banned = true }},
		{store.Change{Color: &none}, func() { want.Color = "" }},
		{store.Change{Banned: &no}, func() { want.Banned = false }},
		{store.Change{Verified: &no}, func() { want.Verified = false }},
	} {
		h.change(k, step.c)
		step.then()
		if got := *h.read(k).Account; got != want {
			h.t.Fatalf("step %d: %+v, want %+v", i, got, want)
		}
	}
}

func changeTwice(h *house) {
	until, yes := time.Now().Add(time.Hour), true
	k := h.memberKey("r", "a")
	for _, c := range []store.Change{
		{Grant: chat.Moderator | chat.Subscriber},
		{Revoke: chat.Subscriber},
		{Ban: &store.Ban{Until: until, Reason: "twice"}},
		{Follows: &until},
		{Unban: true},
	} {
		h.change(k, c)
		once := h.member("r", "a")
		h.change(k, c)
		if twice := h.member("r", "a"); !sameMember(&once, &twice) {
			h.t.Errorf("%+v: once %+v, twice %+v", c, once, twice)
		}
	}
	h.change(h.roomKey("r"), store.Change{Created: &yes})
	h.change(h.roomKey("r"), store.Change{Created: &yes})
	if got := h.read(h.roomKey("r")).Room; !sameRoom(got, &store.Room{Created: true}) {
		h.t.Errorf("room %+v", got)
	}
}

func snapshot(h *house) {
	yes, before, after := true, []string{"before"}, []string{"after"}
	h.change(h.roomKey("r"), store.Change{Terms: &before})
	room, member, account := h.read(h.roomKey("r")).Room, h.read(h.memberKey("r", "a")).Member, h.read(h.accountKey("a")).Account
	h.change(h.roomKey("r"), store.Change{Terms: &after, Created: &yes})
	h.change(h.memberKey("r", "a"), store.Change{Grant: chat.VIP, Ban: &store.Ban{}})
	h.change(h.accountKey("a"), store.Change{Banned: &yes})
	if !sameRoom(room, &store.Room{Terms: before}) || *member != (store.Member{}) || *account != (store.Account{}) {
		h.t.Errorf("%+v, %+v, %+v", room, member, account)
	}
}

func invalidChange(h *house) {
	yes, color := true, "red"
	many, long, empty := make([]string, store.TermsMax+1), []string{strings.Repeat("x", store.TermBytesMax+1)}, []string{""}
	for i := range many {
		many[i] = "x"
	}
	room, member, account := h.roomKey("r"), h.memberKey("r", "a"), h.accountKey("a")
	for _, c := range []struct {
		what string
		k    store.Key
		c    store.Change
	}{
		{"too many terms", room, store.Change{Terms: &many, Created: &yes}},
		{"a long term", room, store.Change{Terms: &long, Created: &yes}},
		{"an empty term", room, store.Change{Terms: &empty, Created: &yes}},
		{"no such mode", room, store.Change{Mode: &store.ModeValue{Mode: 200}, Created: &yes}},
		{"a role for a room", room, store.Change{Grant: chat.VIP, Created: &yes}},
		{"a long reason", member, store.Change{Grant: chat.VIP, Ban: &store.Ban{Reason: strings.Repeat("x", store.ReasonBytesMax+1)}}},
		{"ban and unban", member, store.Change{Grant: chat.VIP, Ban: &store.Ban{}, Unban: true}},
		{"a color for a member", member, store.Change{Grant: chat.VIP, Color: &color}},
		{"no color", account, store.Change{Color: &color, Banned: &yes}},
		{"a room for an account", account, store.Change{Created: &yes, Banned: &yes}},
		{"no kind", store.Key{}, store.Change{}},
		{"no login", store.Key{Kind: store.KindMember, Room: h.name("r")}, store.Change{Grant: chat.VIP}},
		{"a name with a separator", store.Key{Kind: store.KindRoom, Room: "a}:{b"}, store.Change{Created: &yes}},
		{"a long name", store.Key{Kind: store.KindRoom, Room: strings.Repeat("x", chat.LoginBytesMax+1)}, store.Change{Created: &yes}},
	} {
		if err := h.tryChange(c.k, c.c); !errors.Is(err, store.ErrInvalid) {
			h.t.Errorf("%s: error %v, want ErrInvalid", c.what, err)
		}
	}
	if r := h.read(room).Room; !sameRoom(r, &store.Room{}) {
		h.t.Errorf("room %+v", r)
	}
	if m := h.member("r", "a"); m != (store.Member{}) {
		h.t.Errorf("member %+v", m)
	}
	if a := h.read(account).Account; *a != (store.Account{}) {
		h.t.Errorf("account %+v", a)
	}
}

func sameRoom(a, b *store.Room) bool {
	if len(a.Terms) == 0 && len(b.Terms) == 0 {
		x, y := *a, *b
		x.Terms, y.Terms = nil, nil
		return reflect.DeepEqual(x, y)
	}
	return reflect.DeepEqual(a, b)
}

func sameMember(a, b *store.Member) bool {
	return a.Roles == b.Roles && a.Banned == b.Banned && sameTime(a.Until, b.Until) &&
		sameTime(a.Follows, b.Follows) && sameTime(a.First, b.First) && sameTime(a.Last, b.Last) && a.BannedFor == b.BannedFor
}
