package battery

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"strings"
	"testing"
	"time"
)

var slowCases = []battery{
	{name: "68-slow-reader-closed", over: both, run: slowReaderClosed, alone: true},
	{name: "68-slow-reader-gap", over: both, run: slowReaderGap, alone: true},
	{name: "26-ping-behind-backlog", over: both, run: pingBehindBacklog, alone: true},
	{name: "68-never-reads", over: tcpOnly, run: neverReads, alone: true},
	{name: "68-slow-leaves-no-orphan", over: tcpOnly, run: slowLeavesNoOrphan, alone: true},
}

// slowRoom is a room of a speaker, a member who reads and one who does not.
type slowRoom struct {
	w                   world
	name                string
	speaker, good, slow *client
	said                int // numbered lines so far
}

func newSlowRoom(t *testing.T, w world) *slowRoom {
	t.Helper()
	r := &slowRoom{w: w, name: "#" + fresh("room")}
	r.slow = w.bot(t, r.name)
	if tcp, ok := r.slow.conn.(*net.TCPConn); ok {
		_ = tcp.SetReadBuffer(4096)
	}
	r.good = w.bot(t, r.name)
	r.speaker = world{srv: w.srv, over: overTCP}.bot(t)
	return r
}

// say lets the speaker say the next n numbered lines; the good member must get
// each of them, in order.
func (r *slowRoom) say(n int) {
	r.speaker.t.Helper()
	filler := strings.Repeat("x", 480)
	var lines []string
	for i := range n {
		lines = append(lines, fmt.Sprintf("PRIVMSG %s :%06d %s", r.name, r.said+i, filler))
	}
	r.speaker.send(lines...)
	for range n {
		r.speaker.wantMsg("USERSTATE", r.name)
	}
	for range n {
		if got, want := r.good.wantMsg("PRIVMSG", r.name).text()[:6], fmt.Sprintf("%06d", r.said); got != want {
			r.good.fatalf("the reader got line %s, want %s", got, want)
		}
		r.said++
	}
}

var errHole = errors.New("a hole of which nobody told")

// readNumbers reads numbered lines up to line last or later. Each must follow its
// predecessor unless a gap was told in between.
func (c *client) readNumbers(last int) (next, gaps int, err error) {
	for told := false; next <= last; {
		line, err := c.read(patience)
		if err != nil {
			return next, gaps, err
		}
		m := parse(line)
		if m.command == "NOTICE" && m.tags["msg-id"] == "uproar_gap" {
			told = true
			gaps++
			continue
		}
		if m.command != "PRIVMSG" {
			continue // why it is about to be closed
		}
		var number int
		if _, err := fmt.Sscanf(m.text(), "%06d", &number); err != nil {
			return next, gaps, fmt.Errorf("cannot read the number of %q: %w", line, err)
		}
		if number < next || number > next && !told {
			return next, gaps, fmt.Errorf("cannot accept line %d after %d: %w", number, next-1, errHole)
		}
		next, told = number+1, false
	}
	return next, gaps, nil
}

// slowReaderClosed wants a member who reads nothing for the slow timeout to be
// closed, and nobody else to notice.
func slowReaderClosed(t *testing.T, w world) {
	w = w.own(t, unlimited("--slow-timeout=2s")...)
	people := startBystanders(t, w)
	room := newSlowRoom(t, w)
	before := w.residentBytes(t)
	for range 400 {
		room.say(50)
	}
	w.wantFlatMemory(t, before, 64<<20)
	w.wantClosed(t, 1, "slow")
	people.wantUnaffected(time1s)
	next, gaps, err := room.slow.readNumbers(room.said - 1)
	if err == nil || isTimeout(err) || errors.Is(err, errHole) {
		t.Errorf("the slow member read up to line %d of %d with %d gaps (%v), want the end of its connection", next, room.said, gaps, err)
	}
}

// slowReaderGap wants a member who sleeps and wakes within the slow timeout to be
// told that lines are missing, and to get what is said from then on.
func slowReaderGap(t *testing.T, w world) {
	w = w.own(t, unlimited("--slow-timeout=60s")...)
	people := startBystanders(t, w)
	room := newSlowRoom(t, w)
	before := w.residentBytes(t)
	for range 400 {
		room.say(50)
	}
	w.wantFlatMemory(t, before, 64<<20)

	type outcome struct {
		next, gaps int
		err        error
	}
	woke := make(chan outcome, 1)
	go func(last int) {
		next, gaps, err := room.slow.readNumbers(last)
		woke <- outcome{next, gaps, err}
	}(room.said)
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	for end := time.Now().Add(2 * patience); ; {
		select {
		case got := <-woke:
			if got.err != nil || got.gaps == 0 {
				t.Errorf("the member who woke read up to line %d of %d with %d gaps (%v), want to be told of a gap and to go on", got.next, room.said, got.gaps, got.err)
			}
			people.wantUnaffected(time1s)
			return
		case <-tick.C:
			room.say(1)
			if time.Now().After(end) {
				t.Fatal("the member who woke hears nothing new")
			}
		}
	}
}

