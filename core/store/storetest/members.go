package storetest

import (
	"strings"
	"time"

	"uproar/core/chat"
	"uproar/core/store"
)

func roles(h *house) {
	k := h.memberKey("r", "a")
	for i, step := range []struct{ grant, revoke, want chat.Roles }{
		{chat.Moderator, 0, chat.Moderator},
		{chat.Subscriber, 0, chat.Moderator | chat.Subscriber},
		{chat.VIP, chat.Moderator, chat.VIP | chat.Subscriber},
		{0, chat.Moderator, chat.VIP | chat.Subscriber},
		{0, chat.VIP | chat.Subscriber, 0},
	} {
		h.change(k, store.Change{Grant: step.grant, Revoke: step.revoke})
		if got := h.member("r", "a").Roles; got != step.want {
			h.t.Fatalf("step %d: roles %04b, want %04b", i, got, step.want)
		}
	}
	h.change(k, store.Change{Grant: chat.Moderator})
	if here, there := h.member("other", "a").Roles, h.member("r", "other").Roles; here|there != 0 {
		h.t.Errorf("roles %04b in another room, %04b of another account", here, there)
	}
}

func ban(h *house) {
	k, hour := h.memberKey("r", "a"), time.Now().Add(time.Hour)
	reason := strings.Repeat("ü", store.ReasonBytesMax/2)
	for i, step := range []struct {
		c    store.Change
		want store.Member
	}{
		{store.Change{Unban: true}, store.Member{}},
		{store.Change{Ban: &store.Ban{Reason: reason}}, store.Member{Banned: true, BannedFor: reason}},
		{store.Change{Ban: &store.Ban{Until: hour, Reason: "b"}}, store.Member{Banned: true, Until: hour, BannedFor: "b"}},
		{store.Change{Ban: &store.Ban{Until: hour.Add(time.Hour)}}, store.Member{Banned: true, Until: hour.Add(time.Hour)}},
		{store.Change{Ban: &store.Ban{}}, store.Member{Banned: true}},
		{store.Change{Unban: true}, store.Member{}},
	} {
		h.change(k, step.c)
		if got := h.member("r", "a"); !sameMember(&got, &step.want) {
			h.t.Fatalf("step %d: %+v, want %+v", i, got, step.want)
		}
	}
}

func banKeeps(h *house) {
	k, since := h.memberKey("r", "a"), time.Now().Add(-time.Hour)
	h.change(k, store.Change{Grant: chat.Subscriber, Follows: &since})
	want := store.Member{Roles: chat.Subscriber, Follows: since}
	h.change(k, store.Change{Ban: &store.Ban{Reason: "x"}})
	want.Banned, want.BannedFor = true, "x"
	if got := h.member("r", "a"); !sameMember(&got, &want) {
		h.t.Fatalf("banned: %+v, want %+v", got, want)
	}
	h.change(k, store.Change{Unban: true, Grant: chat.VIP})
	want = store.Member{Roles: chat.Subscriber | chat.VIP, Follows: since}
	if got := h.member("r", "a"); !sameMember(&got, &want) {
		h.t.Fatalf("unbanned: %+v, want %+v", got, want)
	}
}

func timeoutEnds(h *house) {
	k := h.memberKey("r", "a")
	h.change(k, store.Change{Grant: chat.Subscriber})
	until := time.Now().Add(window)
	h.change(k, store.Change{Ban: &store.Ban{Until: until, Reason: "x"}})
	h.eventually("the timeout ends", func() bool {
		banned := h.member("r", "a").Banned
		if !banned && time.Now().Before(until.Add(-tolerance)) {
			h.t.Fatalf("not banned %v before the end", time.Until(until))
		}
		if banned && time.Now().After(until.Add(deadline)) {
			h.t.Fatalf("banned %v after the end", time.Since(until))
		}
		return !banned
	})
	want := store.Member{Roles: chat.Subscriber}
	if got := h.member("r", "a"); got.Banned || got.Roles != want.Roles {
		h.t.Errorf("%+v, want %+v", got, want)
	}
	h.change(k, store.Change{Ban: &store.Ban{}})
	if got := h.member("r", "a"); !got.Banned || !got.Until.IsZero() {
		h.t.Errorf("banned after a timeout: %+v", got)
	}
}

func timeoutPast(h *house) {
	h.change(h.memberKey("r", "a"), store.Change{Ban: &store.Ban{Until: time.Now().Add(-time.Minute)}})
	if got := h.member("r", "a"); got.Banned {
		h.t.Errorf("%+v", got)
	}
	h.change(h.memberKey("r", "b"), store.Change{Ban: &store.Ban{}})
	h.change(h.memberKey("r", "b"), store.Change{Ban: &store.Ban{Until: time.Now().Add(-time.Minute)}})
	if got := h.member("r", "b"); got.Banned {
		h.t.Errorf("in place of a ban: %+v", got)
	}
}

func follows(h *house) {
	k, since, never := h.memberKey("r", "a"), time.Now().Add(-24*time.Hour), time.Time{}
	h.change(k, store.Change{Follows: &since})
	if got := h.member("r", "a"); !sameTime(got.Follows, since) {
		h.t.Errorf("follows since %v, want %v", got.Follows, since)
	}
	h.change(k, store.Change{Grant: chat.VIP})
	h.change(k, store.Change{Follows: &never})
	if got := h.member("r", "a"); got != (store.Member{Roles: chat.VIP}) {
		h.t.Errorf("%+v, want a VIP who does not follow", got)
	}
}
