package battery

import (
	"fmt"
	"io"
	"strings"
	"testing"
	"time"
)

// bystanders are two people who keep talking while something bad happens to the
// server: the one says a line, the other must see it, again and again.
type bystanders struct {
	t      testing.TB
	stop   chan struct{}
	result chan bystanderResult
}

type bystanderResult struct {
	lines int
	worst time.Duration
	err   error
}

// startBystanders lets two people talk from an address of their own until
// wantUnaffected. The server must have the unlimited flags.
func startBystanders(t testing.TB, w world) *bystanders {
	t.Helper()
	room := "#" + fresh("bystanders")
	speaker, listener := w.dialFrom(t, "127.0.0.9"), w.dialFrom(t, "127.0.0.9")
	speaker.register(fresh("speaker"), capBot)
	listener.register(fresh("listener"), capBot)
	speaker.join(room)
	listener.join(room)
	b := &bystanders{t: t, stop: make(chan struct{}), result: make(chan bystanderResult, 1)}
	go func() { b.result <- talk(speaker, listener, room, b.stop) }()
	return b
}

func talk(speaker, listener *client, room string, stop chan struct{}) (r bystanderResult) {
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for {
		select {
		case <-stop:
			return r
		case <-tick.C:
		}
		start := time.Now()
		text := fmt.Sprintf("still here %d", r.lines)
		_ = speaker.conn.SetWriteDeadline(start.Add(patience))
		if _, err := io.WriteString(speaker.conn, "PRIVMSG "+room+" :"+text+"\r\n"); err != nil {
			r.err = fmt.Errorf("cannot speak: %w", err)
			return r
		}
		heard, err := listener.read(patience)
		if err != nil || !strings.HasSuffix(heard, " :"+text) {
			r.err = fmt.Errorf("cannot hear %q, got %q: %w", text, heard, err)
			return r
		}
		if answer, err := speaker.read(patience); err != nil || !strings.Contains(answer, "USERSTATE") {
			r.err = fmt.Errorf("cannot get the USERSTATE of %q, got %q: %w", text, answer, err)
			return r
		}
		r.lines++
		r.worst = max(r.worst, time.Since(start))
	}
}

// wantUnaffected ends the talk and requires that every line came within bound.
func (b *bystanders) wantUnaffected(bound time.Duration) {
	b.t.Helper()
	close(b.stop)
	r := <-b.result
	if r.err != nil {
		b.t.Errorf("bystanders were affected after %d lines: %v", r.lines, r.err)
	}
	if r.lines == 0 {
		b.t.Error("bystanders exchanged no line at all")
	}
	if r.worst > bound {
		b.t.Errorf("bystanders waited %v for a line, want at most %v", r.worst, bound)
	}
	b.t.Logf("bystanders exchanged %d lines, the slowest in %v", r.lines, r.worst)
}

// discard reads and forgets what the server sends to c, until the connection
// ends. The returned channel is closed then.
func discard(c *client) chan struct{} {
	done := make(chan struct{})
	_ = c.conn.SetReadDeadline(time.Time{})
	go func() {
		defer close(done)
		_, _ = io.Copy(io.Discard, c.in)
	}()
	return done
}
