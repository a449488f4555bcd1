package store

import (
	"testing"
	"testing/synctest"
	"time"

	"uproar/core/chat"
)

func TestEndedTimeoutIsReadAsNoneAndSwept(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		e := openBounded(t, defaultBounds())
		until := time.Now().Add(10 * time.Minute)
		for i := range 200 {
			if err := e.Change(t.Context(), memberOf("r", i), Change{Ban: &Ban{Until: until}}); err != nil {
				t.Fatal(err)
			}
		}
		k := memberKey{"r", "m0"}
		time.Sleep(10*time.Minute - time.Nanosecond)
		if m := e.records.member(k, time.Now()); !m.Banned || !m.Until.Equal(until) {
			t.Fatalf("just before its end: %+v", m)
		}
		time.Sleep(time.Nanosecond)
		if m := e.records.member(k, time.Now()); m != zeroMember {
			t.Fatalf("at its end: %+v", m)
		}
		if n := e.records.memberCount.Load(); n != 199 {
			t.Fatalf("%d members are kept, want 199", n)
		}
		for i := range stripeCount {
			e.records.sweep(i, time.Now())
		}
		if n := e.records.memberCount.Load(); n != 0 {
			t.Fatalf("%d members are kept after a sweep", n)
		}
	})
}

func TestSweepKeepsTheRestOfTheMember(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		e := openBounded(t, defaultBounds())
		e.Fetch(t.Context(), &Batch{Spoken: []Spoken{{Room: "r", Login: "m0", Mark: true}, {Room: "r", Login: "m1", Mark: true}}})
		until := time.Now().Add(time.Minute)
		_ = e.Change(t.Context(), memberOf("r", 0), Change{Ban: &Ban{Until: until}})
		_ = e.Change(t.Context(), memberOf("r", 1), Change{Ban: &Ban{Until: until}, Grant: chat.Subscriber})
		time.Sleep(time.Minute)
		for i := range stripeCount {
			e.records.sweep(i, time.Now())
		}
		if m := e.records.member(memberKey{"r", "m0"}, time.Now()); !m.onlySpoke() {
			t.Errorf("%+v, want one who spoke", m)
		}
		if m := e.records.member(memberKey{"r", "m1"}, time.Now()); *m != (Member{First: m.First, Last: m.First, Roles: chat.Subscriber}) || m.First.IsZero() {
			t.Errorf("%+v, want a subscriber who spoke", m)
		}
	})
}

func TestRunSweepsEveryStripeWithinAMinuteOrSo(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		e := openBounded(t, defaultBounds())
		done := make(chan error)
		ctx, cancel := contextWithCancel(t)
		go func() { done <- e.Run(ctx) }()
		for i := range 200 {
			_ = e.Change(t.Context(), memberOf("r", i), Change{Ban: &Ban{Until: time.Now().Add(time.Second)}})
		}
		time.Sleep(time.Second + (stripeCount+1)*sweepEvery)
		synctest.Wait()
		if n := e.records.memberCount.Load(); n != 0 {
			t.Errorf("%d members are kept", n)
		}
		cancel()
		if err := <-done; err != nil {
			t.Error(err)
		}
	})
}

func TestLastLinesAreForgottenAfterTenMinutes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		e := openBounded(t, defaultBounds())
		e.Fetch(t.Context(), &Batch{Spoken: []Spoken{{Room: "r", Login: "a", Text: 1, Unique: true}}})
		ask := func() Draw {
			b := Batch{Draws: []Draw{{Room: "r", Login: "a", Text: 1, Unique: true}}}
			e.Fetch(t.Context(), &b)
			return b.Draws[0]
		}
		time.Sleep(SpokenFor - time.Nanosecond)
		if d := ask(); d.Since != SpokenFor-time.Nanosecond || !d.Same || !d.Seen {
			t.Errorf("just before: %+v", d)
		}
		time.Sleep(time.Nanosecond)
		if d := ask(); d.Since >= 0 || d.Same || d.Seen {
			t.Errorf("after: %+v", d)
		}
	})
}

func TestLongWindowOutlivesTheShortOnes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		e := openBounded(t, defaultBounds())
		draw := func(login, name string, per time.Duration) bool {
			b := Batch{Draws: []Draw{{Room: "r", Login: login, Limits: []Limit{{Name: name, N: 1, Per: per}}}}}
			e.Fetch(t.Context(), &b)
			return b.Draws[0].Left
		}
		if !draw("a", "day", 24*time.Hour) {
			t.Fatal("the first is refused")
		}
		for range 23 * 60 {
			time.Sleep(time.Minute)
			if !draw("a", "short", time.Second) {
				t.Fatal("a window of a second has not ended after a minute")
			}
		}
		if draw("a", "day", 24*time.Hour) {
			t.Error("a window of a day was forgotten within it")
		}
		time.Sleep(time.Hour)
		if !draw("a", "day", 24*time.Hour) {
			t.Error("a window of a day has not ended")
		}
	})
}
