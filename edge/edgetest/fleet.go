package edgetest

import (
	"crypto/rand"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"uproar/core/store/redistest"
)

// Env is the environment of the fleets of tests.
const Env = "test"

// Unlimited are the flags that keep limits of chat out of the way of a load.
var Unlimited = []string{
	"--rate-limit=0", "--rate-limit-mod=0", "--line-gap=0", "--duplicate-window=0",
	"--max-conns-per-ip=0", "--flood-limit=0", "--auth-limit=0", "--join-limit=0",
}

// Shape is which processes a fleet has. Without Clues and Relays each edge has all roles,
// and they meet on Redis alone.
type Shape struct {
	Clues, Relays, Edges int

	OnePort      bool     // all edges share one port for IRC
	OneHTTPPort  bool     // and one for HTTP; a port that they do not share stays each one's own
	RedisOptions []string // of redis-server
	Args         []string // of every process
}

// Fleet is server processes on one redis-server that serve the same rooms. It belongs to
// the goroutine of its test, and ends with it.
type Fleet struct {
	Redis *redistest.Server

	Clues, Relays, Edges []*Node
}

// Node is one process of a fleet. Its link address, and that of a shared port, stay the
// same when it is started again; its other addresses do not.
type Node struct {
	*Server
	Name string

	t    testing.TB
	args []string
}

// Start runs the process, which must have ended, once more.
func (n *Node) Start() {
	n.t.Helper()
	n.Server = Start(n.t, n.args...)
}

// StartFleet returns when every process of the fleet is ready.
func StartFleet(t testing.TB, s Shape) *Fleet {
	t.Helper()
	f := &Fleet{Redis: redistest.Start(t, s.RedisOptions...)}
	secret := filepath.Join(t.TempDir(), "secret")
	if err := os.WriteFile(secret, []byte(rand.Text()+rand.Text()), 0o600); err != nil {
		t.Fatal(err)
	}
	common := slices.Concat([]string{"--env=" + Env}, s.Args)
	if s.Clues+s.Relays > 0 {
		common = append(common, "--link-secret-file="+secret)
	}
	redis := "--redis=" + f.Redis.Addr
	start := func(name string, i int, args ...string) *Node {
		n := &Node{Name: fmt.Sprintf("%s %d", name, i), t: t, args: slices.Concat(common, args)}
		n.Start()
		return n
	}
	edge := []string{redis}
	if s.Clues+s.Relays > 0 {
		edge = []string{"--roles=edge"}
	}
	for i := range s.Clues {
		f.Clues = append(f.Clues, start("clue", i, "--roles=clue", "--link-addr="+freeAddr(t), redis))
	}
	for i := range s.Relays {
		f.Relays = append(f.Relays, start("relay", i, "--roles=exchange", "--link-addr="+freeAddr(t), "--upstream=redis", redis))
	}
	if s.Clues > 0 {
		edge = append(edge, "--clue="+links(f.Clues))
	}
	if s.Relays > 0 {
		edge = append(edge, "--exchange="+links(f.Relays))
	}
	ports := sharedPorts(t, s)
	for i := range s.Edges {
		f.Edges = append(f.Edges, start("edge", i, slices.Concat(edge, ports())...))
	}
	return f
}

// sharedPorts makes the flags of one edge after the other. With --reuse-port a port must
// not be 0: each loop would take another.
func sharedPorts(t testing.TB, s Shape) func() []string {
	if !s.OnePort && !s.OneHTTPPort {
		return func() []string { return nil }
	}
	irc, http := freeAddr(t), freeAddr(t)
	return func() []string {
		flags := []string{"--irc-addr=" + irc, "--http-addr=" + http, "--reuse-port"}
		if !s.OnePort {
			irc = freeAddr(t)
		}
		if !s.OneHTTPPort {
			http = freeAddr(t)
		}
		return flags
	}
}

// Nodes are all processes of the fleet.
func (f *Fleet) Nodes() []*Node { return slices.Concat(f.Edges, f.Clues, f.Relays) }

func links(nodes []*Node) string {
	addrs := make([]string, len(nodes))
	for i, n := range nodes {
		addrs[i] = n.Link
	}
	return strings.Join(addrs, ",")
}

// freeAddr was free just now. Linux gives connections ports of the other parity first, so
// it stays free while its server is away, too.
func freeAddr(t testing.TB) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatalf("cannot find a free port: %v", err)
	}
	defer l.Close()
	return l.Addr().String()
}
