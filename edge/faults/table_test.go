package faults

import (
	"strings"
	"testing"
	"time"
)

// What a broadcaster is told of /ban.
var (
	notBanned   = []string{"msg_unavailable"}
	maybeBanned = []string{"ban_success", "msg_unavailable", "already_banned"}
)

// durable is a Redis that keeps what it has acknowledged when it is killed. It does not
// wait for the disk, which only a machine that falls needs, and which the tests beside
// this one may keep busy for longer than a round trip may take.
var durable = []string{"--appendonly", "yes", "--appendfsync", "no"}

// paddingBytes is more than a client's buffer may hold while its fault lasts.
const paddingBytes = 256 << 10

var faults = []fault{
	{
		name: "50 ms away", proxied: true,
		begin: func(w *world) { w.proxy.SetDelay(25 * time.Millisecond) }, end: func(w *world) { w.proxy.SetDelay(0) },
		felt: roundTripSeconds, feltMin: 1, away: 50 * time.Millisecond,
		strangers: accepted, moderates: []string{"ban_success"},
	},
	{
		name: "beyond the deadline away", proxied: true,
		begin: func(w *world) { w.proxy.SetDelay(60 * time.Millisecond) }, end: func(w *world) { w.proxy.SetDelay(0) },
		felt: timeouts, feltMin: 3, strangers: refused, moderates: maybeBanned,
	},
	{
		name: "frozen", lasts: frozenLasts, begin: freeze, end: thaw,
		felt: spared, feltMin: 10, stale: true, strangers: refused, moderates: notBanned,
	},
	{
		name: "killed and restarted", options: durable, begin: kill, end: restart,
		felt: failures, feltMin: 10, strangers: refused, moderates: notBanned,
	},
	{
		name: "one of three frozen", servers: 3, lasts: frozenLasts, begin: freeze, end: thaw,
		felt: spared, feltMin: 10, stale: true, strangers: refused, moderates: notBanned,
	},
	{
		name: "one of three killed", servers: 3, options: durable, begin: kill, end: restart,
		felt: failures, feltMin: 10, strangers: refused, moderates: notBanned,
	},
	{
		name: "one node of a cluster frozen", servers: 3, cluster: true, lasts: frozenLasts, begin: freeze, end: thaw,
		felt: spared, feltMin: 10, stale: true, strangers: refused, moderates: notBanned,
	},
	{
		name: "one node of a cluster killed", servers: 3, cluster: true, lasts: frozenLasts, options: durable, begin: kill, end: restart,
		felt: failures, feltMin: 10, strangers: refused, moderates: notBanned,
	},
	{
		// Each answer that holds the room's record, and each notice, is more than Redis
		// keeps for a client, so it cuts the connection before it has sent them. The
		// record is asked for as often as a subscription is lost.
		name: "client buffers full",
		begin: func(w *world) {
			w.redis[0].Do("HSET", keyPrefix+"{r:"+mainRoom+"}:room", "padding", strings.Repeat("x", paddingBytes))
			w.redis[0].Do("CONFIG", "SET", "client-output-buffer-limit", "normal 65536 0 0 pubsub 65536 0 0")
		},
		poke: func(w *world) { w.redis[0].Do("PUBLISH", keyPrefix+"stale", strings.Repeat("x", paddingBytes)) },
		end: func(w *world) {
			w.redis[0].Do("HDEL", keyPrefix+"{r:"+mainRoom+"}:room", "padding")
			w.redis[0].Do("CONFIG", "SET", "client-output-buffer-limit", "normal 0 0 0 pubsub 33554432 8388608 60")
		},
		felt: cuts, feltMin: 5, strangers: either, moderates: notBanned,
	},
	outOfConnections(),
	{
		name:  "read-only replica",
		begin: func(w *world) { w.redis[0].Do("REPLICAOF", "127.0.0.1", "1") },
		end:   func(w *world) { w.redis[0].Do("REPLICAOF", "NO", "ONE") },
		felt:  info("errorstat_READONLY:count="), feltMin: 10,
		strangers: accepted, moderates: notBanned,
	},
	{
		name: "flushed", begin: flush, poke: flush, end: func(*world) {},
		felt: info("errorstat_NOSCRIPT:count="), feltMin: 10,
		strangers: accepted, moderates: []string{"ban_success"}, forgets: true,
	},
}

// The proxied ones measure a time, and go first and alone; the others come in pairs.
func TestChatOutlivesItsStore(t *testing.T) {
	for i := range faults {
		f := &faults[i]
		t.Run(f.name, func(t *testing.T) {
			if !f.proxied {
				t.Parallel()
			}
			f.run(t)
		})
	}
}

// outOfConnections is a Redis whose places are taken when ours are lost.
func outOfConnections() fault {
	var admin *connection // the one place that is left
	return fault{
		name: "maxclients reached",
		begin: func(w *world) {
			admin = connect(w.t, w.redis[0])
			admin.do("CONFIG", "SET", "maxclients", "1")
			admin.do("CLIENT", "KILL", "TYPE", "pubsub")
			admin.do("CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes")
		},
		end:  func(*world) { admin.do("CONFIG", "SET", "maxclients", "10000") },
		felt: info("rejected_connections:"), feltMin: 3,
		strangers: refused, moderates: notBanned,
	}
}
