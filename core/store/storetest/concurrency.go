package storetest

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"time"

	"uproar/core/chat"
	"uproar/core/store"
)

// together calls do for 0 to n-1 from several goroutines, and fails the test with an
// error of one.
func (h *house) together(workers, n int, do func(i int) error) {
	h.t.Helper()
	var next atomic.Int64
	var g sync.WaitGroup
	failed := make(chan error, workers)
	for range workers {
		g.Go(func() {
			for i := int(next.Add(1)) - 1; i < n; i = int(next.Add(1)) - 1 {
				if err := do(i); err != nil {
					failed <- err
					return
				}
			}
		})
	}
	g.Wait()
	close(failed)
	if err := <-failed; err != nil {
		h.t.Fatal(err)
	}
}

func concurrentPatches(h *house) {
	yes, since, color := true, time.Now(), "#123456"
	terms := []string{"x"}
	room, member, account := h.roomKey("r"), h.memberKey("r", "a"), h.accountKey("a")
	patches := []struct {
		k store.Key
		c store.Change
	}{
		{member, store.Change{Grant: chat.VIP}}, {member, store.Change{Grant: chat.Moderator}},
		{member, store.Change{Ban: &store.Ban{Reason: "x"}}}, {member, store.Change{Follows: &since}},
		{room, store.Change{Created: &yes}}, {room, store.Change{NoLinks: &yes}}, {room, store.Change{Terms: &terms}},
		{room, mode(chat.ModeSlow, chat.Modes{Slow: time.Second})}, {room, mode(chat.ModeUnique, chat.Modes{Unique: true})},
		{account, store.Change{Color: &color}}, {account, store.Change{Verified: &yes}}, {account, store.Change{Banned: &yes}},
	}
	h.together(len(patches), 10*len(patches), func(i int) error {
		p := &patches[i%len(patches)]
		b := store.Batch{Reads: []store.Read{{Key: p.k}}}
		ctx, cancel := context.WithTimeout(context.Background(), deadline)
		defer cancel()
		h.Fetch(ctx, &b)
		return errors.Join(b.Reads[0].Err, h.Change(ctx, p.k, p.c))
	})
	wantMember := store.Member{Roles: chat.VIP | chat.Moderator, Banned: true, Follows: since, BannedFor: "x"}
	if got := h.member("r", "a"); !sameMember(&got, &wantMember) {
		h.t.Errorf("%+v, want %+v", got, wantMember)
	}
	wantRoom := store.Room{Modes: chat.Modes{Slow: time.Second, Unique: true}, Created: true, NoLinks: true, Terms: terms}
	if got := h.read(room).Room; !sameRoom(got, &wantRoom) {
		h.t.Errorf("%+v, want %+v", *got, wantRoom)
	}
	if got := *h.read(account).Account; got != (store.Account{Color: color, Banned: true, Verified: true}) {
		h.t.Errorf("%+v", got)
	}
}

func concurrentDraws(h *house) {
	const lines = 100
	limit := store.Limit{Name: "chat", N: lines, Per: time.Hour}
	room, login := h.name("r"), h.name("a")
	var left atomic.Int64
	h.together(8, 2*lines, func(int) error {
		b := store.Batch{Draws: []store.Draw{{Room: room, Login: login, Limits: []store.Limit{limit}}}}
		ctx, cancel := context.WithTimeout(context.Background(), deadline)
		defer cancel()
		h.Fetch(ctx, &b)
		if b.Draws[0].Left {
			left.Add(1)
		}
		return b.Draws[0].Err
	})
	if left.Load() != lines {
		h.t.Errorf("%d of %d draws had a line left, want %d", left.Load(), 2*lines, lines)
	}
}

func concurrentSpoken(h *house) {
	room, login := h.name("r"), h.name("a")
	h.together(4, 40, func(i int) error {
		if i%2 == 0 {
			return h.tryChange(h.memberKey("r", "a"), store.Change{Grant: 1 << (i / 2 % 3)})
		}
		ctx, cancel := context.WithTimeout(context.Background(), deadline)
		defer cancel()
		h.Fetch(ctx, &store.Batch{Spoken: []store.Spoken{{Room: room, Login: login, Text: uint64(i), Mark: true}}})
		return nil
	})
	h.eventually("all have been made", func() bool {
		got := h.member("r", "a")
		return got == store.Member{Roles: chat.Subscriber | chat.VIP | chat.Moderator, First: got.First, Last: got.Last} && !got.First.IsZero()
	})
}

func endedContext(h *house) {
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	began := time.Now()
	if err := h.Change(ctx, h.memberKey("r", "a"), store.Change{Grant: chat.VIP}); !errors.Is(err, store.ErrUnavailable) || !errors.Is(err, store.ErrNotDone) {
		h.t.Errorf("Change: %v, want ErrUnavailable and ErrNotDone", err)
	}
	if m := h.member("r", "a"); m.Roles != 0 {
		h.t.Errorf("the change was made: %+v", m)
	}
	b := store.Batch{
		Reads: []store.Read{{Key: h.memberKey("r", "a")}},
		Draws: []store.Draw{{Room: h.name("r"), Login: h.name("a"), Limits: []store.Limit{{Name: "x", N: 1, Per: time.Hour}}}},
	}
	h.Fetch(ctx, &b)
	if r := b.Reads[0]; r.Err == nil && r.Member == nil || r.Err != nil && !errors.Is(r.Err, store.ErrUnavailable) {
		h.t.Errorf("neither a record nor ErrUnavailable: %+v", r)
	}
	if d := b.Draws[0]; d.Err == nil && !d.Left || d.Err != nil && !errors.Is(d.Err, store.ErrUnavailable) {
		h.t.Errorf("neither a line nor ErrUnavailable: %+v", d)
	}
	if _, err := h.Roster(ctx, h.name("r"), chat.VIP); err != nil && !errors.Is(err, store.ErrUnavailable) {
		h.t.Errorf("Roster: %v", err)
	}
	if took := time.Since(began); took > deadline {
		h.t.Errorf("took %v", took)
	}
}
