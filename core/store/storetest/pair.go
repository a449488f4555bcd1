package storetest

import (
	"time"

	"uproar/core/chat"
	"uproar/core/store"
)

func changeAcross(a, b *house) {
	a.change(a.memberKey("r", "x"), store.Change{Ban: &store.Ban{Reason: "y"}, Grant: chat.VIP})
	b.eventually("the other sees the ban", func() bool {
		return b.member("r", "x") == store.Member{Roles: chat.VIP, Banned: true, BannedFor: "y"}
	})
	if got := b.roster("r", chat.VIP); len(got) != 1 || got[0] != b.name("x") {
		b.t.Errorf("roster of the other: %q", got)
	}
	b.change(b.memberKey("r", "x"), store.Change{Unban: true})
	a.eventually("the first sees the end of it", func() bool { return a.member("r", "x") == store.Member{Roles: chat.VIP} })
}

func drawsAcross(a, b *house) {
	limit := store.Limit{Name: "chat", N: 2, Per: time.Hour}
	got := []bool{a.draw("r", "x", limit).Left, b.draw("r", "x", limit).Left, a.draw("r", "x", limit).Left, b.draw("r", "x", limit).Left}
	if !got[0] || !got[1] || got[2] || got[3] {
		a.t.Errorf("left %v, want 2 of 4", got)
	}
}

func spokenAcross(a, b *house) {
	a.say(store.Spoken{Room: "r", Login: "x", Text: 5, Unique: true, Mark: true})
	b.eventually("the other knows the line", func() bool {
		d := b.ask("r", "x", 5, true)
		return d.Same && d.Seen && d.Since >= 0 && !b.member("r", "x").First.IsZero()
	})
}

func watchAcross(a, b *house) { tellsOfEachKind(b.listen(), a) }
