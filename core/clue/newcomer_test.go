package clue

import (
	"testing"
	"testing/synctest"
	"time"

	"uproar/core/store"
)

func TestReturningChatterIsToldOncePerOccasion(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, st := storedScript(t, nil)
		say := func(text string) (first, returning bool) {
			t.Helper()
			m := wantAccepted(t, s.said("room", "ann", text), text)
			return m.First, m.Returning
		}
		want := func(text string, first, returning bool) {
			t.Helper()
			if f, r := say(text); f != first || r != returning {
				t.Fatalf("%s: first %v, returning %v; want %v, %v", text, f, r, first, returning)
			}
		}
		want("one", true, false)
		want("two", false, false)
		time.Sleep(apart - time.Hour)
		want("the same evening", false, false)
		time.Sleep(apart - time.Hour) // since the first line much more than apart
		want("not long after that", false, false)
		time.Sleep(apart)
		want("next day", false, true)
		want("next day again", false, false)
		time.Sleep(newFor)
		want("known by now", false, false)
		st.change(t, memberKey("room", "bob"), store.Change{Grant: 1})
		st.Embedded.Fetch(t.Context(), &store.Batch{Spoken: []store.Spoken{{Room: "room", Login: "bob", Mark: true, Ago: 20 * 365 * 24 * time.Hour}}})
		if m := wantAccepted(t, s.said("room", "bob", "hi"), "hi"); m.First || m.Returning {
			t.Fatalf("a member of long ago: first %v, returning %v", m.First, m.Returning)
		}
	})
}

// The store hears once an hour that somebody speaks on, whatever else it is told.
func TestLinesAreMarkedOnceAnHour(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, st := storedScript(t, func(c *Config) {
			c.RateLimit, c.RateLimitModerator, c.DuplicateWindow = Rate{}, Rate{}, 0
		})
		for range 4 * 60 {
			wantAccepted(t, s.said("room", "ann", "hello"), "hello")
			time.Sleep(time.Minute)
		}
		s.c.shards[0].fetch.tellNow(s.c.source, s.c.epoch)
		marked := 0
		for _, sp := range st.mu.spoken {
			if sp.Mark {
				marked++
			}
		}
		if marked != 4 {
			t.Fatalf("%d lines of 4 hours are marked", marked)
		}
	})
}
