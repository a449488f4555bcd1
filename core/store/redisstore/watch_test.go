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
