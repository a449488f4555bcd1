package redisstore

import (
	"context"
	"testing"
	"time"

	"uproar/core/store"
	"uproar/core/store/redistest"
)

// Notices cannot come, so nothing that is known may count for long.
func TestAllIsInDoubtWhileAServerRefusesToBeWatched(t *testing.T) {
	for what, options := range map[string][]string{
		"no permission": {"--user", "default", "on", "nopass", "~up:*", "resetchannels", "+@all"},
		"no place":      {"--maxclients", "1"},
	} {
		t.Run(what, func(t *testing.T) {
			t.Parallel()
			s := open(t, Config{Addrs: []string{redistest.Start(t, options...).Addr}})
			read(t, s, memberKey("room", "bob")) // it answers
			told := make(chan store.Key, 100)
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			go func() { _ = s.Watch(ctx, func(k store.Key) { told <- k }) }()
			for range 2 {
				select {
				case k := <-told:
					if k != (store.Key{}) {
						t.Errorf("told %v", k)
					}
				case <-time.After(10 * doubtEvery):
					t.Fatal("nothing is in doubt")
				}
			}
			read(t, s, memberKey("room", "bob"))
		})
	}
}

// Nobody calls the store: the Watch alone knows that a server is away.
func TestIdleProcessIsToldOfOutageAndItsEnd(t *testing.T) {
	for _, when := range []string{"at start", "later"} {
		t.Run(when, func(t *testing.T) {
			t.Parallel()
			server := redistest.Start(t)
			if when == "at start" {
				server.Kill()
			}
			told := make(chan state, 100)
			s := open(t, Config{Addrs: []string{server.Addr}, Mode: ModeSingle, OnState: func(server string, away bool, cause error) {
				told <- state{server, away, cause}
			}})
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			subscribed := make(chan store.Key, 100)
			go func() { _ = s.Watch(ctx, func(k store.Key) { subscribed <- k }) }()
			if when == "later" {
				next(t, subscribed)
				server.Kill()
			}
			for _, away := range []bool{true, false} {
				select {
				case got := <-told:
					if got.server != server.Addr || got.away != away || (got.cause != nil) != away {
						t.Fatalf("told %+v, want away %v", got, away)
					}
				case <-time.After(10 * time.Second):
					t.Fatalf("away %v is not told", away)
				}
				if away {
					server.Restart()
				}
			}
		})
	}
}
