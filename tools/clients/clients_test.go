// Package clients tests the server with chat clients that others wrote. Each
// library has a small driver (*.mjs under node, irssi.pl, gotwitch_test.go) with
// one line protocol, so that one test drives them all alike.
package clients

import (
	"fmt"
	"net"
	"os"
	"os/exec"
	"strconv"
	"testing"
	"time"

	"uproar/edge/edgetest"
)

const (
	room = "hall"

	connectMax = 15 * time.Second // irssi and twurple look up names and caps first
	lineMax    = 10 * time.Second
	pingMax    = 15 * time.Second
	returnMax  = 60 * time.Second // irssi waits 10 s; irc-framework 2 to 7 s, and longer each time
)

// library is one client library, as a test may use it.
type library struct {
	name      string
	start     func() (driver, error)
	webSocket bool // connects to the HTTP port
	mute      bool // cannot speak
	twoLines  bool // speaks on a second connection, so that it hears itself
}

// libraries under test. The first that speaks also says the fences.
func libraries() []library {
	node := func(args ...string) func() (driver, error) {
		return func() (driver, error) { return startNode(args...) }
	}
	return []library{
		{name: "go-twitch-irc", start: startGoTwitch},
		{name: "tmi.js", start: node("tmi.mjs"), webSocket: true},
		{name: "dank-twitch-irc", start: node("dank.mjs"), twoLines: true},
		{name: "twurple-ws", start: node("twurple.mjs"), webSocket: true, mute: true},
		{name: "twurple-tcp", start: node("twurple.mjs", "tcp"), mute: true},
		{name: "irc-framework", start: node("ircframework.mjs")},
		{name: "irssi", start: startIrssi},
	}
}

func TestEveryLineIsHeardByEveryOtherClientOnce(t *testing.T) {
	server := serve(t)
	clients := joinAll(t, server, libraries())
	talk(clients, "first round")
	for _, c := range clients {
		for _, err := range c.errors() {
			t.Errorf("%s reports an error: %s", c.name, err)
		}
	}
}

func TestEveryClientGetsItsPong(t *testing.T) {
	server := serve(t)
	for _, c := range joinAll(t, server, libraries()) {
		t.Run(c.name, func(t *testing.T) {
			c.t = t
			c.do(command{Do: "ping"})
			c.awaitEvent("pong", pingMax)
		})
	}
}

func TestClientThatPartsHearsNothing(t *testing.T) {
	server := serve(t)
	clients := joinAll(t, server, libraries())
	speaker, witness, leavers := clients[0], clients[1], clients[2:]
	for _, c := range leavers {
		c.do(command{Do: "part", Room: room})
		c.awaitEvent("parted", lineMax)
	}
	speaker.do(command{Do: "say", Room: room, Text: "to few"})
	witness.awaitLine("to few", lineMax)
	for _, c := range leavers {
		c.do(command{Do: "join", Room: room})
		c.awaitEvent("joined", lineMax)
	}
	speaker.do(command{Do: "say", Room: room, Text: "to all"})
	for _, c := range leavers {
		c.awaitLine("to all", lineMax)
		if c.heardWhileAway("to few") {
			t.Errorf("%s heard a line of a room that it had left", c.name)
		}
	}
}

// A restart leaves the ports closed for a moment; a rolling restart never does.
func TestEveryClientComesBackAfterADrain(t *testing.T) {
	for _, c := range []struct {
		name    string
		rolling bool
	}{{"restart", false}, {"rolling restart", true}} {
		t.Run(c.name, func(t *testing.T) {
			args := append(fixedPorts(t), "--drain-timeout=5s")
			if c.rolling {
				args = append(args, "--reuse-port")
			}
			old := serve(t, args...)
			clients := joinAll(t, old, libraries())
			if c.rolling {
				serve(t, args...)
				old.Terminate()
			} else {
				old.Terminate()
				endedWell(t, old)
				serve(t, args...)
			}
			for _, c := range clients {
				c.awaitEvent("asked", lineMax)
				c.awaitEvent("reconnected", returnMax)
				c.awaitEvent("joined", lineMax)
			}
			if c.rolling {
				endedWell(t, old)
			}
			talk(clients, "after the "+c.name)
		})
	}
}

// serve starts a server that lets a user say many lines.
func serve(t *testing.T, args ...string) *edgetest.Server {
	t.Helper()
	needDrivers(t)
	return edgetest.Start(t, append([]string{"--rate-limit=0"}, args...)...)
}

