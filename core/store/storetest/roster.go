package storetest

import (
	"fmt"
	"slices"

	"uproar/core/chat"
	"uproar/core/store"
)

func rosterOrder(h *house) {
	for login, roles := range map[string]chat.Roles{
		"zoe": chat.Moderator, "adam": chat.Moderator | chat.VIP, "m9": chat.VIP,
		"m10": chat.Moderator | chat.Subscriber | chat.VIP, "gone": chat.Moderator, "none": chat.Subscriber,
	} {
		h.change(h.memberKey("r", login), store.Change{Grant: roles})
	}
	h.change(h.memberKey("other", "eve"), store.Change{Grant: chat.Moderator | chat.VIP})
	h.change(h.memberKey("r", "gone"), store.Change{Revoke: chat.Moderator, Grant: chat.Subscriber})
	h.change(h.memberKey("r", "zoe"), store.Change{Ban: &store.Ban{}})
	for _, c := range []struct {
		roles chat.Roles
		want  []string
	}{
		{chat.Moderator, []string{"adam", "m10", "zoe"}},
		{chat.VIP, []string{"adam", "m10", "m9"}},
		{chat.Moderator | chat.VIP, []string{"adam", "m10"}},
		{chat.Moderator | chat.Subscriber, []string{"m10"}},
		{chat.Subscriber, []string{"gone", "m10", "none"}},
	} {
		for i := range c.want {
			c.want[i] = h.name(c.want[i])
		}
		slices.Sort(c.want)
		if got := h.roster("r", c.roles); !slices.Equal(got, c.want) {
			h.t.Errorf("roles %04b: %q, want %q", c.roles, got, c.want)
		}
	}
	if got := h.roster("empty", chat.Moderator); len(got) != 0 {
		h.t.Errorf("of an empty room: %q", got)
	}
}

func rosterBound(h *house) {
	const members = store.RosterMax + 50
	h.together(32, members, func(i int) error {
		return h.tryChange(h.memberKey("r", fmt.Sprintf("m%04d", i)), store.Change{Grant: chat.Moderator})
	})
	got := h.roster("r", chat.Moderator)
	if len(got) != store.RosterMax || !slices.IsSorted(got) || len(slices.Compact(got)) != store.RosterMax {
		h.t.Fatalf("%d logins, sorted %v; want %d, sorted and distinct", len(got), slices.IsSorted(got), store.RosterMax)
	}
}

func (h *house) roster(room string, roles chat.Roles) []string {
	h.t.Helper()
	got, err := h.Roster(h.context(), h.name(room), roles)
	if err != nil {
		h.t.Fatalf("roster: %v", err)
	}
	return got
}
