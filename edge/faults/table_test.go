package faults

import (
	"bufio"
	"fmt"
	"net"
	"strconv"
	"strings"
	"testing"
	"time"

	"uproar/core/store/redistest"
)

// What a broadcaster is told of /ban.
var (
	notBanned   = []string{"msg_unavailable"}
	maybeBanned = []string{"ban_success", "msg_unavailable", "already_banned"}
)

// durable is a Redis that keeps what it has acknowledged.
var durable = []string{"--appendonly", "yes", "--appendfsync", "always"}

var faults = []fault{
	{
		name: "frozen", lasts: frozenLasts,
		begin: func(w *world) { w.redis[0].Stop() }, end: func(w *world) { w.redis[0].Continue() },
		strangers: refused, moderates: notBanned, stale: true,
	},
	{
		name: "killed and restarted", options: durable,
		begin: func(w *world) { w.redis[0].Kill() }, end: func(w *world) { w.redis[0].Restart() },
		strangers: refused, moderates: notBanned,
	},
	{
		name: "one of three killed", servers: 3, options: durable,
		begin: func(w *world) { w.redis[0].Kill() }, end: func(w *world) { w.redis[0].Restart() },
		strangers: refused, moderates: notBanned,
	},
	{
		name: "one of three frozen", servers: 3, lasts: frozenLasts,
		begin: func(w *world) { w.redis[0].Stop() }, end: func(w *world) { w.redis[0].Continue() },
		strangers: refused, moderates: notBanned,
	},
	{
		// The buffer of a subscriber runs over whenever there is news, and the connection
		// of the pipelines goes as often.
		name: "client buffers full",
		begin: func(w *world) {
			w.redis[0].Do("CONFIG", "SET", "client-output-buffer-limit", "normal 1 1 1 pubsub 1 1 1")
		},
		poke: func(w *world) {
			w.redis[0].Do("PUBLISH", "up:test:stale", strings.Repeat("x", 1<<20))
			w.redis[0].Do("CLIENT", "KILL", "TYPE", "normal")
		},
		end: func(w *world) {
			w.redis[0].Do("CONFIG", "SET", "client-output-buffer-limit", "normal 0 0 0 pubsub 32mb 8mb 60")
		},
		strangers: either, moderates: maybeBanned,
	},
	{
		name: "50 ms away", proxied: true,
		begin: func(w *world) { w.proxy.SetDelay(25 * time.Millisecond) }, end: func(w *world) { w.proxy.SetDelay(0) },
		strangers: accepted, moderates: maybeBanned,
	},
	{
		name: "beyond the deadline away", proxied: true,
		begin: func(w *world) { w.proxy.SetDelay(60 * time.Millisecond) }, end: func(w *world) { w.proxy.SetDelay(0) },
		strangers: refused, moderates: maybeBanned,
	},
	outOfConnections(),
	{
		name:      "read-only replica",
		begin:     func(w *world) { w.redis[0].Do("REPLICAOF", "127.0.0.1", "1") },
		end:       func(w *world) { w.redis[0].Do("REPLICAOF", "NO", "ONE") },
		strangers: accepted, moderates: notBanned,
	},
	{
		name: "flushed",
		begin: func(w *world) {
			w.redis[0].Do("FLUSHALL")
			w.redis[0].Do("SCRIPT", "FLUSH")
		},
		poke:      func(w *world) { w.redis[0].Do("FLUSHALL") },
		end:       func(*world) {},
		strangers: accepted, moderates: []string{"ban_success"}, forgets: true,
	},
}

func TestChatOutlivesItsStore(t *testing.T) {
	for i := range faults {
		f := &faults[i]
		t.Run(f.name, func(t *testing.T) {
			t.Parallel()
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
		end:       func(*world) { admin.do("CONFIG", "SET", "maxclients", "10000") },
		strangers: refused, moderates: notBanned, stale: false,
	}
}

// connection is one to Redis that stays, where Server.Do makes one for each command.
type connection struct {
	t    testing.TB
	conn net.Conn
	in   *bufio.Reader
}

func connect(t testing.TB, s *redistest.Server) *connection {
	t.Helper()
	conn, err := net.Dial("tcp", s.Addr)
	if err != nil {
		t.Fatalf("cannot connect to Redis: %v", err)
	}
	t.Cleanup(func() { conn.Close() })
	return &connection{t, conn, bufio.NewReader(conn)}
}

// do sends a command whose answer is one line.
func (c *connection) do(words ...string) {
	c.t.Helper()
	var request strings.Builder
	request.WriteString("*" + strconv.Itoa(len(words)) + "\r\n")
	for _, word := range words {
		fmt.Fprintf(&request, "$%d\r\n%s\r\n", len(word), word)
	}
	_ = c.conn.SetDeadline(time.Now().Add(5 * time.Second))
	_, _ = c.conn.Write([]byte(request.String()))
	if line, err := c.in.ReadString('\n'); err != nil || strings.HasPrefix(line, "-") {
		c.t.Fatalf("cannot ask Redis %q: %q, %v", words, line, err)
	}
}
