package fleet

import (
	"regexp"
	"strings"
	"testing"
	"time"

	"uproar/edge/edgetest"
)

// until reads up to the line that holds text, and returns what it has read.
func (c *client) until(text string) (all []string) {
	c.t.Helper()
	_ = c.conn.SetReadDeadline(time.Now().Add(2 * patience))
	for {
		line, err := c.in.ReadString('\n')
		if err != nil {
			c.t.Fatalf("%s waits for %q: %v", c.nick, text, err)
		}
		if all = append(all, line); strings.Contains(line, text) {
			return all
		}
	}
}

// TestWhoReadAtHomeWhileRedisWasAwayMissesNothingElsewhereInSilence: the order of the
// stream is not that in which he read.
func TestWhoReadAtHomeWhileRedisWasAwayMissesNothingElsewhereInSilence(t *testing.T) {
	fleet := edgetest.StartFleet(t, edgetest.Shape{Edges: 2, Args: edgetest.Unlimited})
	here, there := fleet.Edges[0], fleet.Edges[1]
	ann, bob := join(t, here.IRC, "ann", "room"), join(t, here.IRC, "bob", "room")
	yan, wim := join(t, there.IRC, "yan", "room"), join(t, there.IRC, "wim", "room")
	fleet.Redis.Stop()
	yan.send("PRIVMSG #room :said there")
	wim.until("said there")
	ann.send("PRIVMSG #room :said here")
	read := bob.until("said here")
	id := regexp.MustCompile(`;id=([^;]*)`).FindStringSubmatch(read[len(read)-1])
	if id == nil {
		t.Fatalf("%q has no id", read)
	}
	for _, line := range read {
		if strings.Contains(line, "said there") {
			t.Fatal("Redis is not away")
		}
	}
	bob.conn.Close()
	fleet.Redis.Continue()
	wim.until("said here")
	for began := time.Now(); metric(t, here, "uproar_exchange_backlog_lines")+metric(t, there, "uproar_exchange_backlog_lines") > 0; {
		if time.Since(began) > patience {
			t.Fatal("the lines are not published")
		}
		time.Sleep(10 * time.Millisecond)
	}
	yan.send("PRIVMSG #room :now")
	wim.until(":now")
	bob = join(t, there.IRC, "bob", "other")
	bob.send("CAP REQ :uproar/resume")
	bob.send("@uproar/resume=" + id[1] + " JOIN #room")
	read = bob.until(":now")
	for _, line := range read {
		if strings.Contains(line, "said there") || strings.Contains(line, "msg-id=uproar_gap") {
			return
		}
	}
	t.Errorf("behind %s:\n%s", id[1], strings.Join(read, ""))
}
