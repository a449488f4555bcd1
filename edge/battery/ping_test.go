package battery

import (
	"fmt"
	"strings"
	"sync/atomic"
	"testing"
	"time"
)

var pingCases = []battery{
	{name: "22-ping-bare", over: both, run: pingAnswers("PING", "PONG :tmi.twitch.tv")},
	{name: "23-ping-word", over: both, run: pingAnswers("PING asd", ":tmi.twitch.tv PONG tmi.twitch.tv :asd")},
	{name: "24-ping-spaces", over: both, run: pingAnswers("PING :asd def", ":tmi.twitch.tv PONG tmi.twitch.tv :asd def")},
	{name: "25-ping-two-params", over: both, run: pingAnswers("PING asd def", ":tmi.twitch.tv PONG tmi.twitch.tv :asd")},
	{name: "26-ping-under-load", over: both, run: pingUnderLoad, alone: true},
	{name: "27-srv-ping", over: both, run: serverPing},
}

// pingAnswers is a case that wants pong for ping, before registration and after.
func pingAnswers(ping, pong string) func(*testing.T, world) {
	return func(t *testing.T, w world) {
		c := w.dial(t)
		c.send(ping)
		c.want(pong)
		c.register(fresh("bob"), "")
		c.send(ping)
		c.want(pong)
		c.wantNothing()
	}
}

// pingUnderLoad lets four people shout 10,000 lines a second at one reader, who
// must still get each PONG within 2 s.
func pingUnderLoad(t *testing.T, w world) {
	w = w.own(t, unlimited()...)
	room := "#" + fresh("loud")
	victim := w.bot(t, room)
	stop := make(chan struct{})
	defer close(stop)
	for n := range 4 {
		shouter := world{srv: w.srv, over: overTCP}.login(t, fresh("shouter"), "")
		discard(shouter)
		go shout(shouter, room, n, stop)
	}

	var heard atomic.Int64
	for n := range 10 {
		token := fmt.Sprintf("load%d", n)
		sent := time.Now()
		victim.send("PING " + token)
		for answered := false; !answered || time.Since(sent) < 300*time.Millisecond; {
			switch m := parse(victim.next()); m.command {
			case "PONG":
				if m.text() != token {
					t.Fatalf("got %q, want the PONG of %s", m.raw, token)
				}
				if waited := time.Since(sent); waited > 2*time.Second {
					t.Errorf("PONG of %s came after %v, want at most 2 s", token, waited)
				}
				answered = true
			case "PRIVMSG":
				heard.Add(1)
			}
		}
	}
	if heard.Load() < 3000 {
		t.Errorf("the reader heard only %d lines: no load", heard.Load())
	}
	t.Logf("the reader heard %d lines meanwhile", heard.Load())
}

// shout sends 25 lines each 10 ms until stop.
func shout(c *client, room string, who int, stop chan struct{}) {
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	for n := 0; ; n++ {
		select {
		case <-stop:
			return
		case <-tick.C:
		}
		var lines strings.Builder
		for i := range 25 {
			fmt.Fprintf(&lines, "PRIVMSG %s :shout %d %d %d\r\n", room, who, n, i)
		}
		_ = c.conn.SetWriteDeadline(time.Now().Add(patience))
		if _, err := c.conn.Write([]byte(lines.String())); err != nil {
			return // the test has ended, or it finds the server gone by itself
		}
	}
}

func serverPing(t *testing.T, w world) {
	w = w.own(t, "--ping-interval=1s", "--ping-timeout=2s")
	c := w.login(t, fresh("bob"), "")
	for _, pong := range []string{"PONG", "PONG tmi.twitch.tv", "PONG :tmi.twitch.tv"} {
		c.want("PING :tmi.twitch.tv")
		c.send(pong)
	}
	for { // say nothing more
		line, err := c.read(3 * patience)
		if isTimeout(err) {
			t.Fatalf("a silent client is still connected after %v", 3*patience)
		}
		if err != nil {
			break
		}
		if line != "PING :tmi.twitch.tv" && !strings.HasPrefix(line, "ERROR :") {
			t.Fatalf("got %q, want PING or the end", line)
		}
	}
	w.wantClosed(t, 1, "ping_timeout")

	t.Run("before-join-and-after-traffic", func(t *testing.T) {
		// Any line is a sign of life: a client that talks but never answers stays.
		c := w.login(t, fresh("bob"), "")
		for pings, start := 0, time.Now(); pings < 5 && time.Since(start) < 6*time.Second; {
			switch line := c.next(); line {
			case "PING :tmi.twitch.tv":
				pings++
				c.send("USER still here 0 :not a pong")
			default:
				t.Fatalf("got %q, want only PING", line)
			}
		}
		c.wantNothing()
	})
}