// pingBehindBacklog wants a member who is behind, for a moment and by one large
// batch, to get its PONG and to live.
func pingBehindBacklog(t *testing.T, w world) {
	w = w.own(t, unlimited("--slow-timeout=60s")...)
	speaker := world{srv: w.srv, over: overTCP}.bot(t)
	for range 20 {
		room := "#" + fresh("room")
		member := w.bot(t, room)
		lines := make([]string, 1000)
		for i := range lines {
			lines[i] = fmt.Sprintf("PRIVMSG %s :%06d %s", room, i, strings.Repeat("x", 480))
		}
		speaker.send(lines...)
		for range lines {
			speaker.wantMsg("USERSTATE", room)
		}
		sent := time.Now()
		member.send("PING behind")
		for answered := false; !answered; {
			line, err := member.read(patience)
			if err != nil {
				t.Fatalf("cannot read the PONG of a member who is behind: %v; closed as slow: %v", err, w.closed(t, "slow"))
			}
			answered = parse(line).command == "PONG"
		}
		if waited := time.Since(sent); waited > 2*time.Second {
			t.Errorf("the PONG came after %v, want at most 2 s", waited)
		}
	}
}

// deaf connects a client that sends commands and never reads an answer. It
// returns when the server has had enough: writing fails, or stalls.
func (w world) deaf(t *testing.T) *client {
	t.Helper()
	c := w.dial(t)
	_ = c.conn.(*net.TCPConn).SetReadBuffer(4096)
	c.register(fresh("deaf"), capBot)
	pings := strings.Repeat("PING :"+strings.Repeat("p", 1000)+"\r\n", 100)
	for sent := 0; sent < 64<<20; sent += len(pings) {
		_ = c.conn.SetWriteDeadline(time.Now().Add(200 * time.Millisecond))
		if _, err := io.WriteString(c.conn, pings); err != nil {
			return c
		}
	}
	t.Fatal("the server took 64 MiB of PING from a client that reads no PONG")
	return nil
}

// neverReads wants clients that never read their answers to be closed as slow.
func neverReads(t *testing.T, w world) {
	w = w.own(t, unlimited("--slow-timeout=1s")...)
	people := startBystanders(t, w)
	before := w.residentBytes(t)
	const clients = 50
	for range clients {
		w.deaf(t)
	}
	w.wantClosed(t, clients, "slow")
	w.wantFlatMemory(t, before, 64<<20)
	people.wantUnaffected(time1s)
}

// slowLeavesNoOrphan wants a slow client's close to free what the kernel holds for
// it. A plain close(2) would leave the unread bytes in an orphaned socket in state
// FIN-WAIT-1 for minutes, out of the reach of every bound of the server.
func slowLeavesNoOrphan(t *testing.T, w world) {
	w = w.own(t, unlimited("--slow-timeout=1s")...)
	const listeners, talkers = 2, 20
	for range listeners {
		room := newSlowRoom(t, w)
		for range 40 {
			room.say(50)
		}
	}
	for range talkers {
		w.deaf(t)
	}
	w.wantClosed(t, listeners+talkers, "slow")
	var left int
	if !eventually(patience, func() bool { left = w.orphans(t); return left == 0 }) {
		t.Errorf("the kernel still holds unsent bytes of %d closed connections", left)
	}
}

// orphans counts the server's TCP sockets in FIN-WAIT-1 that have unsent bytes.
func (w world) orphans(t *testing.T) int {
	t.Helper()
	table, err := os.Open("/proc/net/tcp")
	if err != nil {
		t.Fatalf("cannot read the kernel's sockets: %v", err)
	}
	defer table.Close()
	_, port, _ := net.SplitHostPort(w.srv.IRC)
	var want, n int
	_, _ = fmt.Sscan(port, &want)
	lines := bufio.NewScanner(table)
	for lines.Scan() {
		var slot, local, remote, state, queues string
		if _, err := fmt.Sscan(lines.Text(), &slot, &local, &remote, &state, &queues); err != nil {
			continue
		}
		_, hexPort, _ := strings.Cut(local, ":")
		var got int
		_, _ = fmt.Sscanf(hexPort, "%x", &got)
		if got == want && state == "04" && !strings.HasPrefix(queues, "00000000:") {
			n++
		}
	}
	return n
}
