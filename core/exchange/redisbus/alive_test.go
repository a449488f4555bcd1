package redisbus

import (
	"testing"
	"time"

	"uproar/core/exchange"
	"uproar/core/store/redistest"
)

// awaitAlive returns when the feed says so.
func awaitAlive(t *testing.T, f *Feed, alive bool) {
	t.Helper()
	for late := time.Now().Add(patience); exchange.Alive(f) != alive; time.Sleep(time.Millisecond) {
		if time.Now().After(late) {
			t.Fatalf("still not: alive is %v", alive)
		}
	}
}

func TestFeedKnowsWhetherItIsCutOff(t *testing.T) {
	t.Parallel()
	servers := redistest.StartMany(t, 1)
	b := openBus(t, servers, nil)
	r := newRecorder()
	f := startFeed(t, b, r)
	if !f.Alive() {
		t.Error("it is dead before anything is wanted")
	}
	follow(t, f, r, "ann", "bob")
	awaitAlive(t, f, true)
	servers[0].Kill()
	awaitAlive(t, f, false)
	servers[0].Restart()
	awaitAlive(t, f, true)
	servers[0].Stop()
	awaitAlive(t, f, false)
	servers[0].Continue()
	awaitAlive(t, f, true)
}

func TestFeedLivesAsLongAsOneOfItsServersDoes(t *testing.T) {
	t.Parallel()
	servers := redistest.StartMany(t, 2)
	b := openBus(t, servers, nil)
	f := startFeed(t, b, newRecorder())
	for p := range b.config.Partitions {
		f.Want(p, true)
	}
	awaitAlive(t, f, true)
	servers[0].Kill()
	for p := range b.config.Partitions { // those of the other need it alone
		f.Want(p, f.mu.home[p] == servers[0].Addr)
	}
	awaitAlive(t, f, false)
	for p := range b.config.Partitions {
		f.Want(p, true)
	}
	awaitAlive(t, f, true)
}