// endedWell waits for a drained server.
func endedWell(t *testing.T, s *edgetest.Server) {
	t.Helper()
	if code := s.Wait(t, 15*time.Second); code != 0 {
		t.Errorf("the drained server ended with exit code %d", code)
	}
}

// login is the name under which a library joins.
func login(l library) string {
	name := []byte(l.name)
	for i, b := range name {
		if b == '.' || b == '-' {
			name[i] = '_'
		}
	}
	return string(name)
}

// joinAll starts the libraries, connects them and brings them into the room. They
// end with the test.
func joinAll(t *testing.T, s *edgetest.Server, libraries []library) []*client {
	t.Helper()
	var clients []*client
	for _, l := range libraries {
		d, err := l.start()
		if err != nil {
			t.Fatal(err)
		}
		c := &client{library: l, driver: d, t: t}
		t.Cleanup(func() {
			if t.Failed() {
				t.Logf("%s: events %+v\n%s", c.name, c.seen, c.log())
			}
			c.stop()
		})
		clients = append(clients, c)
		host, port := hostPort(t, s.IRC)
		if l.webSocket {
			host, port = hostPort(t, s.HTTP)
		}
		c.do(command{Do: "connect", Host: host, Port: port, User: login(l)})
	}
	for _, c := range clients {
		c.awaitEvent("connected", connectMax)
		c.do(command{Do: "join", Room: room})
	}
	for _, c := range clients {
		c.awaitEvent("joined", connectMax)
	}
	return clients
}

// talk has every client that can speak say one line, and checks that each other
// one hears it exactly once and its speaker not at all.
func talk(clients []*client, round string) {
	for _, speaker := range clients {
		if speaker.mute {
			continue
		}
		speaker.t.Helper()
		speaker.do(command{Do: "say", Room: room, Text: line(round, speaker)})
		for _, c := range clients {
			if c != speaker {
				c.awaitLine(line(round, speaker), lineMax)
			}
		}
	}
	fence(clients, round)
	for _, speaker := range clients {
		for _, c := range clients {
			want := 1
			if speaker.mute || c == speaker && !c.twoLines {
				want = 0
			}
			if n := c.heard(room, login(speaker.library), line(round, speaker)); n != want {
				c.t.Errorf("%s heard the line of %s %d times, want %d", c.name, speaker.name, n, want)
			}
		}
	}
}

func line(round string, speaker *client) string {
	return fmt.Sprintf("%s: this is %s, ünïcode 🎺 included", round, speaker.name)
}

// fence has two clients say a last line each, so that each client has heard a line
// later than all others. A room is in order, so nothing earlier is still to come.
func fence(clients []*client, round string) {
	var speakers []*client
	for _, c := range clients {
		if !c.mute && len(speakers) < 2 {
			speakers = append(speakers, c)
		}
	}
	for i, speaker := range speakers {
		text := fmt.Sprintf("%s: fence %d", round, i)
		speaker.do(command{Do: "say", Room: room, Text: text})
		for _, c := range clients {
			if c != speaker {
				c.awaitLine(text, lineMax)
			}
		}
	}
}

// needDrivers fails the test when tools/test has not installed what it drives.
func needDrivers(t *testing.T) {
	t.Helper()
	if testing.Short() {
		t.Skip("drives other programs, for about a minute")
	}
	for _, program := range []string{"node", "irssi"} {
		if _, err := exec.LookPath(program); err != nil {
			t.Fatalf("cannot find %s; run ./tools/test", program)
		}
	}
	if _, err := os.Stat("node_modules"); err != nil {
		t.Fatalf("client libraries are not installed (%v); run ./tools/test", err)
	}
}

func hostPort(t *testing.T, addr string) (string, int) {
	t.Helper()
	host, text, err := net.SplitHostPort(addr)
	if err != nil {
		t.Fatalf("cannot read address %q: %v", addr, err)
	}
	port, err := strconv.Atoi(text)
	if err != nil {
		t.Fatalf("cannot read port %q: %v", addr, err)
	}
	return host, port
}

// fixedPorts are flags for ports that were free just now, so that a second server
// can take them over.
func fixedPorts(t *testing.T) []string {
	t.Helper()
	var flags []string
	for _, name := range []string{"irc", "http"} {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatalf("cannot find a free port: %v", err)
		}
		defer func() { _ = l.Close() }()
		flags = append(flags, fmt.Sprintf("--%s-addr=%s", name, l.Addr()))
	}
	return flags
}
