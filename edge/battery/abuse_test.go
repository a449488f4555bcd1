package battery

import (
	"fmt"
	"net"
	"strings"
	"testing"
	"time"
)

var abuseCases = []battery{
	{name: "67-flood", over: both, run: flood, alone: true},
	{name: "68-one-nick-many-connections", over: both, run: oneNickManyConnections},
	{name: "67-connection-flood", over: tcpOnly, run: connectionFlood, alone: true},
}

// time1s bounds what a bystander may wait on a busy machine.
const time1s = time.Second

func flood(t *testing.T, w world) {
	w = w.own(t, "--flood-limit=3000/10s", "--rate-limit=1000000/30s", "--rate-limit-mod=1000000/30s")
	people := startBystanders(t, w)
	before := w.residentBytes(t)
	rounds := 0
	for start := time.Now(); time.Since(start) < 2*time.Second || rounds < 3; rounds++ { // it comes back
		w.floodUntilClosed(t)
	}
	w.wantClosed(t, float64(rounds), "flood")
	w.wantFlatMemory(t, before, 64<<20)
	people.wantUnaffected(time1s)
}

// floodUntilClosed sends 10,000 lines a second until the server has enough.
func (w world) floodUntilClosed(t *testing.T) {
	t.Helper()
	room := "#" + fresh("room")
	c := w.login(t, fresh("flooder"), "")
	defer c.conn.Close()
	ended := discard(c)
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	limit := time.After(2 * patience)
	for n := 0; ; n++ {
		var lines strings.Builder
		for i := range 100 {
			fmt.Fprintf(&lines, "PRIVMSG %s :flood %d %d\r\n", room, n, i)
		}
		_ = c.conn.SetWriteDeadline(time.Now().Add(time.Second))
		_, _ = c.conn.Write([]byte(lines.String())) // fails once the server closes or stops reading
		select {
		case <-ended:
			return
		case <-limit:
			t.Fatal("a flood of 10,000 lines a second went on for 10 s")
		case <-tick.C:
		}
	}
}

func oneNickManyConnections(t *testing.T, w world) {
	w = w.own(t, unlimited()...)
	room, nick := "#"+fresh("room"), fresh("many")
	var all []*client
	for range 50 {
		c := w.login(t, nick, capBot)
		c.join(room)
		all = append(all, c)
	}
	all[0].say(room, "from the first")
	for _, c := range all[1:] {
		c.wantLine(room, nick, "from the first")
	}
	for _, c := range all {
		c.wantNothing()
	}
}

// connectionFlood opens far more connections than one address may have. The
// excess is refused in a way that a client can read, and counted; who is in
// stays, and other addresses come and go as before.
func connectionFlood(t *testing.T, w world) {
	w = w.own(t, unlimited("--max-conns-per-ip=20")...)
	people := startBystanders(t, w)
	room := "#" + fresh("room")
	var in []*client
	for range 20 {
		c := w.dial(t)
		c.register(fresh("in"), capBot)
		in = append(in, c)
	}
	in[0].join(room)
	const excess = 1000
	polite := 0
	for range excess {
		conn, err := net.DialTimeout("tcp", w.srv.IRC, patience)
		if err != nil {
			t.Fatalf("cannot connect, want to be accepted and refused: %v", err)
		}
		_ = conn.SetReadDeadline(time.Now().Add(patience))
		var said strings.Builder
		buf := make([]byte, 512)
		for n := 0; err == nil; n, err = conn.Read(buf) {
			said.Write(buf[:n])
		}
		if isTimeout(err) {
			t.Fatal("the 21st connection of an address is still open")
		}
		if strings.HasPrefix(said.String(), "ERROR :") && strings.HasSuffix(said.String(), "\r\n") {
			polite++
		} else if said.Len() > 0 {
			t.Fatalf("a refused connection was told %q, want one ERROR line", said.String())
		}
		conn.Close()
	}
	if polite < excess*9/10 {
		t.Errorf("only %d of %d refused connections were told why", polite, excess)
	}
	w.wantClosed(t, excess, "refused_address")
	if status := w.refusedStatus(t); status != 503 && status != 429 {
		t.Errorf("the HTTP port answered the 21st connection with %d, want 503 or 429", status)
	}

	other := w.dialFrom(t, "127.0.0.2")
	other.register(fresh("other"), capBot)
	other.say(room, "we live on")
	in[0].wantLine(room, other.nick, "we live on")
	in[1].conn.Close() // a place is free again
	if !eventually(patience, func() bool {
		conn, err := net.Dial("tcp", w.srv.IRC)
		if err != nil {
			return false
		}
		defer conn.Close()
		_ = conn.SetDeadline(time.Now().Add(patience))
		_, _ = conn.Write([]byte("PING\r\n"))
		answer := make([]byte, 4)
		_, _ = conn.Read(answer)
		return string(answer) == "PONG"
	}) {
		t.Error("no place is free after a client has left")
	}
	people.wantUnaffected(time1s)
}
