package fleet

import (
	"testing"

	"uproar/core/store/redistest"
	"uproar/edge/edgetest"
)

// room is where the tests take place; its broadcaster has its name.
const room = "hall"

// pair is two edge processes on one redis-server.
type pair struct {
	redis *redistest.Server
	edges [2]*edgetest.Server
}

func startPair(t testing.TB, args ...string) *pair {
	t.Helper()
	p := &pair{redis: redistest.Start(t)}
	base := []string{"--redis=" + p.redis.Addr, "--env=" + env}
	for i := range p.edges {
		p.edges[i] = edgetest.Start(t, append(base, args...)...)
	}
	return p
}

const env = "test"
