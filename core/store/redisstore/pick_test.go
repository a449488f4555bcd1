package redisstore

import (
	"fmt"
	"testing"

	"uproar/core/store/redistest"
)

func hashes(n int) []uint64 {
	servers := make([]uint64, n)
	for i := range servers {
		servers[i] = hash(fmt.Sprintf("10.0.0.%d:6379", i+1))
	}
	return servers
}

func TestAServerMoreTakesItsShareAndMovesNothingElse(t *testing.T) {
	const tags = 20_000
	for n := 1; n < 8; n++ {
		before, after := hashes(n), hashes(n+1)
		moved := 0
		for i := range tags {
			tag := roomTag(fmt.Sprintf("room%d", i))
			was, is := pick(before, tag), pick(after, tag)
			if was == is {
				continue
			}
			if is != n {
				t.Fatalf("from %d servers to %d: %s moves between old ones, %d to %d", n, n+1, tag, was, is)
			}
			moved++
		}
		if want := tags / (n + 1); moved < want*9/10 || moved > want*11/10 {
			t.Errorf("from %d servers to %d: %d of %d tags move, want about %d", n, n+1, moved, tags, want)
		}
	}
}

func TestOrderOfServersIsOfNoMatter(t *testing.T) {
	servers := hashes(3)
	turned := []uint64{servers[2], servers[0], servers[1]}
	for i := range 1000 {
		tag := userTag(fmt.Sprintf("user%d", i))
		if a, b := servers[pick(servers, tag)], turned[pick(turned, tag)]; a != b {
			t.Fatalf("%s lives on different servers", tag)
		}
	}
}

// A fleet finds its keys where the last release put them.
func TestPlacesOfKeysAreFixed(t *testing.T) {
	servers := hashes(3)
	var places string
	for i := range 24 {
		places += fmt.Sprint(pick(servers, roomTag(fmt.Sprintf("room%d", i))))
	}
	if want := "002011000120211211021201"; places != want {
		t.Errorf("rooms live on %s, want %s", places, want)
	}
}

func TestSlotIsThatOfTheCluster(t *testing.T) {
	server := redistest.StartCluster(t, 1)[0]
	for i := range 50 {
		tag := roomTag(fmt.Sprintf("room%d", i))
		key := keys{"up:prod:"}.room(fmt.Sprintf("room%d", i))
		if got, want := fmt.Sprintf(":%d", slot(tag)), server.Do("CLUSTER", "KEYSLOT", key); got != want {
			t.Fatalf("slot of %s is %s, the server says %s", key, got, want)
		}
	}
}
