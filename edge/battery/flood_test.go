package battery

import (
	"bytes"
	"fmt"
	"io"
	"net"
	"strings"
	"testing"
	"time"
)

var floodCases = []battery{
	{name: "67-flood-pings", over: wsOnly, run: floodPings, alone: true},
	{name: "67-flood-requests", over: wsOnly, run: floodRequests, alone: true},
	{name: "67-reply-flood", over: tcpOnly, run: replyFlood, alone: true},
	{name: "67-names-flood", over: tcpOnly, run: namesFlood, alone: true},
}

// floodPings wants frames that hold no line to count as lines do: whoever sends them
// without end is told why and closed.
func floodPings(t *testing.T, w world) {
	w = w.own(t, unlimited("--flood-limit=3000/10s")...)
	people := startBystanders(t, w)
	for i, tc := range []struct {
		name string
		of   frame
	}{
		{"ping", ping("p")},
		{"pong", pong("p")},
		{"empty", text("")},
		{"fragment", part(opContinuation, "")},
	} {
		c := w.dialFrames(t)
		if tc.of.opcode == opContinuation {
			c.send(part(opText, ""))
		}
		ended := lastFrame(c)
		writeUntil(t, c.conn, bytes.Repeat(tc.of.encode(), 100), ended)
		if last := <-ended; !hasClosed(last) || last.closeCode() != 1008 {
			t.Errorf("a flood of %s frames ended with %v, want Close with code 1008", tc.name, last)
		}
		_ = c.conn.Close()
		w.wantClosed(t, float64(i+1), "flood")
	}
	people.wantUnaffected(time1s)
}

// lastFrame reads to the end of the connection, and then gives the last whole frame.
func lastFrame(c *frameConn) chan frame {
	ended := make(chan frame, 1)
	go func() {
		var last frame
		for {
			f, err := c.read()
			if err != nil {
				break
			}
			last = f
		}
		ended <- last
	}()
	return ended
}

// writeUntil writes piece again and again until something is in ended, and leaves it
// there.
func writeUntil[T any](t *testing.T, conn net.Conn, piece []byte, ended chan T) {
	t.Helper()
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	for limit := time.Now().Add(2 * patience); len(ended) == 0; <-tick.C {
		_ = conn.SetWriteDeadline(time.Now().Add(time.Second))
		_, _ = conn.Write(piece) // fails once the server closes
		if time.Now().After(limit) {
			t.Fatal("a flood of 10,000 pieces a second went on for 10 s")
		}
	}
}

// floodRequests wants HTTP requests without end on one connection to be refused.
func floodRequests(t *testing.T, w world) {
	w = w.own(t, unlimited("--flood-limit=3000/10s")...)
	people := startBystanders(t, w)
	conn, err := net.DialTimeout("tcp", w.srv.HTTP, patience)
	if err != nil {
		t.Fatalf("cannot connect to %s: %v", w.srv.HTTP, err)
	}
	defer conn.Close()
	ended := make(chan string, 1)
	go func() {
		tail := make([]byte, 0, 128<<10)
		buf := make([]byte, 64<<10)
		for {
			n, err := conn.Read(buf)
			tail = append(tail, buf[:n]...)
			tail = append(tail[:0], tail[max(0, len(tail)-1024):]...)
			if err != nil {
				ended <- string(tail)
				return
			}
		}
	}()
	writeUntil(t, conn, bytes.Repeat([]byte("GET /no/such HTTP/1.1\r\nHost: a\r\n\r\n"), 100), ended)
	if tail := <-ended; !strings.Contains(tail, "HTTP/1.1 429 ") {
		t.Errorf("a flood of requests ended with %q, want status 429", tail)
	}
	_ = conn.Close()
	w.wantClosed(t, 1, "flood")
	people.wantUnaffected(time1s)
}

// unread logs a client in that reads nothing from then on.
func (w world) unread(t *testing.T, nick, caps string) *client {
	t.Helper()
	c := w.dial(t)
	_ = c.conn.(*net.TCPConn).SetReadBuffer(4096)
	c.register(nick, caps)
	return c
}

// replyFlood wants lines that ask for far more than they are to cost the server no
// more than a bound, with many who ask at once and read nothing. No limit on lines
// helps it: the bound on replies alone must do.
func replyFlood(t *testing.T, w world) {
	w = w.own(t, unlimited("--slow-timeout=60s")...)
	people := startBystanders(t, w)
	before := w.residentBytes(t)
	const rounds, clients = 10, 50
	flood := strings.Repeat("JOIN "+strings.Repeat("#a,", (4096-len("JOIN "))/3)+"\r\n", 16)
	for round := range rounds { // others come after them
		var all []*client
		for i := range clients {
			all = append(all, w.unread(t, fmt.Sprintf("justinfan67%d", i), capBot))
		}
		for _, c := range all {
			_ = c.conn.SetWriteDeadline(time.Now().Add(time.Second))
			_, _ = io.WriteString(c.conn, flood) // fails where the server has had enough
		}
		w.wantClosed(t, float64((round+1)*clients), "slow")
	}
	w.wantFlatMemory(t, before, 64<<20)
	people.wantUnaffected(time1s)
}

// namesFlood wants the costliest reply of all, the names of a full room, to stay
// within the same bound, and others on the same loop to be served meanwhile.
func namesFlood(t *testing.T, w world) {
	w = w.own(t, unlimited("--loops=1", "--slow-timeout=60s")...)
	room := "#" + fresh("room")
	const named = 500
	for range named {
		c := w.login(t, fresh("a_name_of_many_bytes"), "")
		c.send("JOIN " + room)
		c.wantMsg("JOIN", room) // the rest waits unread
	}
	other := w.login(t, fresh("other"), "")
	before := w.residentBytes(t)
	var worst time.Duration
	cycles := strings.Repeat("JOIN "+room+"\r\nPART "+room+"\r\n", 2000)
	const flooders = 8
	for i := range flooders {
		c := w.unread(t, fmt.Sprintf("justinfan67%d", i), "twitch.tv/membership")
		_ = c.conn.SetWriteDeadline(time.Now().Add(200 * time.Millisecond))
		_, _ = io.WriteString(c.conn, cycles) // fails where the server has had enough
		sent := time.Now()
		other.wantNothing()
		worst = max(worst, time.Since(sent))
	}
	w.wantClosed(t, flooders, "slow")
	w.wantFlatMemory(t, before, 64<<20)
	if worst > time1s {
		t.Errorf("another client waited %v for its PONG, want at most %v", worst, time1s)
	}
	t.Logf("the slowest PONG came after %v", worst)
}
